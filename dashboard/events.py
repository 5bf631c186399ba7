"""The one door through which something gets into the log.

`record_event` writes the event in the caller's transaction, so that a change and its event commit
or roll back together, and publishes it once that transaction has committed.
"""

from datetime import UTC
from functools import partial
from typing import Any, NamedTuple, cast

import msgspec
from asgiref.sync import sync_to_async
from django.db import connection, transaction
from django.utils import timezone

from dashboard import frames
from dashboard.errors import EventTooLarge
from dashboard.models import Event, Level
from dashboard.publisher import publisher
from dashboard.statements import Statement, execute
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
        event.seq = _insert(event)
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


# The first statement locks the stream until the commit; all the others happen under that lock.
_TAKE_SEQ = "UPDATE dashboard_stream SET head = head + 1 WHERE id = 1 RETURNING head"
_INSERT_EVENT = (
    "INSERT INTO dashboard_event (seq, timestamp, level, kind, message, guild_id, guild_name,"
    " actor_id, actor_name, command, duration_ms, request_id, data) VALUES"
    " ((SELECT head FROM dashboard_stream WHERE id = 1),"
    " %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_COUNT = (
    "INSERT INTO dashboard_hourlycount (hour, kind, level, count) VALUES (%s, %s, %s, 1)"
    " ON CONFLICT (hour, kind, level) DO UPDATE SET count = dashboard_hourlycount.count + 1"
)
# An actor moves from the last active day to this one: counted here, no more there, remembered.
_NOT_YET = (
    " WHERE NOT EXISTS (SELECT 1 FROM dashboard_activeactor WHERE actor_id = %s AND last_day >= %s)"
)
_ARRIVE = (
    f"INSERT INTO dashboard_activeday (day, actors) SELECT %s, 1 {_NOT_YET}"
    " ON CONFLICT (day) DO UPDATE SET actors = dashboard_activeday.actors + 1"
)
_LEAVE = (
    "UPDATE dashboard_activeday SET actors = actors - 1 WHERE day ="
    " (SELECT last_day FROM dashboard_activeactor WHERE actor_id = %s AND last_day < %s)"
)
_REMEMBER = (
    f"INSERT INTO dashboard_activeactor (actor_id, last_day) SELECT %s, %s {_NOT_YET}"
    " ON CONFLICT (actor_id) DO UPDATE SET last_day = excluded.last_day"
)


def _insert(event: Event) -> int:
    """Write the event and what is counted with it; return its seq."""
    adapt = connection.ops.adapt_datetimefield_value
    hour = event.timestamp.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    values = [
        adapt(event.timestamp),
        str(event.level),
        event.kind,
        event.message,
        event.guild_id,
        event.guild_name,
        event.actor_id,
        event.actor_name,
        event.command,
        event.duration_ms,
        event.request_id,
        msgspec.json.encode(event.data).decode(),
    ]
    statements: list[Statement] = [
        (_TAKE_SEQ, []),
        (_INSERT_EVENT, values),
        (_COUNT, [adapt(hour), event.kind, str(event.level)]),
    ]
    if event.actor_id is not None:
        actor, day = event.actor_id, connection.ops.adapt_datefield_value(hour.date())
        statements += [
            (_ARRIVE, [day, actor, day]),
            (_LEAVE, [actor, day]),
            (_REMEMBER, [actor, day, actor, day]),
        ]
    return int(execute(statements)[0])


def _publish(event: Event) -> None:
    publisher.publish("dashboard", seq=event.seq, frame=frames.new_event(event))
