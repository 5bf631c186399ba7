"""Reading what a gateway client sends."""

import json
from enum import IntEnum
from typing import Any


class Op(IntEnum):
    """Gateway opcodes."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE_STATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11
    REQUEST_SOUNDS = 31


class Closed(Exception):
    """The connection is to be closed with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


def read(frame: str | bytes, max_bytes: int) -> tuple[int, Any]:
    """The opcode and data of a frame, text or binary. Raises Closed with 4002 or 4001."""
    raw = frame.encode() if isinstance(frame, str) else frame
    if len(raw) > max_bytes:
        raise Closed(4002, "Payload exceeded the maximum size.")
    try:
        payload = json.loads(raw)
    except (ValueError, RecursionError):
        raise Closed(4002, "Error while decoding payload.") from None
    if not isinstance(payload, dict):
        raise Closed(4002, "Error while decoding payload.")
    op = payload.get("op")
    if not isinstance(op, int) or isinstance(op, bool):
        raise Closed(4001, "Unknown opcode.")
    return op, payload.get("d")
