"""The registry of what the dashboard shows, and its collection into one `DashboardStats`."""

from collections.abc import Callable, Iterable
from typing import Any, Literal

import msgspec

Tone = Literal["", "good", "bad"]
State = Literal["", "warn", "bad"]


class Card(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One figure on the page, worded by whoever knows what it means.

    `value` and `change` are ready to be read ("812,400", "+12 %"); `word` says in a word what is
    out of the ordinary, with `state` for its weight; `trend` holds the points of its line, oldest
    first, None for a gap.
    """

    id: str
    label: str
    value: str
    unit: str = ""
    change: str = ""
    tone: Tone = ""
    period: str = ""
    state: State = ""
    word: str = ""
    trend: tuple[float | None, ...] = ()


COMMAND_KINDS = ("bot.command_completed", "bot.command_refused", "bot.command_failed")

Section = dict[str, Any]
Provider = Callable[[], Section]
CardMaker = Callable[[Section], Iterable[Card]]

_providers: dict[str, tuple[Provider, CardMaker | None]] = {}
_series: dict[str, tuple[str, ...]] = {"commands": COMMAND_KINDS, "transactions": ()}


def register(name: str, provider: Provider, *, cards: CardMaker | None = None) -> None:
    """Show `provider()` under `name` in the stats, and the cards made of it on the page.

    Call it in `AppConfig.ready`. The provider runs every few seconds while somebody watches: its
    cost must not grow with history. Its section must be JSON, balances and snowflakes as strings.
    """
    _providers[name] = (provider, cards)


def register_series(name: Literal["commands", "transactions"], *, kinds: Iterable[str]) -> None:
    """Count events of `kinds` in the series `name` of the activity chart."""
    _series[name] = (*_series[name], *kinds)
