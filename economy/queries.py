"""What may be asked about money. Nothing here writes, and nothing costs the length of history."""

from datetime import timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import Q, Sum
from django.utils import timezone

from economy.models import SYSTEM_IDS, Account, DayTally, System
from economy.rewards import day_key

RECENT_TRANSACTIONS = 100


class Standing(NamedTuple):
    """One line of the leaderboard. Give it back as `after` for the lines that follow it."""

    member_id: int
    name: str
    balance: int


class Supply(NamedTuple):
    """The coins there are: `total` is in members' accounts, and is `minted` less `burned`."""

    total: int
    minted: int
    burned: int


def balance(member_id: int) -> int:
    """Return the member's coins; 0 for one who never had an account, which is not created."""
    found = Account.objects.filter(id=member_id, system="").values_list("balance", flat=True)
    return found.first() or 0


def leaderboard(limit: int, after: Standing | None = None) -> list[Standing]:
    """Return the richest `limit` members who have coins, richest first, equals by ascending id."""
    accounts = Account.objects.filter(system="", balance__gt=0)
    if after is not None:
        accounts = accounts.filter(
            Q(balance__lt=after.balance) | Q(balance=after.balance, id__gt=after.member_id),
            balance__lte=after.balance,
        )
    rows = accounts.order_by("-balance", "id").values_list("id", "name", "balance")[:limit]
    return [Standing(*row) for row in rows]


def supply() -> Supply:
    """Return the supply, from the kept balances of the system accounts."""
    kept = dict(Account.objects.exclude(system="").values_list("id", "balance"))
    minted = -kept.get(SYSTEM_IDS[System.MINT], 0)
    burned = kept.get(SYSTEM_IDS[System.BURN], 0)
    return Supply(total=minted - burned, minted=minted, burned=burned)


def recently_balanced() -> bool:
    """Whether the newest `RECENT_TRANSACTIONS` balance, and their accounts keep what they say.

    It is what can be proved every few seconds; `check_ledger` proves the whole.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH recent AS (SELECT id FROM economy_transaction ORDER BY id DESC LIMIT %s),
            touched AS (SELECT e.transaction_id, e.account_id, e.amount
                FROM economy_entry e JOIN recent ON recent.id = e.transaction_id)
            SELECT NOT EXISTS (SELECT 1 FROM recent LEFT JOIN touched
                    ON touched.transaction_id = recent.id
                    GROUP BY recent.id HAVING COALESCE(SUM(touched.amount), 1) <> 0)
                AND NOT EXISTS (SELECT 1 FROM economy_account a
                    WHERE a.id IN (SELECT account_id FROM touched) AND a.balance <>
                    (SELECT balance_after FROM economy_entry e
                    WHERE e.account_id = a.id ORDER BY e.id DESC LIMIT 1))
            """,
            [RECENT_TRANSACTIONS],
        )
        return bool(cursor.fetchone()[0])


def tallies(days: int) -> list[DayTally]:
    """Return what the last `days` UTC days did, today included, oldest first, quiet ones too."""
    today = day_key(timezone.now())
    wanted = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    kept = DayTally.objects.in_bulk(wanted)
    return [kept.get(day) or DayTally(day=day) for day in wanted]


def members_with_account() -> int:
    """Return how many members have an account, at the cost of the days since the first."""
    opened = DayTally.objects.aggregate(total=Sum("opened"))["total"]
    return int(opened or 0)
