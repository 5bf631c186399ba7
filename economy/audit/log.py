"""Rules of the log: each transaction is told by one event, and no event tells of another."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.db import connection

from dashboard.models import Event, Stream
from economy.audit.scope import Finding, Rule, Scope
from economy.audit.sql import rows, within
from economy.models import BALANCE_MAX, Kind

EVENT_KINDS = {
    Kind.DAILY_CLAIM: "economy.daily_claimed",
    Kind.TRANSFER: "economy.transferred",
    Kind.CORRECTION: "economy.balance_corrected",
}
# An event may be stamped this much later than its transaction, which waited for locks meanwhile.
_EVENT_LAG = timedelta(minutes=1)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

# The id is cast for SQLite: what has no type of its own it joins without an index.
_TOLD = """
    WITH told AS MATERIALIZED (
        SELECT CAST(COALESCE(data ->> 'transaction', '') AS text) AS id, COUNT(*) AS times,
            MIN(seq) AS seq, MIN(kind) AS kind,
            MIN(LTRIM(COALESCE(data ->> 'amount', data ->> 'reward'), '-')) AS amount
        FROM dashboard_event
        WHERE kind IN ('economy.daily_claimed', 'economy.transferred', 'economy.balance_corrected')
            AND seq BETWEEN %s AND %s
        GROUP BY CAST(COALESCE(data ->> 'transaction', '') AS text)
    )"""


def told(scope: Scope) -> Iterator[Finding]:
    """Each transaction is told by one event, as far back as events are kept."""
    after, since = _kept_after()
    for id, kind, times, event_kind, amount, said in rows(
        f"{_TOLD} SELECT t.id, t.kind, COALESCE(told.times, 0), told.kind,"  # noqa: S608 - ids
        " (SELECT MAX(e.amount) FROM economy_entry e WHERE e.transaction_id = t.id), told.amount"
        " FROM economy_transaction t LEFT JOIN told ON told.id = CAST(t.id AS text)"
        f" WHERE {within('t.id', scope.told)} AND t.id > %s AND t.created_at >= %s ORDER BY t.id",
        scope.first_seq,
        scope.last_seq,
        after,
        connection.ops.adapt_datetimefield_value(since),
    ):
        told_right = event_kind == EVENT_KINDS[Kind(kind)] and said == str(amount)
        if times != 1 or not told_right:
            detail = (
                f"{times} events tell of it"
                if times != 1
                else f"{kind} of {amount} is told as {event_kind} of {said}"
            )
            yield Finding("event_differs", "economy_transaction", str(id), detail)


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
    """No event is missing but the oldest ones, which are pruned."""
    for seq, before in rows(
        "SELECT * FROM (SELECT seq, LAG(seq) OVER (ORDER BY seq) AS before FROM dashboard_event"
        " UNION ALL SELECT head + 1, (SELECT MAX(seq) FROM dashboard_event) FROM dashboard_stream"
        " WHERE id = 1) log WHERE before < seq - 1 ORDER BY seq"
    ):
        missing = f"{before + 1}" if before == seq - 2 else f"{before + 1} to {seq - 1}"
        yield Finding("event_missing", "dashboard_event", str(before + 1), f"no event {missing}")


def _kept_after() -> tuple[int, datetime]:
    """Return a transaction and a moment: no event of what is after both can have been pruned.

    Events are pruned from the oldest end. So what was told before the first event of the ledger
    that is kept has a lower id than its transaction, or was made while that one was under way.
    """
    oldest = Event.objects.order_by("seq").first()
    if oldest is None:  # pruned to the last one, unless there never was any
        pruned = Stream.objects.filter(head__gt=0).exists()
        return (BALANCE_MAX if pruned else 0), _BEGINNING
    if oldest.seq == 1:
        return 0, _BEGINNING
    firsts = [Event.objects.filter(kind=kind).order_by("seq").first() for kind in _KINDS]
    first = min((event for event in firsts if event), key=lambda event: event.seq, default=None)
    if first is None:
        return 0, oldest.timestamp + _EVENT_LAG
    id = str(first.data.get("transaction", ""))
    return int(id) if id.isdecimal() and len(id) < 19 else 0, first.timestamp + _EVENT_LAG


_KINDS = tuple(EVENT_KINDS.values())

RULES: tuple[Rule, ...] = (told, _untrue, _gaps)
