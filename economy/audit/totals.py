"""Rules of what is beside the rows: what each day is said to have done, and the guards."""

from collections.abc import Iterator

from django.db import connection

from economy.audit.scope import Finding, Rule, Scope
from economy.audit.sql import HALF, day_of, rows, whole
from economy.models import BALANCE_MAX, DayTally, Kind

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
        "economy_transaction_no_replace",
        "economy_entry_no_replace",
        "economy_claim_no_replace",
    },
    "postgresql": {
        "economy_transaction_never_changed",
        "economy_entry_never_changed",
        "economy_claim_never_changed",
        "economy_entry_carries_balance",
        "economy_transaction_balances",
        "economy_transaction_never_emptied",
        "economy_entry_never_emptied",
        "economy_claim_never_emptied",
    },
}


def guards() -> Iterator[Finding]:
    """Name the guards of the database that are missing; it costs the same with any ledger."""
    if connection.vendor == "sqlite":
        found = rows("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    else:
        found = rows(
            "SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A') AND NOT tgisinternal"
        )
    for name in sorted(GUARDS[connection.vendor] - {name for (name,) in found}):
        yield Finding("guard_missing", "", name, "the database does not guard the ledger")


def _tallies(_: Scope) -> Iterator[Finding]:
    """What each day is said to have done is what its transactions did."""
    true: dict[str, dict[str, int]] = {}
    for day, count, *halves in rows(
        f"SELECT {day_of('t.created_at')}, COUNT(DISTINCT t.id),"  # noqa: S608 - no input
        f" {_sum_when('e.account_id = 1', '-e.amount')},"
        f" {_sum_when('e.account_id = 2', 'e.amount')},"
        f" {_sum_when('e.amount > 0 AND t.kind = %s', 'e.amount')}"
        " FROM economy_transaction t LEFT JOIN economy_entry e ON e.transaction_id = t.id"
        " GROUP BY 1",
        *[HALF] * 4,
        *[Kind.TRANSFER.value, HALF] * 2,
    ):
        minted, burned, moved = (
            whole(high, low) for high, low in zip(halves[::2], halves[1::2], strict=True)
        )
        true[day] = {
            "minted": minted,
            "burned": burned,
            "moved": min(moved, BALANCE_MAX),
            "transactions": int(count),
        }
    for day, opened in rows(
        f"SELECT {day_of('opened_at')}, COUNT(*) FROM economy_account"  # noqa: S608 - no input
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


def _sum_when(condition: str, amount: str) -> str:
    """Return the SQL of both halves of a sum; the parameters are those of the condition, a half."""
    return ", ".join(
        f"COALESCE(SUM(CASE WHEN {condition} THEN {amount} ELSE 0 END {operator} %s), 0)"
        for operator in ("/", "%%")
    )


RULES: tuple[Rule, ...] = (lambda _: guards(), _tallies)
