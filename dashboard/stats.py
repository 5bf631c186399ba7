"""The registry of what the dashboard shows, and its collection into one `DashboardStats`.

docs/wire.md has the shape. All of it comes from counters and samples that are kept as things
happen, so its cost does not grow with the log.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.utils import timezone

from dashboard import activity, bots, cards, control, frames, headline, latency, queries, usage
from dashboard.activity import COMMAND_KINDS
from dashboard.failures import of_late
from dashboard.models import Level, MetricSample
from dashboard.spans import ACTIVITY, DAY, floor

RECENT_EVENTS = 10
WINDOW = timedelta(days=30)

Section = dict[str, Any]
Provider = Callable[[], Section]
CardMaker = Callable[[Section], Iterable[cards.Card]]
Card = cards.Card

register_series = activity.register_series

_providers: dict[str, tuple[Provider, CardMaker | None]] = {}


def register(name: str, provider: Provider, *, cards: CardMaker | None = None) -> None:
    """Show `provider()` under `name` in the stats, and the cards made of it on the page.

    Call it in `AppConfig.ready`. The provider runs every few seconds while somebody watches: its
    cost must not grow with history. Its section must be JSON, balances and snowflakes as strings.
    """
    _providers[name] = (provider, cards)


def collect() -> Section:
    """Return the whole `DashboardStats` of this moment, ready to be encoded.

    The position of the log is read first and the recent events up to it, so that a reader may go
    on from `stream.head` without missing one; counters may be ahead of it by what committed since.
    """
    at = queries.position()
    now = timezone.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    bot = bots.describe(queries.bot_processes(now), now) | {"maintenance": control.maintenance()}
    gateway = latency.gateway_by_minute(now - timedelta(hours=1))
    latency_past = list(gateway.values())
    month_ago = queries.samples_near(now - WINDOW, within=timedelta(days=1))
    stats: Section = {
        "guilds": _guilds(bot, month_ago),
        "users": _users(now, month_ago),
        "commands": _commands(hour),
        "ping": _ping(bot, latency_past),
        "recentEvents": [
            frames.event_data(event) for event in queries.latest_events(RECENT_EVENTS, at.head)
        ],
        "activityOverview": activity.hourly(now),
        "latency": latency.latest(now, bot["latencyMs"], gateway),
        "stream": {"epoch": at.epoch, "head": at.head},
        "live": "live",
        "generatedAt": frames.timestamp(now),
        "bot": bot,
        "commandStats": usage.of_day(now),
        "errorGroups": usage.recent_errors(now),
    }
    failures = of_late(now)
    last_hour = usage.last_hour(now)
    past = _past(now, latency_past)
    sections = {name: (provider(), maker) for name, (provider, maker) in _providers.items()}
    made = [
        *cards.of_dashboard(stats, past, last_hour, failures),
        *(card for section, maker in sections.values() if maker for card in maker(section)),
    ]
    stats["cards"] = msgspec.to_builtins(made)
    stats["headline"] = headline.compose(
        stats,
        failures=failures,
        last_command=queries.last_event(COMMAND_KINDS),
        gateway=latency.slow_since(now, bot["latencyMs"], gateway),
        commands=usage.slow(now, last_hour, past.p95_ms),
    )
    return stats | {name: section for name, (section, _) in sections.items()}


def _past(now: datetime, gateway_ms: Sequence[float | None]) -> cards.Past:
    """Return what was before: 23 whole hours, 30 whole days."""
    hours = ACTIVITY["24h"].starts(now)[:-1]
    errors = queries.count_by_hour(hours[0], level=Level.ERROR)
    midnight = floor(now, DAY)
    days = [midnight - back * DAY for back in range(WINDOW.days, 0, -1)]
    commands: Counter[datetime] = Counter()
    for at, count in queries.count_by_hour(days[0], kinds=COMMAND_KINDS).items():
        commands[floor(at, DAY)] += count
    moments = [now - back * DAY for back in range(WINDOW.days, 0, -1)]
    samples = queries.sampled_before(moments, within=timedelta(minutes=10))
    return cards.Past(
        gateway_ms=gateway_ms,
        p95_ms=usage.p95_by_hour(hours),
        errors=[errors.get(at, 0) for at in hours],
        commands=[commands[day] for day in days],
        active=[sample.active for sample in samples],
        guilds=[sample.guilds for sample in samples],
    )


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
    total, before = queries.count_and_before(end, WINDOW, COMMAND_KINDS)
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
