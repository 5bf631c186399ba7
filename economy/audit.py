"""The full reconciliation of the ledger: entries, balances, claims, tallies, events, guards.

It reads everything, so it is for `check_ledger` and cron. What the dashboard shows live is
`economy.queries.recent_findings`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from django.db import connection, transaction

from economy.audit_rules import RULES, Finding, Rule
from economy.models import Account, Claim, Entry, Transaction


class Report(NamedTuple):
    """What a reconciliation looked at, in rows, and what it found."""

    checked: dict[str, int]
    findings: list[Finding]


def reconcile(rules: Sequence[Rule] = RULES) -> Report:
    """Check every row of the ledger at one moment, without keeping anybody from writing.

    `rules` may be fewer than all.
    """
    with _one_moment():
        checked = {
            "accounts": Account.objects.count(),
            "transactions": Transaction.objects.count(),
            "entries": Entry.objects.count(),
            "claims": Claim.objects.count(),
        }
        return Report(checked, [finding for rule in rules for finding in rule()])


@contextmanager
def _one_moment() -> Iterator[None]:
    """Let all queries inside see the database as it was at the first one."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "sqlite":
        # Not `atomic`: that would begin IMMEDIATE here, and keep writers out.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
    else:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
