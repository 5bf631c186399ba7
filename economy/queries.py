"""What may be asked about money. Nothing here writes, and nothing costs the length of history."""

from typing import NamedTuple

from django.db.models import Q

from economy.models import SYSTEM_IDS, Account, System


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
