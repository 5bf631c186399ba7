"""The one door through which something gets into the log.

`record_event` writes the event in the caller's transaction, so that a change and its event commit
or roll back together, and publishes it once that transaction has committed.
"""

from datetime import UTC, date, datetime
from functools import partial
from typing import Any, NamedTuple, cast

import msgspec
from asgiref.sync import sync_to_async
from django.db import connection, transaction
from django.utils import timezone

from dashboard import frames
from dashboard.errors import EventTooLarge
from dashboard.models import ActiveActor, Event, Level
from dashboard.publisher import publisher
from dashboard.text import clean, storable

DATA_MAX_BYTES = 8192


class Ref(NamedTuple):
    """A guild or a member: its snowflake, and its name as it was then."""

    id: int
    name: str = ""


class Origin(NamedTuple):
    """Where an event comes from: who did it, in which guild, by which command.

    `request_id` is the same for all events of one request, such as one slash command.
    """

    guild: Ref | None = None
    actor: Ref | None = None
    command: str = ""
    request_id: str = ""


NOWHERE = Origin()


def record_event(
    *,
    kind: str,
    message: str,
    level: Level = Level.INFO,
    origin: Origin = NOWHERE,
    duration_ms: float | None = None,
    data: dict[str, Any] | None = None,
) -> Event:
    """Record a fact in the caller's transaction and publish it when that commits.

    `kind` is a dotted past-tense name (`economy.daily_claimed`), `message` one plain sentence,
    `data` a JSON object of at most `DATA_MAX_BYTES` bytes. Text is cleaned of control characters
    and cut to the length of its column. Call it as the last step of a transaction: it takes the
    lock of the stream, which orders all writers, and keeps it until the commit. Raises
    `EventTooLarge`, and whatever the database raises; the state of Redis is never felt here.
    """
    at = timezone.now()
    guild, actor = origin.guild, origin.actor
    event = Event(
        timestamp=at,
        level=level,
        kind=kind,
        message=clean(message, 500),
        guild_id=guild.id if guild else None,
        guild_name=clean(guild.name, 100) if guild else "",
        actor_id=actor.id if actor else None,
        actor_name=clean(actor.name, 100) if actor else "",
        command=clean(origin.command, 32),
        duration_ms=duration_ms,
        request_id=origin.request_id,
        data=_bounded(kind, data or {}),
    )
    with transaction.atomic(savepoint=False):
        event.seq = _take_seq()
        event.save(force_insert=True)
        _count(at, kind, level)
        if event.actor_id is not None:
            _mark_active(event.actor_id, at.astimezone(UTC).date())
        transaction.on_commit(partial(_publish, event), robust=True)
    return event


arecord_event = sync_to_async(record_event)
"""`record_event` for an event loop: a transaction of its own, in the thread of the ORM."""


def _bounded(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """Return `data` as JSON will give it back."""
    kept = storable(msgspec.to_builtins(data, str_keys=True))
    size = len(msgspec.json.encode(kept))
    if size > DATA_MAX_BYTES:
        raise EventTooLarge(kind=kind, size=size, limit=DATA_MAX_BYTES)
    return cast("dict[str, Any]", kept)


def _take_seq() -> int:
    """Lock the stream and return the next number: one statement, held until the commit."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE dashboard_stream SET head = head + 1 WHERE id = 1 RETURNING head")
        return int(cursor.fetchone()[0])


def _count(at: datetime, kind: str, level: Level) -> None:
    hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO dashboard_hourlycount (hour, kind, level, count) VALUES (%s, %s, %s, 1)"
            " ON CONFLICT (hour, kind, level)"
            " DO UPDATE SET count = dashboard_hourlycount.count + 1",
            [connection.ops.adapt_datetimefield_value(hour), kind, level],
        )


def _mark_active(actor_id: int, day: date) -> None:
    """Move the actor to `day` in the roll-up; safe without locks, for writers hold the stream's."""
    seen = ActiveActor.objects.filter(actor_id=actor_id).values_list("last_day", flat=True).first()
    if seen is not None and seen >= day:
        return
    moves = [(day, 1)] if seen is None else [(day, 1), (seen, -1)]
    adapt = connection.ops.adapt_datefield_value
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO dashboard_activeactor (actor_id, last_day) VALUES (%s, %s)"
            " ON CONFLICT (actor_id) DO UPDATE SET last_day = excluded.last_day",
            [actor_id, adapt(day)],
        )
        cursor.execute(
            f"INSERT INTO dashboard_activeday (day, actors)"  # noqa: S608 - only placeholders
            f" VALUES {', '.join(['(%s, %s)'] * len(moves))} ON CONFLICT (day)"
            " DO UPDATE SET actors = dashboard_activeday.actors + excluded.actors",
            [value for at, by in moves for value in (adapt(at), by)],
        )


def _publish(event: Event) -> None:
    publisher.publish("dashboard", seq=event.seq, frame=frames.new_event(event))
