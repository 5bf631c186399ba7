"""The full reconciliation of the ledger: entries, balances, claims, what is kept of them, events.

It reads everything, so it is for `check_ledger` and cron. The dashboard's proof, a part at a time,
is `economy.audit.live`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from economy.audit import claims, log, money, picked, totals
from economy.audit.scope import EVERYTHING, Finding, Rule
from economy.audit.sql import one_moment
from economy.models import Account, Claim, Entry, Transaction

RULES: tuple[Rule, ...] = (
    *money.RULES,
    *claims.RULES,
    *totals.RULES,
    *picked.RULES,
    *log.RULES,
)


class Report(NamedTuple):
    """What a reconciliation looked at, in rows, and what it found."""

    checked: dict[str, int]
    findings: list[Finding]


def reconcile(rules: Sequence[Rule] = RULES) -> Report:
    """Check every row of the ledger at one moment, without keeping anybody from writing.

    `rules` may be fewer than all.
    """
    with one_moment():
        checked = {
            "accounts": Account.objects.count(),
            "transactions": Transaction.objects.count(),
            "entries": Entry.objects.count(),
            "claims": Claim.objects.count(),
        }
        return Report(checked, [finding for rule in rules for finding in rule(EVERYTHING)])
