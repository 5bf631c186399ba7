"""The figures at the top of the page, worded."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any, Literal

import msgspec

Tone = Literal["", "good", "bad"]
State = Literal["", "warn", "bad"]

SLOW_FACTOR = 2.0
SLOW_MS = 200.0
"""A latency is out of the ordinary from this on, and this many times its usual."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
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


def usual(past_ms: Iterable[float | None]) -> float | None:
    """Return the usual latency: the median of those given, None if none is known."""
    known = [value for value in past_ms if value is not None]
    return median(known) if known else None


def times_usual(now_ms: float | None, usual_ms: float | None) -> float | None:
    """Return how many times its usual the latency is if that is worth a word, else None."""
    if now_ms is None or not usual_ms or now_ms < SLOW_MS or now_ms < SLOW_FACTOR * usual_ms:
        return None
    return now_ms / usual_ms


def of_dashboard(
    stats: dict[str, Any],
    errors: Sequence[int],
    latency_past: Sequence[float | None],
    command_p95: Sequence[float | None],
) -> list[Card]:
    """Return the cards of what the dashboard itself knows."""
    return [
        _latency(stats["ping"], latency_past),
        _durations(command_p95),
        _errors(errors),
        _commands(stats),
        _active(stats["users"]),
        _guilds(stats["guilds"]),
    ]


def count(value: int | None) -> str:
    """Return a count as it is read, a dash if it is not known."""
    return "–" if value is None else f"{value:,}"


def signed(value: float, unit: str = "") -> str:
    """Return a change as it is read: `+12 %`, `-3 ms`, `±0`."""
    rounded = round(value)
    text = "±0" if rounded == 0 else f"{rounded:+,}"
    return f"{text} {unit}".strip()


def _latency(ping: dict[str, Any], past: Sequence[float | None]) -> Card:
    now, change = ping["avg"], ping["changeFromLastHour"]
    times = times_usual(now, usual(past))
    return Card(
        id="latency",
        label="Gateway latency",
        value="–" if now is None else f"{now:,.0f}",
        unit="" if now is None else "ms",
        change="" if change is None else signed(change, "ms"),
        tone="" if change is None or abs(change) < 10 else "bad" if change > 0 else "good",
        period="" if change is None else "on last hour",
        state="warn" if times else "",
        word=f"{times:.1f}× usual" if times else "",
        trend=(*past, now),
    )


def _durations(p95: Sequence[float | None]) -> Card:
    *past, before, now = p95
    change = None if now is None or before is None else now - before
    times = times_usual(now, usual([*past, before]))
    return Card(
        id="p95",
        label="Command p95",
        value="–" if now is None else f"{now:,.0f}",
        unit="" if now is None else "ms",
        change="" if change is None else signed(change, "ms"),
        tone="" if change is None or abs(change) < 10 else "bad" if change > 0 else "good",
        period="" if change is None else "on last hour",
        state="warn" if times else "",
        word=f"{times:.1f}× usual" if times else "",
        trend=tuple(p95),
    )


def _errors(errors: Sequence[int]) -> Card:
    now, before = errors[-1], errors[-2]
    return Card(
        id="errors",
        label="Errors this hour",
        value=count(now),
        change=signed(now - before),
        tone="" if now == before else "bad" if now > before else "good",
        period="on last hour",
        state="warn" if now > before else "",
        word="rising" if now > before else "",
        trend=tuple(errors),
    )


def _commands(stats: dict[str, Any]) -> Card:
    change = stats["commands"]["changePercentFromLastMonth"]
    return Card(
        id="commands",
        label="Commands",
        value=count(stats["commands"]["total"]),
        unit="in 30 d",
        change="" if change is None else signed(change, "%"),
        tone="" if not change else "good" if change > 0 else "bad",
        period="" if change is None else "on last month",
        trend=tuple(point["commands"] for point in stats["activityOverview"]),
    )


def _active(users: dict[str, Any]) -> Card:
    change = users["changePercentFromLastMonth"]
    return Card(
        id="active",
        label="Active members",
        value=count(users["active"]),
        unit="in 30 d",
        change="" if change is None else signed(change, "%"),
        tone="" if not change else "good" if change > 0 else "bad",
        period="" if change is None else "on last month",
    )


def _guilds(guilds: dict[str, Any]) -> Card:
    change = guilds["changeFromLastMonth"]
    return Card(
        id="guilds",
        label="Guilds",
        value=count(guilds["count"]),
        change="" if change is None else signed(change),
        tone="" if not change else "good" if change > 0 else "bad",
        period="" if change is None else "on last month",
    )
