"""Rules of the log: each transaction is told by one event, and no event tells of another."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from django.db import connection

from dashboard.models import Event, Pruned
from economy.audit.scope import Finding, Rule, Scope
from economy.audit.sql import rows, within
from economy.models import BALANCE_MAX, SYSTEM_ID_MAX, Kind

EVENT_KINDS = {
    Kind.DAILY_CLAIM: "economy.daily_claimed",
    Kind.TRANSFER: "economy.transferred",
    Kind.CORRECTION: "economy.balance_corrected",
}
# An event may be stamped this much later than its transaction, which waited for locks meanwhile.
_EVENT_LAG = timedelta(minutes=1)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

_SAID = ("sender", "receiver", "member", "balance", "streak", "weeklyBonus", "author", "reason")

# The id is cast for SQLite: what has no type of its own it joins without an index.
_TOLD = """
    WITH told AS MATERIALIZED (
        SELECT CAST(COALESCE(data ->> 'transaction', '') AS text) AS id, COUNT(*) AS times,
            MIN(seq) AS seq
        FROM dashboard_event
        WHERE kind IN ('economy.daily_claimed', 'economy.transferred', 'economy.balance_corrected')
            AND seq BETWEEN %s AND %s
        GROUP BY CAST(COALESCE(data ->> 'transaction', '') AS text)
    )"""

# What an event says beside the amount, as the ledger knows it; of a claim and of a correction the
# only member's entry is the one meant.
_KNOWN = """
    t.parameters ->> 'sender', t.parameters ->> 'receiver',
    COALESCE(t.parameters ->> 'member', t.parameters ->> 'account'),
    CASE WHEN t.kind = 'transfer' THEN NULL ELSE (SELECT CAST(MAX(e.balance_after) AS text)
        FROM economy_entry e WHERE e.transaction_id = t.id AND e.account_id > %s) END,
    CAST(c.streak AS text), CAST(c.bonus AS text),
    NULLIF(t.author, ''), NULLIF(t.reason, '')"""


def told(scope: Scope) -> Iterator[Finding]:
    """Each transaction is told by one event, which says what the ledger knows.

    As far back as events are kept.
    """
    after, since = _kept_after()
    for id, kind, times, event_kind, data, amount, *known in rows(
        f"{_TOLD} SELECT t.id, t.kind, COALESCE(told.times, 0), x.kind,"  # noqa: S608 - ids
        " CAST(x.data AS text), COALESCE(t.parameters ->> 'amount', (SELECT"
        " CAST(MAX(e.amount) AS text) FROM economy_entry e WHERE e.transaction_id = t.id)),"
        f" {_KNOWN} FROM economy_transaction t LEFT JOIN told ON told.id = CAST(t.id AS text)"
        " LEFT JOIN dashboard_event x ON x.seq = told.seq"
        " LEFT JOIN economy_claim c ON c.transaction_id = t.id"
        f" WHERE {within('t.id', scope.told)} AND t.id > %s AND t.created_at >= %s ORDER BY t.id",
        scope.first_seq,
        scope.last_seq,
        SYSTEM_ID_MAX,
        after,
        connection.ops.adapt_datetimefield_value(since),
    ):
        said = msgspec.json.decode(data) if data else {}
        told_amount = said.get("amount", said.get("reward"))
        if times != 1:
            detail = f"{times} events tell of it"
        elif event_kind != EVENT_KINDS[Kind(kind)] or told_amount != amount:
            detail = f"{kind} of {amount} is told as {event_kind} of {told_amount}"
        elif wrong := _wrong(said, known):
            detail = f"its event says {wrong}"
        else:
            continue
        yield Finding("event_differs", "economy_transaction", str(id), detail)


def _wrong(said: dict[str, Any], known: Sequence[str | None]) -> str:
    """Return what an event says that the ledger knows otherwise, empty where nothing is."""
    return ", ".join(
        f"{name} {said.get(name)} instead of {true}"
        for name, true in zip(_SAID, known, strict=True)
        if (None if said.get(name) is None else str(said[name])) != true
    )


def _untrue(scope: Scope) -> Iterator[Finding]:
    """No event tells of a transaction that there is not."""
    for seq, id in rows(
        # Not a join: SQLite would look through all transactions for each event.
        f"{_TOLD} SELECT seq, id FROM told WHERE id IN"  # noqa: S608 - ours
        " (SELECT id FROM told EXCEPT SELECT CAST(id AS text) FROM economy_transaction)"
        " ORDER BY seq",
        scope.first_seq,
        scope.last_seq,
    ):
        yield Finding("event_untrue", "dashboard_event", str(seq), f"tells of transaction {id}")


def _gaps(scope: Scope) -> Iterator[Finding]:
    """No event is missing but those that were pruned, and the log ends where the stream says."""
    for seq, before in rows(
        "SELECT * FROM (SELECT seq, COALESCE(LAG(seq) OVER (ORDER BY seq),"
        " (SELECT upto FROM dashboard_pruned), 0) AS before FROM dashboard_event"
        " UNION ALL SELECT head + 1, COALESCE((SELECT MAX(seq) FROM dashboard_event),"
        " (SELECT upto FROM dashboard_pruned), 0) FROM dashboard_stream WHERE id = 1) log"
        " WHERE before < seq - 1 ORDER BY seq"
    ):
        missing = f"{before + 1}" if before == seq - 2 else f"{before + 1} to {seq - 1}"
        yield Finding("event_missing", "dashboard_event", str(before + 1), f"no event {missing}")
    for (seq,) in rows(
        "SELECT seq FROM dashboard_event"
        " WHERE seq > COALESCE((SELECT MAX(head) FROM dashboard_stream), 0) ORDER BY seq"
    ):
        yield Finding("event_beyond", "dashboard_event", str(seq), "it is past the stream's head")


def _kept_after() -> tuple[int, datetime]:
    """Return a transaction and a moment: no event of what is after both can have been pruned.

    Events are pruned from the oldest end, and it is kept that they were. So what was told before
    the first event of the ledger that is kept has a lower id than its transaction, or was made
    while that one was under way.
    """
    if not Pruned.objects.exists():
        return 0, _BEGINNING
    oldest = Event.objects.order_by("seq").first()
    if oldest is None:  # all of it was pruned
        return BALANCE_MAX, _BEGINNING
    firsts = [Event.objects.filter(kind=kind).order_by("seq").first() for kind in _KINDS]
    first = min((event for event in firsts if event), key=lambda event: event.seq, default=None)
    if first is None:
        return 0, oldest.timestamp + _EVENT_LAG
    id = str(first.data.get("transaction", ""))
    return int(id) if id.isdecimal() and len(id) < 19 else 0, first.timestamp + _EVENT_LAG


_KINDS = tuple(EVENT_KINDS.values())

RULES: tuple[Rule, ...] = (told, _untrue, _gaps)
