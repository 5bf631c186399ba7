"""Fixtures of the economy's tests."""

from collections.abc import Iterator

import pytest

from economy.audit import reconcile
from tests.economy.bank import ADA, NOOR, claim, correct, transfer


@pytest.fixture
def sound_ledger() -> Iterator[None]:
    """Reconcile the whole ledger when the test is over."""
    yield
    assert reconcile().findings == []


@pytest.fixture
def bank() -> None:
    """Do one of each: claims, a transfer, a correction."""
    claim(ADA)
    claim(NOOR)
    transfer(ADA, NOOR, 10)
    correct(NOOR, -20)
