"""The figures at the top of the page, worded."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any, Literal, NamedTuple

import msgspec

from dashboard.failures import Failures
from dashboard.runs import LastHour

Tone = Literal["", "good", "bad"]
State = Literal["", "warn", "bad"]

SLOW_FACTOR = 2.0
SLOW_MS = 200.0
"""A latency is out of the ordinary from this on, and this many times its usual."""
RUNS_MIN = 5
"""A p95 of fewer commands is one slow command, and tells nothing of the others."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """One figure on the page, worded by whoever knows what it means.

    `value` and `change` are ready to be read ("812,400", "+12 %"); `word` says in a word what is
    out of the ordinary, with `state` for its weight; `trend` holds the points of its line, oldest
    first, None for a gap, and `span` says how far it goes back ("30 d"). A trend ends in whole
    hours or days, or in what the last 60 minutes had: one that runs would always seem to fall.
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
    span: str = ""


class Past(NamedTuple):
    """What was before, the oldest first: for the trends, and for what is usual.

    The gateway by the minute of an hour, p95 and errors by whole hours of a day, the others by
    days of a month.
    """

    gateway_ms: Sequence[float | None]
    p95_ms: Sequence[float | None]
    errors: Sequence[int]
    commands: Sequence[int]
    active: Sequence[int | None]
    guilds: Sequence[int | None]


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
    stats: dict[str, Any], past: Past, hour: LastHour, failures: Failures
) -> list[Card]:
    """Return the cards of what the dashboard itself knows."""
    return [
        _latency(stats["ping"], past.gateway_ms),
        _durations(hour, past.p95_ms),
        _errors(failures, past.errors),
        _commands(stats["commands"], past.commands),
        _active(stats["users"], past.active),
        _guilds(stats["guilds"], past.guilds),
    ]


def slow_p95(hour: LastHour, past_ms: Iterable[float | None]) -> float | None:
    """Return how many times its usual the p95 is if that is worth a word, else None."""
    return times_usual(hour.p95_ms, usual(past_ms)) if hour.runs >= RUNS_MIN else None


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
        span="1 h",
    )


def _durations(hour: LastHour, past: Sequence[float | None]) -> Card:
    now, before = hour.p95_ms, hour.before_ms
    change = None if now is None or before is None else now - before
    times = slow_p95(hour, past)
    return Card(
        id="p95",
        label="Command p95",
        value="–" if now is None else f"{now:,.0f}",
        unit="" if now is None else "ms in 1 h",
        change="" if change is None else signed(change, "ms"),
        tone="" if change is None or abs(change) < 10 else "bad" if change > 0 else "good",
        period="" if change is None else "on last hour",
        state="warn" if times else "",
        word=f"{times:.1f}× usual" if times else "",
        trend=(*past, now),
        span="24 h",
    )


def _errors(failures: Failures, past: Sequence[int]) -> Card:
    now, before = failures.errors, failures.before
    known = failures.whole
    return Card(
        id="errors",
        label="Errors, 1 h",
        value=count(now) if known else f"{now:,}+",
        change=signed(now - before) if known else "",
        tone="" if not known or now == before else "bad" if now > before else "good",
        period="on last hour" if known else "",
        state="warn" if now > before or not known else "",
        word="rising" if now > before else "" if known else "many",
        trend=(*past, now),
        span="24 h",
    )


def _commands(commands: dict[str, Any], past: Sequence[int]) -> Card:
    change = commands["changePercentFromLastMonth"]
    return Card(
        id="commands",
        label="Commands",
        value=count(commands["total"]),
        unit="in 30 d",
        change="" if change is None else signed(change, "%"),
        tone="" if not change else "good" if change > 0 else "bad",
        period="" if change is None else "on last month",
        trend=tuple(past),
        span="30 d",
    )


def _active(users: dict[str, Any], past: Sequence[int | None]) -> Card:
    change = users["changePercentFromLastMonth"]
    return Card(
        id="active",
        label="Active members",
        value=count(users["active"]),
        unit="in 30 d",
        change="" if change is None else signed(change, "%"),
        tone="" if not change else "good" if change > 0 else "bad",
        period="" if change is None else "on last month",
        trend=(*past, users["active"]),
        span="30 d",
    )


def _guilds(guilds: dict[str, Any], past: Sequence[int | None]) -> Card:
    change = guilds["changeFromLastMonth"]
    return Card(
        id="guilds",
        label="Guilds",
        value=count(guilds["count"]),
        change="" if change is None else signed(change),
        tone="" if not change else "good" if change > 0 else "bad",
        period="" if change is None else "on last month",
        trend=(*past, guilds["count"]),
        span="30 d",
    )
