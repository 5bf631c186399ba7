"""The registry of what the dashboard shows, and its collection into one `DashboardStats`.

docs/wire.md has the shape. All of it comes from counters and samples that are kept as things
happen, so its cost does not grow with the log.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from django.utils import timezone

from dashboard import bots, cards, frames, headline, queries, runs
from dashboard.models import Level, MetricSample

RECENT_EVENTS = 10
ACTIVITY_HOURS = 24
WINDOW = timedelta(days=30)

COMMAND_KINDS = ("bot.command_completed", "bot.command_refused", "bot.command_failed")

Section = dict[str, Any]
Provider = Callable[[], Section]
CardMaker = Callable[[Section], Iterable[cards.Card]]
Card = cards.Card

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
    _series[name] = tuple(dict.fromkeys((*_series[name], *kinds)))


def collect() -> Section:
    """Return the whole `DashboardStats` of this moment, ready to be encoded.

    The position of the log is read first and the recent events up to it, so that a reader may go
    on from `stream.head` without missing one; counters may be ahead of it by what committed since.
    """
    at = queries.position()
    now = timezone.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    bot = bots.describe(queries.bot_processes(now), now)
    activity = collect_activity(hour)
    latency_past = latency_by_minute(now - timedelta(hours=1))
    month_ago = queries.samples_near(now - WINDOW, within=timedelta(days=1))
    stats: Section = {
        "guilds": _guilds(bot, month_ago),
        "users": _users(now, month_ago),
        "commands": _commands(hour),
        "ping": _ping(bot, latency_past),
        "recentEvents": [
            frames.event_data(event) for event in queries.latest_events(RECENT_EVENTS, at.head)
        ],
        "activityOverview": activity,
        "stream": {"epoch": at.epoch, "head": at.head},
        "live": "live",
        "generatedAt": frames.timestamp(now),
        "bot": bot,
        "commandStats": runs.of_day(now),
        "errorGroups": runs.recent_errors(now),
    }
    errors = collect_errors(hour)
    sections = {name: (provider(), maker) for name, (provider, maker) in _providers.items()}
    made = [
        *cards.of_dashboard(stats, errors, latency_past, runs.p95_by_hour(_hours(hour))),
        *(card for section, maker in sections.values() if maker for card in maker(section)),
    ]
    stats["cards"] = msgspec.to_builtins(made)
    stats["headline"] = headline.compose(
        bot,
        usual_ms=cards.usual(latency_past),
        errors=errors[-1] + errors[-2],
        last_command=queries.last_event(COMMAND_KINDS),
        last_failure=queries.last_event(["bot.command_failed"]),
        now=now,
    )
    return stats | {name: section for name, (section, _) in sections.items()}


def collect_activity(hour: datetime) -> list[Section]:
    """Return the 24 hours up to the one that starts at `hour`, oldest first, zeros included."""
    hours = _hours(hour)
    counts = {name: _by_hour(hours, kinds) for name, kinds in _series.items()}
    return [
        {"hour": frames.timestamp(at)} | {name: counts[name][index] for name in counts}
        for index, at in enumerate(hours)
    ]


def collect_errors(hour: datetime) -> list[int]:
    """Return how many error events each of the last 24 hours had, oldest first."""
    hours = _hours(hour)
    counts = queries.count_by_hour(hours[0], level=Level.ERROR)
    return [counts.get(at, 0) for at in hours]


def latency_by_minute(since: datetime) -> list[float | None]:
    """Return the mean latency of each sampled minute since then, in ms, oldest first."""
    minutes: dict[datetime, list[float]] = {}
    for sample in queries.samples_since(since):
        known = minutes.setdefault(sample.at, [])
        if sample.latency_ms is not None:
            known.append(sample.latency_ms)
    return [sum(known) / len(known) if known else None for known in minutes.values()]


def _hours(last: datetime) -> list[datetime]:
    return [last - timedelta(hours=back) for back in range(ACTIVITY_HOURS - 1, -1, -1)]


def _by_hour(hours: Sequence[datetime], kinds: Sequence[str]) -> list[int]:
    counts = queries.count_by_hour(hours[0], kinds=kinds) if kinds else {}
    return [counts.get(hour, 0) for hour in hours]


def _guilds(bot: Section, before: Sequence[MetricSample]) -> Section:
    now, then = bot["guilds"], sum(sample.guilds or 0 for sample in before)
    known = now is not None and before
    return {"count": now, "changeFromLastMonth": now - then if known else None}


def _users(now: datetime, before: Sequence[MetricSample]) -> Section:
    active = queries.active_actors(now, WINDOW.days)
    then = max((sample.active_actors for sample in before), default=0)
    return {"active": active, "changePercentFromLastMonth": _percent(active, then)}


def _commands(hour: datetime) -> Section:
    end = hour + timedelta(hours=1)
    total = queries.count_between(end - WINDOW, end, COMMAND_KINDS)
    before = queries.count_between(end - 2 * WINDOW, end - WINDOW, COMMAND_KINDS)
    return {"total": total, "changePercentFromLastMonth": _percent(total, before)}


def _ping(bot: Section, past: Sequence[float | None]) -> Section:
    known = [value for value in past if value is not None]
    now_ms = bot["latencyMs"]
    change = now_ms - sum(known) / len(known) if known and now_ms is not None else None
    return {
        "avg": now_ms,
        "changeFromLastHour": None if change is None else round(change, 1),
    }


def _percent(now: int, before: int) -> float | None:
    return round((now - before) * 100 / before, 1) if before else None


def encode(stats: Section) -> str:
    """Return the `STATS_UPDATE` frame of `stats`."""
    return msgspec.json.encode({"type": "STATS_UPDATE", "data": stats}).decode()
