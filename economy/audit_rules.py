"""The rules of the reconciliation: each names every row that breaks it. They read everything."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from dashboard.models import Event
from economy.models import BALANCE_MAX, Account, Claim, DayTally, Kind
from economy.rewards import day_key

EVENT_KINDS = {
    Kind.DAILY_CLAIM: "economy.daily_claimed",
    Kind.TRANSFER: "economy.transferred",
    Kind.CORRECTION: "economy.balance_corrected",
}
GUARDS = {
    "sqlite": {
        "economy_transaction_no_update",
        "economy_transaction_no_delete",
        "economy_entry_no_update",
        "economy_entry_no_delete",
        "economy_claim_no_update",
        "economy_claim_no_delete",
        "economy_transaction_opens",
        "economy_entry_carries_balance",
        "economy_entry_sums",
    },
    "postgresql": {
        "economy_transaction_never_changed",
        "economy_entry_never_changed",
        "economy_claim_never_changed",
        "economy_entry_carries_balance",
        "economy_transaction_balances",
    },
}
# An event may be stamped this much later than its transaction, which waited for locks meanwhile.
_EVENT_LAG = timedelta(minutes=1)
_HALF = 2**32  # sums are taken of both halves of a bigint, because SQLite's SUM can overflow


class Finding(NamedTuple):
    """One row that breaks a rule: `table` and `row` name it, `detail` says how, for people."""

    rule: str
    table: str
    row: str
    detail: str


def _rows(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def _guards() -> Iterator[Finding]:
    if connection.vendor == "sqlite":
        found = _rows("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    else:
        found = _rows("SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D' AND NOT tgisinternal")
    for name in sorted(GUARDS[connection.vendor] - {name for (name,) in found}):
        yield Finding("guard_missing", "", name, "the database does not guard the ledger")


def _sums() -> Iterator[Finding]:
    for id, entries, high, low in _rows(
        "SELECT t.id, COUNT(e.id),"
        " COALESCE(SUM(e.amount / %s), 0), COALESCE(SUM(e.amount %% %s), 0)"
        " FROM economy_transaction t LEFT JOIN economy_entry e ON e.transaction_id = t.id"
        " GROUP BY t.id"
        " HAVING COUNT(e.id) = 0 OR SUM(e.amount / %s) <> 0 OR SUM(e.amount %% %s) <> 0"
        " ORDER BY t.id",
        *[_HALF] * 4,
    ):
        total = int(high) * _HALF + int(low)
        if total or not entries:
            yield Finding(
                "entries_unbalanced",
                "economy_transaction",
                str(id),
                f"its {entries} entries sum to {total}, not 0",
            )


_NEGATED = "CAST(-CAST(e.amount AS numeric) AS text)"
_ASKED_FOR = f"""CASE t.kind
    WHEN 'transfer' THEN
        CAST(e.account_id AS text) = t.parameters ->> 'sender'
            AND {_NEGATED} = t.parameters ->> 'amount'
        OR CAST(e.account_id AS text) = t.parameters ->> 'receiver'
            AND CAST(e.amount AS text) = t.parameters ->> 'amount'
    WHEN 'daily_claim' THEN
        CAST(e.account_id AS text) = t.parameters ->> 'member' AND e.amount > 0
        OR e.account_id = 1 AND e.amount < 0
    WHEN 'correction' THEN
        CAST(e.account_id AS text) = t.parameters ->> 'account'
            AND CAST(e.amount AS text) = t.parameters ->> 'amount'
        OR e.account_id = CASE WHEN e.amount < 0 THEN 1 ELSE 2 END
            AND {_NEGATED} = t.parameters ->> 'amount'
    END"""


def _requests() -> Iterator[Finding]:
    """A transaction did what its request asked for: a transfer, say, that mints is none."""
    for id, account_id, amount, transaction_id, kind in _rows(
        "SELECT e.id, e.account_id, e.amount, t.id, t.kind FROM economy_entry e"  # noqa: S608
        " JOIN economy_transaction t ON t.id = e.transaction_id"
        f" WHERE NOT COALESCE({_ASKED_FOR}, FALSE) ORDER BY e.id"
    ):
        yield Finding(
            "entry_not_asked_for",
            "economy_entry",
            str(id),
            f"{amount:+} on account {account_id} is not what {kind} {transaction_id} asked for",
        )


def _chains() -> Iterator[Finding]:
    for id, account_id, amount, after, before in _rows(
        "SELECT * FROM (SELECT id, account_id, amount, balance_after, COALESCE(LAG(balance_after)"
        " OVER (PARTITION BY account_id ORDER BY id), 0) AS before FROM economy_entry) chain"
        " WHERE CAST(balance_after AS numeric) - amount <> before ORDER BY id"
    ):
        yield Finding(
            "entry_breaks_chain",
            "economy_entry",
            str(id),
            f"account {account_id} had {before}, {amount:+} leaves {before + amount}, not {after}",
        )


def _balances() -> Iterator[Finding]:
    for id, kept, entered in _rows(
        "SELECT * FROM (SELECT a.id, a.balance, COALESCE((SELECT e.balance_after"
        " FROM economy_entry e WHERE e.account_id = a.id ORDER BY e.id DESC LIMIT 1), 0) AS entered"
        " FROM economy_account a) kept WHERE balance <> entered ORDER BY id"
    ):
        yield Finding(
            "balance_differs",
            "economy_account",
            str(id),
            f"it keeps {kept}, its entries leave {entered}",
        )
    for account in Account.objects.filter(system="", balance__lt=0).order_by("id"):
        yield Finding(
            "balance_below_zero", "economy_account", str(account.id), f"it keeps {account.balance}"
        )


def _claims() -> Iterator[Finding]:
    for id, account_id, day, reward, kind, paid in _rows(
        "SELECT c.id, c.account_id, c.day, c.reward, t.kind, e.amount FROM economy_claim c"
        " LEFT JOIN economy_transaction t ON t.id = c.transaction_id"
        " LEFT JOIN economy_entry e"
        " ON e.transaction_id = c.transaction_id AND e.account_id = c.account_id"
        " WHERE t.kind IS NULL OR t.kind <> %s OR e.amount IS NULL OR e.amount <> c.reward"
        " ORDER BY c.id",
        Kind.DAILY_CLAIM.value,
    ):
        yield Finding(
            "claim_not_paid",
            "economy_claim",
            str(id),
            f"member {account_id}, {day}: {reward} claimed, {paid or 0} paid as {kind}",
        )
    for (id,) in _rows(
        "SELECT t.id FROM economy_transaction t LEFT JOIN economy_claim c"
        " ON c.transaction_id = t.id WHERE t.kind = %s AND c.id IS NULL ORDER BY t.id",
        Kind.DAILY_CLAIM.value,
    ):
        yield Finding("claim_missing", "economy_transaction", str(id), "paid without a claim")


def _streaks() -> Iterator[Finding]:
    last: tuple[int, Any, int] = (0, None, 0)
    claims = Claim.objects.order_by("account_id", "day").values_list(
        "id", "account_id", "day", "streak", "transaction__created_at"
    )
    for id, account_id, day, streak, paid_at in claims.iterator():
        if day != day_key(paid_at):
            yield Finding(
                "claim_of_another_day",
                "economy_claim",
                str(id),
                f"member {account_id}: it is for {day}, and was paid on {day_key(paid_at)}",
            )
        follows = last[0] == account_id and last[1] == day - timedelta(days=1)
        expected = last[2] + 1 if follows else 1
        if streak != expected:
            yield Finding(
                "streak_wrong",
                "economy_claim",
                str(id),
                f"member {account_id}, {day}: day {streak} of the streak, not {expected}",
            )
        last = (account_id, day, streak)


def _tallies() -> Iterator[Finding]:
    """What each day is said to have done is what its transactions did."""
    true: dict[str, dict[str, int]] = {}
    for day, count, *halves in _rows(
        f"SELECT {_day_of('t.created_at')}, COUNT(DISTINCT t.id),"  # noqa: S608 - no input
        f" {_sum_when('e.account_id = 1', '-e.amount')},"
        f" {_sum_when('e.account_id = 2', 'e.amount')},"
        f" {_sum_when('e.amount > 0 AND t.kind = %s', 'e.amount')}"
        " FROM economy_transaction t LEFT JOIN economy_entry e ON e.transaction_id = t.id"
        " GROUP BY 1",
        *[_HALF] * 4,
        *[Kind.TRANSFER.value, _HALF] * 2,
    ):
        minted, burned, moved = (
            int(high) * _HALF + int(low)
            for high, low in zip(halves[::2], halves[1::2], strict=True)
        )
        true[day] = {
            "minted": minted,
            "burned": burned,
            "moved": min(moved, BALANCE_MAX),
            "transactions": int(count),
        }
    for day, opened in _rows(
        f"SELECT {_day_of('opened_at')}, COUNT(*) FROM economy_account"  # noqa: S608 - no input
        " WHERE system = '' GROUP BY 1"
    ):
        true.setdefault(day, {})["opened"] = opened
    kept = {tally.day.isoformat(): tally for tally in DayTally.objects.all()}
    for day in sorted(true.keys() | kept.keys()):
        for name in ("opened", "minted", "burned", "moved", "transactions"):
            tallied, done = getattr(kept.get(day), name, 0), true.get(day, {}).get(name, 0)
            if tallied != done:
                yield Finding(
                    "tally_differs",
                    "economy_daytally",
                    day,
                    f"{name}: it keeps {tallied}, not {done}",
                )


def _day_of(column: str) -> str:
    """Return the SQL of the UTC day of a moment, as ISO 8601."""
    if connection.vendor == "sqlite":
        return f"substr({column}, 1, 10)"
    return f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD')"


def _sum_when(condition: str, amount: str) -> str:
    """Return the SQL of both halves of a sum; the parameters are those of the condition, a half."""
    return ", ".join(
        f"COALESCE(SUM(CASE WHEN {condition} THEN {amount} ELSE 0 END {operator} %s), 0)"
        for operator in ("/", "%%")
    )


_TOLD = """
    WITH told AS MATERIALIZED (
        SELECT data ->> 'transaction' AS id, COUNT(*) AS times, MIN(seq) AS seq, MIN(kind) AS kind,
            MIN(LTRIM(COALESCE(data ->> 'amount', data ->> 'reward'), '-')) AS amount
        FROM dashboard_event
        WHERE kind IN ('economy.daily_claimed', 'economy.transferred', 'economy.balance_corrected')
        GROUP BY data ->> 'transaction'
    )"""


def _events() -> Iterator[Finding]:
    """Each transaction is told by one event, as far back as events are kept."""
    for id, kind, times, event_kind, amount, told in _rows(
        f"{_TOLD} SELECT t.id, t.kind, COALESCE(told.times, 0), told.kind,"  # noqa: S608
        " (SELECT MAX(e.amount) FROM economy_entry e WHERE e.transaction_id = t.id), told.amount"
        " FROM economy_transaction t LEFT JOIN told ON told.id = CAST(t.id AS text)"
        " WHERE t.created_at >= %s ORDER BY t.id",
        connection.ops.adapt_datetimefield_value(_events_kept_since()),
    ):
        told_right = event_kind == EVENT_KINDS[Kind(kind)] and told == str(amount)
        if times != 1 or not told_right:
            detail = (
                f"{times} events tell of it"
                if times != 1
                else f"{kind} of {amount} is told as {event_kind} of {told}"
            )
            yield Finding("event_differs", "economy_transaction", str(id), detail)


def _untrue() -> Iterator[Finding]:
    """No event tells of a transaction that there is not."""
    for seq, id in _rows(
        f"{_TOLD} SELECT told.seq, told.id FROM told LEFT JOIN economy_transaction t"  # noqa: S608
        " ON CAST(t.id AS text) = told.id WHERE t.id IS NULL ORDER BY told.seq"
    ):
        yield Finding("event_untrue", "dashboard_event", str(seq), f"tells of transaction {id}")


def _events_kept_since() -> datetime:
    """Return the moment from which on no event can have been pruned."""
    oldest = Event.objects.order_by("seq").first()
    if oldest is None or oldest.seq == 1:
        return datetime(1970, 1, 1, tzinfo=UTC)
    return oldest.timestamp + _EVENT_LAG


Rule = Callable[[], Iterator[Finding]]

MONEY_RULES: tuple[Rule, ...] = (_sums, _chains, _balances)
"""Entries sum to zero, balances are the sums of their entries, nobody is below zero."""

RULES: tuple[Rule, ...] = (
    _guards,
    *MONEY_RULES,
    _requests,
    _claims,
    _streaks,
    _tallies,
    _events,
    _untrue,
)
