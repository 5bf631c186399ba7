"""Rules of the transfers that are kept apart for the page: the largest, and rewards handed on."""

from collections.abc import Iterator

from django.db import connection

from economy.audit.scope import Finding, Rule, Scope
from economy.audit.sql import day_before, day_of, rows
from economy.rollups import HANDOVER_WITHIN, LARGEST_KEPT_A_DAY

_SENT = """
    SELECT t.id, t.created_at, s.account_id AS sender, s.id AS entry, r.account_id AS receiver,
        r.amount FROM economy_transaction t
    JOIN economy_entry s ON s.transaction_id = t.id AND s.amount < 0
    JOIN economy_entry r ON r.transaction_id = t.id AND r.amount > 0
    WHERE t.kind = 'transfer'"""


def _largest(_: Scope) -> Iterator[Finding]:
    """Kept are transfers as they were; those that were surely among the largest of a day are."""
    day = day_of("t.created_at")
    for id, kept_day, kept, true_day, amount in rows(
        "SELECT l.transaction_id, CAST(l.day AS text), l.amount,"  # noqa: S608 - no input
        f" {day}, e.amount FROM economy_largetransfer l"
        " LEFT JOIN economy_transaction t ON t.id = l.transaction_id AND t.kind = 'transfer'"
        " LEFT JOIN economy_entry e ON e.transaction_id = t.id AND e.amount > 0 ORDER BY 1"
    ):
        if (kept_day, kept) != (true_day, amount):
            yield Finding(
                "large_transfer_differs",
                "economy_largetransfer",
                str(id),
                f"{kept} on {kept_day} is kept of {amount} on {true_day}",
            )
    for id, amount in rows(
        # As many as it or more: of two that are equal the first alone may have been kept.
        "SELECT ranked.id, ranked.amount FROM (SELECT t.id, e.amount, COUNT(*) OVER"  # noqa: S608
        f" (PARTITION BY {day} ORDER BY e.amount DESC) AS place FROM economy_transaction t"
        " JOIN economy_entry e ON e.transaction_id = t.id AND e.amount > 0"
        " WHERE t.kind = 'transfer') ranked"
        " LEFT JOIN economy_largetransfer l ON l.transaction_id = ranked.id"
        " WHERE ranked.place <= %s AND l.transaction_id IS NULL ORDER BY ranked.id",
        LARGEST_KEPT_A_DAY,
    ):
        detail = f"{amount}, one of the largest of its day, is not kept"
        yield Finding("large_transfer_differs", "economy_largetransfer", str(id), detail)


def _handovers(_: Scope) -> Iterator[Finding]:
    """What was sent on soon after a claim is kept, and nothing else.

    A claim that was paid before a transfer has an entry before that of the transfer.
    """
    true: dict[tuple[str, int, int], tuple[int, int]] = {}
    last = None
    for id, day, sender, receiver, reward, amount in rows(
        f"WITH sent AS ({_SENT}) SELECT sent.id, CAST(c.day AS text), sent.sender,"  # noqa: S608
        " sent.receiver, c.reward, sent.amount FROM sent JOIN economy_claim c"
        " ON c.account_id = sent.sender"
        f" AND c.day IN ({_day('sent.created_at')}, {day_before(_day('sent.created_at'))})"
        " JOIN economy_transaction t ON t.id = c.transaction_id AND t.created_at"
        f" BETWEEN {_within('sent.created_at')} AND sent.created_at"
        " JOIN economy_entry e ON e.transaction_id = t.id AND e.account_id = c.account_id"
        " AND e.id < sent.entry ORDER BY sent.id, c.day DESC"
    ):
        if id != last:  # the latest claim counts
            coins = true.get((day, sender, receiver), (0, 0))[0]
            true[day, sender, receiver] = (min(coins + amount, reward), reward)
        last = id
    for id, day, sender, receiver, coins, reward in rows(
        "SELECT id, CAST(day AS text), sender_id, receiver_id, coins, reward"
        " FROM economy_handover ORDER BY id"
    ):
        found = true.pop((day, sender, receiver), (0, 0))
        if found != (coins, reward):
            detail = f"{coins} of {reward} is kept, {found[0]} of {found[1]} was sent on"
            yield Finding("handover_differs", "economy_handover", str(id), detail)
    for (day, sender, receiver), (coins, reward) in sorted(true.items()):
        detail = f"{coins} of {reward} was sent on, and is not kept"
        row = f"{day} {sender} to {receiver}"
        yield Finding("handover_differs", "economy_handover", row, detail)


def _day(moment: str) -> str:
    if connection.vendor == "sqlite":
        return f"date(substr({moment}, 1, 10))"
    return f"CAST({moment} AT TIME ZONE 'UTC' AS date)"


def _within(moment: str) -> str:
    """Return the SQL of a column's moment, `HANDOVER_WITHIN` before; exact to the microsecond."""
    seconds = int(HANDOVER_WITHIN.total_seconds())
    if connection.vendor == "sqlite":
        whole = (
            f"strftime('%%Y-%%m-%%d %%H:%%M:%%S', substr({moment}, 1, 19), '-{seconds} seconds')"
        )
        return f"{whole} || substr({moment}, 20)"
    return f"{moment} - interval '{seconds} seconds'"


RULES: tuple[Rule, ...] = (_largest, _handovers)
