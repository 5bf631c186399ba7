"""What is written beside the log: heartbeats, samples and farewells of the bot, a new epoch."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.utils import timezone

from dashboard.models import BotProcess, MetricSample, Stream
from dashboard.queries import active_actors

ACTIVE_WINDOW_DAYS = 30


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
) -> BotProcess:
    """Write that the process `name` lives now, and how its connection is. One row a name.

    `shards` are as in `docs/wire.md`. Figures that are not finite, and all figures of a process
    that is not connected, are kept as null: what is not known is not told. `memory_bytes` is what
    the process holds, `database_ms` how long the database took to answer it.
    """
    process, _ = BotProcess.objects.update_or_create(
        name=name,
        defaults={
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
        },
    )
    return process


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


def mark_stopped(name: str) -> None:
    """Write that the process `name` said goodbye; its next heartbeat takes that back."""
    BotProcess.objects.filter(name=name).update(
        stopped_at=timezone.now(), connected=False, latency_ms=None, guilds=None, members=None
    )


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
