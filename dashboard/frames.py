"""The frames of `/ws`, as types: what is sent, what is accepted, and the one encoder for both.

Every frame is a JSON object `{"type": ..., "data": ...}`. Snowflakes travel as strings, for
JavaScript's numbers end at 2**53; times are ISO 8601 in UTC with `Z`. docs/wire.md tells it all.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from dashboard.models import Event

PING_ID_MAX_BYTES = 1024


def timestamp(at: datetime) -> str:
    """Return `at` as the wire writes it, to the millisecond: `2026-01-08T12:00:00.000Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def reference(id: int | None, name: str) -> dict[str, str] | None:
    """Return a guild or an actor as the wire writes it, None where there is none."""
    return None if id is None else {"id": str(id), "name": name}


def event_data(event: Event) -> dict[str, Any]:
    """Return the `data` of an event's `NEW_EVENT` frame; the API and the page use the same."""
    return {
        "seq": event.seq,
        "type": str(event.level),
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


def json_text(value: object) -> str:
    """Return a JSON value as text."""
    return msgspec.json.encode(value).decode()


def new_event(event: Event) -> str:
    """Return the `NEW_EVENT` frame of `event`."""
    return encode("NEW_EVENT", event_data(event))


def event_of(frame: str) -> msgspec.Raw:
    """Return the `data` of a `NEW_EVENT` frame as it is, to be put into another frame."""
    return _NewEvent.decode(frame).data


def is_reserved(frame: str) -> bool:
    """Tell whether `frame` is what only a hub or the log may say, or no frame at all.

    That is everything browsers act on. An event without a place in the log is not: they pass it by.
    """
    try:
        found = _NewEvent.decode(frame)
        return found.type in _OF_THE_HUB or (
            found.type == "NEW_EVENT" and _Data.decode(found.data).seq is not None
        )
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return True


class Resume(msgspec.Struct):
    """From where a client wants the events that it missed."""

    epoch: Annotated[str, msgspec.Meta(max_length=64)]
    after: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Ping(msgspec.Struct):
    """A client measures its round trip; `id` comes back as it is."""

    id: msgspec.Raw = msgspec.Raw(b"null")


class BadFrame(Exception):
    """A client's frame was not understood: a `code` of docs/wire.md, and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class _Envelope(msgspec.Struct):
    type: str
    data: msgspec.Raw = msgspec.Raw(b"{}")


class _Place(msgspec.Struct):
    seq: msgspec.Raw | None = None


_Data = msgspec.json.Decoder(_Place)
_OF_THE_HUB = {"STATS_UPDATE", "RESUMED", "PONG", "ERROR"}
_NewEvent = msgspec.json.Decoder(_Envelope)
_CLIENT_FRAMES: dict[str, msgspec.json.Decoder[Resume | Ping]] = {
    "RESUME": msgspec.json.Decoder(Resume),
    "PING": msgspec.json.Decoder(Ping),
}


def decode(text: str) -> Resume | Ping:
    """Return the client frame in `text`; raise `BadFrame` for anything else, whatever it is."""
    try:
        envelope = _NewEvent.decode(text)
    except msgspec.ValidationError as error:
        raise BadFrame("bad_data", f"A frame is {{type, data}}: {error}.") from None
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise BadFrame("not_json", "A frame is a JSON object.") from None
    decoder = _CLIENT_FRAMES.get(envelope.type)
    if decoder is None:
        raise BadFrame("unknown_type", f"A client sends {' or '.join(_CLIENT_FRAMES)}.")
    try:
        frame = decoder.decode(envelope.data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadFrame("bad_data", f"{envelope.type} does not carry this: {error}.") from None
    if isinstance(frame, Ping) and len(bytes(frame.id)) > PING_ID_MAX_BYTES:
        raise BadFrame("bad_data", f"An id has at most {PING_ID_MAX_BYTES} bytes.")
    return frame
