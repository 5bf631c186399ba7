"""What the economy shows on the page of a guild."""

import re
from collections.abc import Iterator

from dashboard.guilds import Lately
from dashboard.models import Event
from dashboard.stats import Card

CLAIMED = ("economy.daily_claimed", "reward")
SENT = ("economy.transferred", "amount")
_COINS = re.compile(r"[0-9]{1,19}", re.ASCII)


def cards(lately: Lately) -> Iterator[Card]:
    """Make the card of the coins that members claimed in a guild, and sent each other there."""
    yield Card(
        id="coins",
        label="Coins claimed",
        value=f"{_coins(lately.events, *CLAIMED):,}",
        change=f"{_coins(lately.events, *SENT):,}",
        period=f"sent, {lately.words}",
    )


def _coins(events: list[Event], kind: str, name: str) -> int:
    told = (event.data.get(name) for event in events if event.kind == kind)
    return sum(int(text) for text in told if isinstance(text, str) and _COINS.fullmatch(text))
