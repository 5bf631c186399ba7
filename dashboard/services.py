"""What is written beside the log: heartbeats, samples, guilds and farewells of the bot, epochs."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from dashboard.models import BotProcess, Guild, MetricSample, Stream
from dashboard.publisher import publisher
from dashboard.queries import active_actors
from dashboard.statements import upsert
from dashboard.text import clean

ACTIVE_WINDOW_DAYS = 30
GUILDS_AT_ONCE = 100  # rows a statement: far below what a database takes as parameters


class GuildState(NamedTuple):
    """A guild as a bot process knows it; of one that is not `available` it may know only the id."""

    id: int
    name: str = ""
    members: int | None = None
    available: bool = True
    joined_at: datetime | None = None


def record_heartbeat(
    *,
    name: str,
    started_at: datetime,
    emulated: bool,
    connected: bool,
    latency_ms: float | None = None,
    guilds: int | None = None,
    members: int | None = None,
    shards: Sequence[dict[str, Any]] = (),
    memory_bytes: int | None = None,
    database_ms: float | None = None,
) -> None:
    """Write that the process `name` lives now, and how its connection is. One row a name.

    `shards` are as in `docs/wire.md`. Figures that are not finite, and all figures of a process
    that is not connected, are kept as null: what is not known is not told. `memory_bytes` is what
    the process holds, `database_ms` how long the database took to answer it.

    A run (`name` and `started_at`) that said goodbye stays stopped: its last heartbeat may be
    written after that.
    """
    figures = {
        "started_at": started_at,
        "heartbeat_at": timezone.now(),
        "stopped_at": None,
        "emulated": emulated,
        "connected": connected,
        "latency_ms": finite(latency_ms) if connected else None,
        "guilds": guilds if connected else None,
        "members": members if connected else None,
        "shards": [{key: finite(value) for key, value in s.items()} for s in shards],
        "memory_bytes": memory_bytes,
        "database_ms": finite(database_ms),
    }
    over = Q(started_at=started_at, stopped_at__isnull=False)
    if not BotProcess.objects.filter(~over, name=name).update(**figures):
        BotProcess.objects.get_or_create(name=name, defaults=figures)


def tell_at_once() -> None:
    """Have every page learn how things are when this commits, instead of with its next figures.

    Pages are told once a second at most.
    """
    transaction.on_commit(publisher.hasten, robust=True)


def record_sample(
    *,
    name: str,
    latency_ms: float | None = None,
    guilds: int | None = None,
    members: int | None = None,
    memory_bytes: int | None = None,
    database_ms: float | None = None,
) -> MetricSample:
    """Keep the figures of this moment, to the second, for the trends; a second try replaces them.

    Adds how many different actors were active in the last `ACTIVE_WINDOW_DAYS` days.
    """
    now = timezone.now()
    sample, _ = MetricSample.objects.update_or_create(
        at=now.replace(microsecond=0),
        bot=name,
        defaults={
            "latency_ms": finite(latency_ms),
            "guilds": guilds,
            "members": members,
            "active_actors": active_actors(now, ACTIVE_WINDOW_DAYS),
            "memory_bytes": memory_bytes,
            "database_ms": finite(database_ms),
        },
    )
    return sample


def mark_stopped(name: str, *, started_at: datetime) -> None:
    """Write that this run of the process `name` said goodbye; another run of it lives on."""
    BotProcess.objects.filter(name=name, started_at=started_at).update(
        stopped_at=timezone.now(), connected=False, latency_ms=None, guilds=None, members=None
    )
    tell_at_once()


@transaction.atomic
def forget_bot(name: str, *, seen_at: datetime) -> bool:
    """Remove the process `name`; return False if it gave a sign of life after `seen_at`."""
    return BotProcess.objects.filter(name=name, heartbeat_at=seen_at).delete()[0] > 0


def record_guilds(found: Sequence[GuildState], *, bot: str) -> None:
    """Write that the process `bot` is in the guilds `found` now, as they are; all or none.

    What is not told of a known guild stays as it was. Names are cleaned and cut to 100 characters.
    """
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    at = connection.ops.adapt_datetimefield_value
    rows = [
        [guild.id, clean(guild.name, 100), guild.members, guild.available,
         guild.joined_at and at(guild.joined_at), now, bot[:64]]
        for _, guild in sorted({guild.id: guild for guild in found}.items())
    ]  # fmt: skip
    for start in range(0, len(rows), GUILDS_AT_ONCE):
        upsert(
            "dashboard_guild (id, name, members, available, joined_at, seen_at, bot)",
            "(id) DO UPDATE SET left_at = NULL, available = excluded.available,"
            " name = CASE excluded.name WHEN '' THEN dashboard_guild.name ELSE excluded.name END,"
            " members = COALESCE(excluded.members, dashboard_guild.members),"
            " joined_at = COALESCE(excluded.joined_at, dashboard_guild.joined_at),"
            " seen_at = excluded.seen_at, bot = excluded.bot",
            rows[start : start + GUILDS_AT_ONCE],
        )


def guild_left(guild_id: int) -> None:
    """Write that no bot is in the guild any more; what was known of it stays."""
    Guild.objects.filter(id=guild_id, left_at=None).update(left_at=timezone.now())


def guilds_left_since(since: datetime, *, bot: str) -> int:
    """Write that the process `bot` is in no guild that it has not recorded since then.

    Call it when all guilds of a new connection are recorded: those that were left while the bot
    was away told nobody. Returns how many they were.
    """
    gone = Guild.objects.filter(bot=bot, left_at=None, seen_at__lt=since)
    return gone.update(left_at=timezone.now())


def finite(value: Any) -> Any:
    """Return `value`, or None for the nan and infinity that neither JSON nor a reader can take."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def begin_epoch(previous: str) -> bool:
    """Give the log a new epoch if `previous` is still its epoch: what readers know of it is void.

    Returns whether this call changed it, so that several who notice do it once.
    """
    changed = Stream.objects.filter(epoch=previous).update(epoch=uuid4())
    return bool(changed)


def ended_without_goodbye(name: str) -> BotProcess | None:
    """Return the last run of the process `name` if it never said that it stopped: a crash."""
    return BotProcess.objects.filter(name=name, stopped_at=None).first()
