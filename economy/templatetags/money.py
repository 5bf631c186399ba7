"""Money as the economy's page writes it; `static/js/money.js` does the same, live."""

from collections.abc import Sequence
from typing import Any

from django import template

from dashboard.templatetags.moments import day_name

register = template.Library()

BOX = 1000
GAP = 160
"""Of the thousandths of a day's width that its bars leave free."""


@register.filter
def coins(amount: str) -> str:
    """Return `812,400` of `"812400"`, and nothing of nothing."""
    return f"{int(amount):,}" if amount else ""


@register.filter
def who(reference: dict[str, str]) -> str:
    """Return the name of a member, or the id where no name is known."""
    return reference["name"] or f"member {reference['id']}"


@register.filter
def short_day(day: str) -> str:
    """Return `8 Jan` of `2026-01-08`."""
    _, number, month, _ = day_name(day).split()
    return f"{number} {month}"


@register.filter
def round_text(proof: dict[str, Any]) -> str:
    """Return how far the walk through the ledger is, and what its last full round checked."""
    under_way, last = proof["underWay"], proof["lastRound"]
    if last is None:
        return f"First round: {_rows(under_way)} so far."
    now = f"This round: {_rows(under_way)} so far. " if any(under_way.values()) else ""
    return f"{now}Last full round: {_rows(last)}, ended"


def _rows(checked: dict[str, Any]) -> str:
    counts = [
        f"{checked[name]:,} {name.removesuffix('s') if checked[name] == 1 else name}"
        for name in ("accounts", "transactions")
    ]
    return " and ".join(counts)


@register.filter
def day_bars(days: Sequence[dict[str, Any]], names: str) -> list[dict[str, Any]]:
    """Return each of `days` with a bar for each of the comma-separated `names` of its amounts.

    All are in a box of 1000 a day by 1000, drawn to the largest of them.
    """
    wanted = names.split(",")
    top = max([1, *(int(day[name]) for day in days for name in wanted)])
    width = (BOX - GAP) // len(wanted)
    return [
        {
            "title": f"{short_day(day['day'])}: "
            + ", ".join(f"{coins(day[name])} {name}" for name in wanted),
            "bars": [
                {
                    "series": place + 1,
                    "x": at * BOX + GAP // 2 + place * width,
                    "width": width,
                    "y": BOX - _height(day[name], top),
                    "height": _height(day[name], top),
                }
                for place, name in enumerate(wanted)
            ],
        }
        for at, day in enumerate(days)
    ]


@register.filter
def day_scale(days: Sequence[dict[str, Any]], names: str) -> str:
    """Return what the bars of `names` are drawn to: the most of each, on which day, and today's."""
    told = []
    for name in names.split(","):
        most = max(days, key=lambda day: int(day[name]))
        when = f" on {short_day(most['day'])}" if int(most[name]) else ""
        told.append(f"{name}: at most {coins(most[name])}{when}, today {coins(days[-1][name])}")
    return " · ".join(told)


def _height(amount: str, top: int) -> int:
    return int(amount) * BOX // top
