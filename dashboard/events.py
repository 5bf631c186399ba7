"""The one door through which something gets into the log.

`record_event` writes the event in the caller's transaction, so that a change and its event commit
or roll back together, and publishes it once that transaction has committed; `record_events` does
so with many.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, NamedTuple, cast
from uuid import UUID

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
INSERT_MAX_EVENTS = 500  # 13 values each: SQLite takes 32,766 in a statement


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


class Fact(NamedTuple):
    """What `record_event` takes, for several at once."""

    kind: str
    message: str
    level: Level = Level.INFO
    origin: Origin = NOWHERE
    duration_ms: float | None = None
    data: dict[str, Any] | None = None


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
    (event,) = record_events([Fact(kind, message, level, origin, duration_ms, data)])
    return event


def record_events(facts: Sequence[Fact]) -> list[Event]:
    """Record all of `facts`, in this order and at one time, as `record_event` does one.

    The lock is taken once and the statements are as many as for one: that is for who has many.
    """
    at = timezone.now()
    events = [_event(fact, at) for fact in facts]
    with transaction.atomic(savepoint=False):
        for first in range(0, len(events), INSERT_MAX_EVENTS):
            some = events[first : first + INSERT_MAX_EVENTS]
            epoch, previous = _insert(some)
            transaction.on_commit(partial(_publish, some, epoch, previous), robust=True)
    return events


arecord_event = sync_to_async(record_event)
"""`record_event` for an event loop: a transaction of its own, in the thread of the ORM."""


def _event(fact: Fact, at: datetime) -> Event:
    guild, actor = fact.origin.guild, fact.origin.actor
    return Event(
        timestamp=at,
        level=fact.level,
        kind=fact.kind,
        message=clean(fact.message, 500),
        guild_id=guild.id if guild else None,
        guild_name=clean(guild.name, 100) if guild else "",
        actor_id=actor.id if actor else None,
        actor_name=clean(actor.name, 100) if actor else "",
        command=clean(fact.origin.command, 32),
        duration_ms=fact.duration_ms,
        request_id=fact.origin.request_id,
        data=_bounded(fact.kind, fact.data or {}),
    )


def _bounded(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """Return `data` as JSON will give it back."""
    kept = storable(msgspec.to_builtins(data, str_keys=True))
    size = len(msgspec.json.encode(kept))
    if size > DATA_MAX_BYTES:
        raise EventTooLarge(kind=kind, size=size, limit=DATA_MAX_BYTES)
    return cast("dict[str, Any]", kept)


# The first statement locks the stream until the commit; all the others happen under that lock.
_TAKE_SEQS = (
    "UPDATE dashboard_stream SET head = head + %s, previous_at = newest_at, newest_at = %s"
    " WHERE id = 1 RETURNING head, epoch, previous_at"
)
_INSERT_EVENTS = (
    "INSERT INTO dashboard_event (seq, timestamp, level, kind, message, guild_id, guild_name,"
    " actor_id, actor_name, command, duration_ms, request_id, data) VALUES {rows}"
)
_EVENT = "((SELECT head FROM dashboard_stream WHERE id = 1) - %s" + ", %s" * 12 + ")"
_COUNT = (
    "INSERT INTO dashboard_hourlycount (hour, kind, level, count) VALUES {rows}"
    " ON CONFLICT (hour, kind, level)"
    " DO UPDATE SET count = dashboard_hourlycount.count + excluded.count"
)
# Actors move from their last active day to this one: counted here, no more there, remembered.
# What is put into these texts are only so many places for values.
_NEW_TODAY = (
    " FROM ({actors}) AS found WHERE NOT EXISTS (SELECT 1 FROM dashboard_activeactor"
    " WHERE actor_id = found.column1 AND last_day >= %s)"
)
_ARRIVE = (
    "INSERT INTO dashboard_activeday (day, actors) SELECT %s, number FROM"  # noqa: S608 - ours
    f" (SELECT count(*) AS number{_NEW_TODAY}) AS arrived WHERE number > 0"
    " ON CONFLICT (day) DO UPDATE SET actors = dashboard_activeday.actors + excluded.actors"
)
_BEFORE = (
    " FROM dashboard_activeactor WHERE last_day < %s AND actor_id IN (SELECT column1 FROM"
    " ({actors}) AS found)"
)
_LEAVE = (
    f"UPDATE dashboard_activeday SET actors = actors - (SELECT count(*){_BEFORE}"  # noqa: S608 - ours
    f" AND last_day = dashboard_activeday.day) WHERE day IN (SELECT last_day{_BEFORE})"
)
_REMEMBER = (
    f"INSERT INTO dashboard_activeactor (actor_id, last_day) SELECT column1, %s{_NEW_TODAY}"
    " ON CONFLICT (actor_id) DO UPDATE SET last_day = excluded.last_day"
)


@lru_cache
def _texts(events: int, counts: int, actors: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the statements with places for so many of each."""
    found = "VALUES " + ", ".join(["(%s)"] * actors) if actors > 1 else "SELECT %s AS column1"
    return (
        _TAKE_SEQS,
        _INSERT_EVENTS.format(rows=", ".join([_EVENT] * events)),
        _COUNT.format(rows=", ".join(["(%s, %s, %s, %s)"] * counts)),
    ), tuple(text.format(actors=found) for text in (_ARRIVE, _LEAVE, _REMEMBER))


def _insert(events: Sequence[Event]) -> tuple[str, str]:
    """Write events of one time, and what is counted with them; give each its seq.

    Returns the epoch, and the time of the event before them as the wire writes it.
    """
    at = connection.ops.adapt_datetimefield_value(events[0].timestamp)
    hour = events[0].timestamp.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    day = connection.ops.adapt_datefield_value(hour.date())
    counts = Counter((event.kind, str(event.level)) for event in events)
    actors = sorted({event.actor_id for event in events if event.actor_id is not None})
    first, last = _texts(len(events), len(counts), len(actors))
    rows: list[Any] = [
        value
        for back, event in zip(range(len(events) - 1, -1, -1), events, strict=True)
        for value in (back, at, *_columns(event))
    ]
    hour_at = connection.ops.adapt_datetimefield_value(hour)
    counted: list[Any] = [
        value for key, n in sorted(counts.items()) for value in (hour_at, *key, n)
    ]
    taken = [len(events), frames.timestamp(events[0].timestamp)]
    statements: list[Statement] = list(zip(first, (taken, rows, counted), strict=True))
    then: list[Statement] = []
    if actors:
        seen: list[Any] = [day, *actors, day]
        then += zip(last, (seen, [*seen, *actors], seen), strict=True)
        statements.append(then.pop(0))
    head, epoch, previous = execute(statements, then)
    for place, event in enumerate(events, start=1):
        event.seq = head - len(events) + place
    return str(UUID(str(epoch))), previous


def _columns(event: Event) -> Sequence[Any]:
    return (
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
    )


def _publish(events: Sequence[Event], epoch: str, previous: str) -> None:
    for event in events:
        frame = frames.new_event(event)
        publisher.publish(seq=event.seq, frame=frame, epoch=epoch, previous=previous)
        previous = frames.timestamp(event.timestamp)
