"""Rules of daily claims: each is paid once, for its day, with the streak that it continues."""

from collections.abc import Iterator

from economy.audit.scope import Finding, Rule, Scope
from economy.audit.sql import day_before, day_of, rows, within
from economy.models import Kind


def _paid(scope: Scope) -> Iterator[Finding]:
    for id, account_id, day, reward, kind, paid in rows(
        "SELECT c.id, c.account_id, c.day, c.reward, t.kind, e.amount"  # noqa: S608 - ids
        " FROM economy_claim c LEFT JOIN economy_transaction t ON t.id = c.transaction_id"
        " LEFT JOIN economy_entry e"
        " ON e.transaction_id = c.transaction_id AND e.account_id = c.account_id"
        f" WHERE {within('c.transaction_id', scope.transactions)}"
        " AND (t.kind IS NULL OR t.kind <> %s OR e.amount IS NULL OR e.amount <> c.reward)"
        " ORDER BY c.id",
        Kind.DAILY_CLAIM.value,
    ):
        yield Finding(
            "claim_not_paid",
            "economy_claim",
            str(id),
            f"member {account_id}, {day}: {reward} claimed, {paid or 0} paid as {kind}",
        )
    for (id,) in rows(
        "SELECT t.id FROM economy_transaction t"  # noqa: S608 - ids
        " LEFT JOIN economy_claim c ON c.transaction_id = t.id"
        f" WHERE {within('t.id', scope.transactions)} AND t.kind = %s AND c.id IS NULL"
        " ORDER BY t.id",
        Kind.DAILY_CLAIM.value,
    ):
        yield Finding("claim_missing", "economy_transaction", str(id), "paid without a claim")


def _days(scope: Scope) -> Iterator[Finding]:
    for id, account_id, day, paid_on in rows(
        "SELECT * FROM (SELECT c.id, c.account_id, CAST(c.day AS text) AS day,"  # noqa: S608 - ids
        f" {day_of('t.created_at')} AS paid_on FROM economy_claim c"
        " JOIN economy_transaction t ON t.id = c.transaction_id"
        f" WHERE {within('c.transaction_id', scope.transactions)}) claimed"
        " WHERE day <> paid_on ORDER BY id"
    ):
        yield Finding(
            "claim_of_another_day",
            "economy_claim",
            str(id),
            f"member {account_id}: it is for {day}, and was paid on {paid_on}",
        )


def _streaks(scope: Scope) -> Iterator[Finding]:
    """As `rewards.streak_on` counts them: `p` was claimed for the day before, `q` before that.

    A claim that was made after the next day's did not count for that one, but does for later ones.
    """
    for id, account_id, day, streak, expected in rows(
        "SELECT * FROM (SELECT c.id, c.account_id, c.day, c.streak,"  # noqa: S608 - ids
        " CASE WHEN p.id IS NULL THEN 1 WHEN q.id IS NULL THEN p.streak + 1"
        " ELSE q.streak + 2 END AS expected FROM economy_claim c"
        f" LEFT JOIN economy_claim p ON p.account_id = c.account_id"
        f" AND p.day = {day_before('c.day')} AND p.id < c.id"
        f" LEFT JOIN economy_claim q ON q.account_id = p.account_id"
        f" AND q.day = {day_before('p.day')} AND q.id > p.id AND q.id < c.id"
        f" WHERE {within('c.transaction_id', scope.transactions)}) counted"
        " WHERE streak <> expected ORDER BY account_id, day"
    ):
        yield Finding(
            "streak_wrong",
            "economy_claim",
            str(id),
            f"member {account_id}, {day}: day {streak} of the streak, not {expected}",
        )


RULES: tuple[Rule, ...] = (_paid, _days, _streaks)
