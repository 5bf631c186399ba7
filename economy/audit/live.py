"""The live proof: what the dashboard proves of the ledger every few seconds, at a bounded cost.

Each look checks the newest transactions, with their accounts, claims and events, and a slice of all
accounts and transactions: by turns, look after look, everything but what only `check_ledger`
proves, the events of older transactions and the tallies.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.utils import timezone

from dashboard.models import Event
from dashboard.queries import position
from economy.audit import claims, log, money, totals
from economy.audit.scope import Finding, Rule, Scope
from economy.audit.sql import one_moment
from economy.models import Account, Entry, Transaction

NEWEST = 100
SLICE = 500
"""Rows of the walk that a look checks, accounts and transactions together."""
EVENTS = 600
"""So many of the ledger's newest events surely tell of the `NEWEST` transactions.

Those of one could only be older if more than 500 others were under way together with it.
"""
FINDINGS_MAX = 10
RULES: tuple[Rule, ...] = (*money.RULES, *claims.RULES, log.told)


class Round(NamedTuple):
    """How many rows a walk through everything has checked."""

    accounts: int = 0
    transactions: int = 0


class Ended(NamedTuple):
    """A round that came to its end: it checked all that there was when it began."""

    checked: Round
    at: datetime


class Proof(NamedTuple):
    """What is wrong, normally nothing, and how far it was looked for; `ended` is the last round."""

    findings: list[Finding]
    under_way: Round
    ended: Ended | None

    @property
    def word(self) -> str:
        """Whether the ledger is proved: `balanced`, `balanced so far`, or `not balanced`."""
        if self.findings:
            return "not balanced"
        return "balanced" if self.ended else "balanced so far"


class _Walk(NamedTuple):
    """Where the walk through the ledger of an `epoch` is, and the scopes in which it met wrong.

    A round ends at transaction `until`, which was the newest when it began.
    """

    epoch: str = ""
    last_account: int = 0
    last_transaction: int = 0
    until: int = 0
    under_way: Round = Round()
    ended: Ended | None = None
    wrong: tuple[Scope, ...] = ()


class LiveProof:
    """Proves the ledger a look at a time; how far it came is known to this process only.

    What was wrong is checked again at each look, until it is right. Threads may look at once: then
    they check the same slice.
    """

    def __init__(self) -> None:
        self._walk = _Walk()

    def look(self) -> Proof:
        """Check what is newest, the next slice, and what was wrong before."""
        with one_moment():
            walk, at = self._walk, position()
            if walk.epoch != at.epoch:  # another database than before, or a restored copy
                walk = _Walk(at.epoch)
            walk, scope = _step(walk, at.head)
            found = list(totals.guards())
            wrong = []
            for each in (*walk.wrong, scope):
                here = _check(each)
                if _names(here) - _names(found):
                    wrong.append(each)
                    found += here
        self._walk = walk._replace(wrong=tuple(wrong[:FINDINGS_MAX]))
        return Proof(list(dict.fromkeys(found))[:FINDINGS_MAX], walk.under_way, walk.ended)


def _step(walk: _Walk, head: int) -> tuple[_Walk, Scope]:
    """Return the walk after its next slice, and the scope of that slice and of what is newest."""
    newest = list(Transaction.objects.order_by("-id").values_list("id", flat=True)[:NEWEST])
    until = walk.until or max(newest, default=0)
    accounts = _ids(Account.objects.filter(id__gt=walk.last_account), SLICE)
    room = SLICE - len(accounts)
    transactions = _ids(
        Transaction.objects.filter(id__gt=walk.last_transaction, id__lte=until), room
    )
    touched = Entry.objects.filter(transaction_id__in=newest).values_list("account_id", flat=True)
    scope = Scope(
        accounts=sorted({*touched, *accounts}),
        transactions=sorted({*newest, *transactions}),
        told=newest,
        first_seq=_first_event(),
        last_seq=head,
    )
    checked = Round(
        walk.under_way.accounts + len(accounts), walk.under_way.transactions + len(transactions)
    )
    if len(transactions) < room:
        ended = Ended(checked, timezone.now())
        return _Walk(walk.epoch, ended=ended, wrong=walk.wrong), scope
    return walk._replace(
        last_account=accounts[-1] if accounts else walk.last_account,
        last_transaction=transactions[-1] if transactions else walk.last_transaction,
        until=until,
        under_way=checked,
    ), scope


def _ids(rows: QuerySet[Any], limit: int) -> Sequence[int]:
    return list(rows.order_by("id").values_list("id", flat=True)[:limit])


def _first_event() -> int:
    """Return the seq of the first of the ledger's `EVENTS` newest events, 0 with fewer."""
    seqs = sorted(
        seq
        for kind in log.EVENT_KINDS.values()
        for seq in Event.objects.filter(kind=kind)
        .order_by("-seq")
        .values_list("seq", flat=True)[:EVENTS]
    )
    return seqs[-EVENTS] if len(seqs) >= EVENTS else 0


def _check(scope: Scope) -> list[Finding]:
    return [finding for rule in RULES for finding in rule(scope)]


def _names(findings: Sequence[Finding]) -> set[tuple[str, str, str]]:
    return {finding[:3] for finding in findings}
