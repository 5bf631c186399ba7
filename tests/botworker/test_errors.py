"""The fingerprint of an error."""

from botworker.errors import fingerprint


def divide(by, text=""):
    try:
        return 1 / by if by is not None else {}[text]
    except ArithmeticError as error:
        return error
    except LookupError as error:
        return error


def divide_elsewhere():
    try:
        return 1 / 0
    except ArithmeticError as error:
        return error


def test_the_same_fault_has_the_same_fingerprint_whatever_its_text():
    assert fingerprint(divide(None, "one")) == fingerprint(divide(None, "other"))


def test_another_type_has_another_fingerprint():
    assert fingerprint(divide(0))[0] != fingerprint(divide(None))[0]


def test_another_place_has_another_fingerprint():
    assert fingerprint(divide(0))[0] != fingerprint(divide_elsewhere())[0]


def test_a_fingerprint_names_the_place():
    assert fingerprint(divide(0))[1] == "tests.botworker.test_errors.divide"


def test_an_error_that_was_never_raised_has_one_too():
    assert len(fingerprint(ValueError("text"))[0]) == 12
