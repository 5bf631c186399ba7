"""Tables as CSV: nothing in them is executed, nothing in them is lost."""

import csv
import io
from datetime import UTC, date, datetime

import pytest
from django.test import RequestFactory

from dashboard.csv_export import BYTE_ORDER_MARK, cell, csv_response, lines

DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "\u00a0=1"]


@pytest.mark.parametrize("text", DANGEROUS)
def test_text_that_begins_as_a_formula_does_becomes_text(text):
    assert cell(text)[0] == "'"
    assert cell(text).replace("'", "") == text


@pytest.mark.parametrize("text", ["a;=1+1", "a;  @SUM(A1)", "a\n=1+1", "a\t-1", "a\r\n+1"])
def test_a_spreadsheet_that_divides_elsewhere_finds_no_formula_either(text):
    for separator in ";\t\r\n":
        assert not [part for part in cell(text).split(separator) if part.strip()[:1] in {*"=+-@"}]


QUOTED = ['x;"=1+1;y', 'x;"" =1+1', 'x; "@SUM(A1)"', '"=1+1', 'x\t"-1', 'x\n"\t"+1', 'x;"\u00a0=1"']


@pytest.mark.parametrize("text", QUOTED)
@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_a_formula_behind_a_quote_is_none_to_a_spreadsheet_that_divides_elsewhere(text, separator):
    written = lines([["ada", text, 7]])
    read = csv.reader(io.StringIO(written, newline=""), delimiter=separator)
    cells = [found.strip('" \t\r\n\u00a0') for row in read for found in row]
    assert not [found for found in cells if found[:1] in {*"=+-@"}]


@pytest.mark.parametrize(
    "text", ["", "ada", "'", "a=b", "3-1", "me@example.org", "Ω≈ç 🎉", '"', ","]
)
def test_harmless_text_stays_as_it_is(text):
    assert cell(text) == text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (-110, "-110"),
        (2**63 - 1, "9223372036854775807"),
        (-0.5, "-0.5"),
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (date(2026, 1, 8), "2026-01-08"),
        (datetime(2026, 1, 8, 12, 6, 41, 123456, UTC), "2026-01-08T12:06:41.123Z"),
    ],
)
def test_what_is_ours_is_written_exactly(value, shown):
    assert cell(value) == shown


def test_separators_and_quotes_in_text_do_not_divide_it():
    row = ['say "hi", then; go', "two\nlines", -5]
    assert list(csv.reader(io.StringIO(lines([row]), newline=""))) == [[*row[:2], "-5"]]


@pytest.mark.django_db
def test_a_batch_is_read_when_the_reader_is_there():
    read = []

    def batches():
        for number in range(3):
            read.append(number)
            yield [[number, "=x"]]

    request = RequestFactory().get("/")
    response = csv_response(request, name="things", header=["number", "text"], batches=batches())
    assert read == []
    parts = iter(response)
    assert next(parts).decode() == BYTE_ORDER_MARK + "number,text\r\n"
    assert next(parts).decode() == "0,'=x\r\n"
    assert read == [0]
    assert response["Content-Disposition"] == 'attachment; filename="things.csv"'
    assert response["Content-Type"] == "text/csv; charset=utf-8"
