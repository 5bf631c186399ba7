"""What a rule of the reconciliation is given, the rows to look at, and what it gives: findings."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from economy.models import BALANCE_MAX


class Finding(NamedTuple):
    """One row that breaks a rule: `table` and `row` name it, `detail` says how, for people."""

    rule: str
    table: str
    row: str
    detail: str


class Scope(NamedTuple):
    """The accounts and transactions that a rule looks at, by id; None stands for all.

    `told` are the transactions that events must tell of; these are looked for among the events
    from `first_seq` to `last_seq`, which must be all that can tell of them.
    """

    accounts: Sequence[int] | None = None
    transactions: Sequence[int] | None = None
    told: Sequence[int] | None = None
    first_seq: int = 0
    last_seq: int = BALANCE_MAX


EVERYTHING = Scope()

Rule = Callable[[Scope], Iterator[Finding]]
"""Names every row of a scope that breaks it, at a cost that follows the scope."""
