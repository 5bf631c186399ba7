"""What may be asked about money. Nothing here writes, and nothing costs the length of history."""

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import Q, Sum
from django.utils import timezone

from economy.models import SYSTEM_IDS, Account, DayTally, LargeTransfer, System
from economy.rewards import day_key

COLLECTING_DAYS = 7
COLLECTED_PERCENT = 50
SOURCES_MIN = 3
"""When an account counts as collecting others' dailies: see `collectors`."""


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


def largest_transfers(days: int, limit: int) -> list[LargeTransfer]:
    """Return the largest transfers of the last `days` UTC days, the largest first.

    `limit` is at most `rollups.LARGEST_KEPT_A_DAY`: so many are sure to be kept of each day.
    """
    since = day_key(timezone.now()) - timedelta(days=days - 1)
    kept = LargeTransfer.objects.filter(day__gte=since).select_related("transaction")
    return list(kept.order_by("-amount", "-transaction_id")[:limit])


def names_of(ids: Iterable[int]) -> dict[int, str]:
    """Return the names of those of `ids` that have an account, empty where none is known."""
    return dict(Account.objects.filter(id__in=set(ids)).values_list("id", "name"))


class Collector(NamedTuple):
    """An account that lives on others' claims: `sources` of them handed it `coins`."""

    account_id: int
    name: str
    frozen: bool
    sources: int
    coins: int


def collectors(limit: int) -> list[Collector]:
    """Return who collects other accounts' dailies, those with the most sources first.

    A source is an account that, of all it claimed in the last `COLLECTING_DAYS` days, sent
    `COLLECTED_PERCENT` or more to this one, each time `rollups.HANDOVER_WITHIN` the claim.
    `SOURCES_MIN` of them make a collector. It costs the handovers of those days.
    """
    since = connection.ops.adapt_datefield_value(
        day_key(timezone.now()) - timedelta(days=COLLECTING_DAYS - 1)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH handed AS (SELECT receiver_id, sender_id, SUM(coins * 1.0) AS coins
                FROM economy_handover WHERE day >= %s GROUP BY receiver_id, sender_id),
            claimed AS (SELECT account_id, SUM(reward * 1.0) AS coins FROM economy_claim
                WHERE day >= %s AND account_id IN (SELECT sender_id FROM handed)
                GROUP BY account_id)
            SELECT a.id, a.name, a.frozen, COUNT(*), SUM(handed.coins)
                FROM handed JOIN claimed ON claimed.account_id = handed.sender_id
                JOIN economy_account a ON a.id = handed.receiver_id
                WHERE handed.coins * 100 >= claimed.coins * %s
                GROUP BY a.id, a.name, a.frozen HAVING COUNT(*) >= %s
                ORDER BY 4 DESC, 5 DESC, 1 LIMIT %s
            """,
            [since, since, COLLECTED_PERCENT, SOURCES_MIN, limit],
        )
        return [
            Collector(id, name, bool(frozen), sources, int(coins))
            for id, name, frozen, sources, coins in cursor.fetchall()
        ]


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
