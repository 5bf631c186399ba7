"""Reading the log and what is kept with it. Nothing here costs more because history is longer."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import Max, Q, Sum
from django.db.models.functions import Coalesce

from dashboard.models import (
    ActiveDay,
    BotProcess,
    CommandCount,
    DurationMinute,
    Event,
    HourlyCount,
    Level,
    MetricSample,
    Stream,
)


class Position(NamedTuple):
    """A place in the log: which log, and its newest event (0 = none yet)."""

    epoch: str
    head: int


class Sampled(NamedTuple):
    """What samples told: the guilds of all processes, and the active members."""

    guilds: int | None
    active: int | None


def position() -> Position:
    """Return where the log stands now."""
    stream = Stream.objects.get()
    return Position(str(stream.epoch), stream.head)


def events_after(after: int, limit: int) -> list[Event]:
    """Return up to `limit` events that follow seq `after`, oldest first."""
    return list(Event.objects.filter(seq__gt=after).order_by("seq")[:limit])


def latest_events(limit: int, upto: int | None = None) -> list[Event]:
    """Return the newest `limit` events, newest first, up to seq `upto` if that is given."""
    events = Event.objects.all() if upto is None else Event.objects.filter(seq__lte=upto)
    return list(events.order_by("-seq")[:limit])


def count_by_hour(
    since: datetime, *, kinds: Sequence[str] = (), level: Level | None = None
) -> dict[datetime, int]:
    """Return how many such events each hour from `since` on had; hours without any are missing."""
    counts = HourlyCount.objects.filter(hour__gte=since)
    if kinds:
        counts = counts.filter(kind__in=kinds)
    if level:
        counts = counts.filter(level=level)
    return dict(counts.values_list("hour").annotate(total=Sum("count")).order_by("hour"))


def count_kinds_by_hour(since: datetime, kinds: Sequence[str]) -> list[tuple[datetime, str, int]]:
    """Return how many events of each of `kinds` each hour from `since` on had, if it had any."""
    counts = HourlyCount.objects.filter(hour__gte=since, kind__in=kinds)
    return list(counts.values_list("hour", "kind").annotate(total=Sum("count")))


def count_and_before(until: datetime, window: timedelta, kinds: Sequence[str]) -> tuple[int, int]:
    """Return how many events of `kinds` the `window` up to before `until` had, and the one before.

    Both count whole hours.
    """
    counts = HourlyCount.objects.filter(
        hour__gte=until - 2 * window, hour__lt=until, kind__in=kinds
    ).aggregate(total=Sum("count"), now=Sum("count", filter=Q(hour__gte=until - window)))
    total, now = counts["total"] or 0, counts["now"] or 0
    return now, total - now


def active_actors(now: datetime, days: int) -> int:
    """Return how many different actors were active in the last `days` UTC days, today included."""
    since = now.date() - timedelta(days=days - 1)
    return ActiveDay.objects.filter(day__gte=since).aggregate(n=Sum("actors"))["n"] or 0


def last_event(kinds: Sequence[str]) -> Event | None:
    """Return the newest event of any of `kinds`: one short look into the index for each."""
    found = [Event.objects.filter(kind=kind).order_by("-seq").first() for kind in kinds]
    return max((event for event in found if event), key=lambda event: event.seq, default=None)


def bot_processes(now: datetime) -> list[BotProcess]:
    """Return the bot processes heard of within a day, the most recent heartbeat first."""
    recent = BotProcess.objects.filter(heartbeat_at__gte=now - timedelta(days=1))
    return list(recent.order_by("-heartbeat_at")) or list(
        BotProcess.objects.order_by("-heartbeat_at")[:1]
    )


def sampled_latency(since: datetime) -> list[tuple[datetime, float | None]]:
    """Return when the gateway latency was sampled from `since` on, and what it was, in order."""
    samples = MetricSample.objects.filter(at__gte=since)
    return list(samples.order_by("at").values_list("at", "latency_ms"))


def durations_by_minute(since: datetime) -> list[tuple[datetime, int, int]]:
    """Return the minutes from `since` on with how many commands fell into each bucket."""
    minutes = DurationMinute.objects.filter(minute__gte=since)
    return list(minutes.values_list("minute", "bucket", "runs"))


def durations_of(first: datetime, since: datetime) -> list[tuple[int, int, int]]:
    """Return how many commands fell into each bucket `since` then, and from minute `first` on."""
    counted = DurationMinute.objects.filter(minute__gte=first).values_list("bucket")
    late = Coalesce(Sum("runs", filter=Q(minute__gte=since)), 0)
    return list(counted.annotate(late=late, total=Sum("runs")))


def durations_by_hour(since: datetime) -> list[tuple[datetime, int, int]]:
    """Return the hours from `since` on with how many commands fell into each bucket."""
    hours = CommandCount.objects.filter(hour__gte=since)
    return list(hours.values_list("hour", "bucket").annotate(total=Sum("runs")))


def samples_near(at: datetime, within: timedelta) -> list[MetricSample]:
    """Return the last sample of each bot process in the time `within` before `at`."""
    window = MetricSample.objects.filter(at__gt=at - within, at__lte=at, guilds__isnull=False)
    latest = dict(window.values_list("bot").annotate(last=Max("at")))
    return [window.get(bot=bot, at=last) for bot, last in latest.items()]


def sampled_before(moments: Sequence[datetime], within: timedelta) -> list[Sampled]:
    """Return the most that samples say in the time `within` before each of `moments`.

    Guilds are those of all processes together; both are None where nothing was sampled. It is one
    short look into the index for each moment.
    """
    at = connection.ops.adapt_datetimefield_value
    looks = " UNION ALL ".join(
        f"SELECT {number}, bot, guilds, active_actors FROM dashboard_metricsample"  # noqa: S608 - ours
        " WHERE at > %s AND at <= %s"
        for number in range(len(moments))
    )
    bounds = [at(edge) for moment in moments for edge in (moment - within, moment)]
    guilds: list[dict[str, int]] = [{} for _ in moments]
    active: list[int | None] = [None for _ in moments]
    with connection.cursor() as cursor:
        cursor.execute(looks, bounds)
        for number, bot, count, actors in cursor.fetchall():
            if count is not None:
                guilds[number][bot] = max(count, guilds[number].get(bot, 0))
            active[number] = max(actors, active[number] or 0)
    return [
        Sampled(guilds=sum(each.values()) if each else None, active=actors)
        for each, actors in zip(guilds, active, strict=True)
    ]
