"""Frames that many sockets are given at once."""

import struct


class Batch:
    """Text frames in order; what goes over the wire is made once, however many sockets take it.

    `wire` are the frames as RFC 6455 writes them from a server, one after the other.
    """

    __slots__ = ("texts", "wire")

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts
        self.wire = b"".join([part for text in texts for part in _frame(text.encode())])


def _frame(payload: bytes) -> tuple[bytes, bytes]:
    """Return the header of an unmasked, unfragmented, uncompressed text frame, and its payload."""
    length = len(payload)
    if length < 126:
        return struct.pack("!BB", 0x81, length), payload
    if length < 1 << 16:
        return struct.pack("!BBH", 0x81, 126, length), payload
    return struct.pack("!BBQ", 0x81, 127, length), payload
