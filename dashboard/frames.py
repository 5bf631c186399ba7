"""The frames of `/ws`, as types: what is sent, what is accepted, and the one encoder for both.

Every frame is a JSON object `{"type": ..., "data": ...}`. Snowflakes travel as strings, for
JavaScript's numbers end at 2**53; times are ISO 8601 in UTC with `Z`.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec

from dashboard.models import Event


def timestamp(at: datetime) -> str:
    """Return `at` as the wire writes it, to the millisecond: `2026-01-08T12:00:00.000Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def reference(id: int | None, name: str) -> dict[str, str] | None:
    """Return a guild or an actor as the wire writes it, None where there is none."""
    return None if id is None else {"id": str(id), "name": name}


def event_data(event: Event) -> dict[str, Any]:
    """Return the `data` of an event's `NEW_EVENT` frame; `/api/events` and the page use the same."""
    return {
        "seq": event.seq,
        "type": event.level,
        "kind": event.kind,
        "message": event.message,
        "timestamp": timestamp(event.timestamp),
        "guild": reference(event.guild_id, event.guild_name),
        "actor": reference(event.actor_id, event.actor_name),
        "command": event.command or None,
        "durationMs": event.duration_ms,
        "request": event.request_id or None,
        "data": event.data,
    }


def encode(type: str, data: Any) -> str:
    """Return one frame as the text that goes to browsers."""
    return msgspec.json.encode({"type": type, "data": data}).decode()


def new_event(event: Event) -> str:
    """Return the `NEW_EVENT` frame of `event`."""
    return encode("NEW_EVENT", event_data(event))


class ResumeData(msgspec.Struct):
    """From where a client wants the events it missed."""

    epoch: str
    after: msgspec.Meta
