"""Fixtures of the economy's tests."""

from collections.abc import Iterator

import pytest

from economy.audit import reconcile


@pytest.fixture
def sound_ledger() -> Iterator[None]:
    """Reconcile the whole ledger when the test is over."""
    yield
    assert reconcile().findings == []
