"""Frames that many sockets are given at once."""

import struct
from functools import cached_property


class Batch:
    """Text frames in order; what goes over the wire is made once, however many sockets take it."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts

    @cached_property
    def wire(self) -> bytes:
        """The frames as RFC 6455 writes them from a server, one after the other."""
        return b"".join([part for text in self.texts for part in _frame(text.encode())])


def _frame(payload: bytes) -> tuple[bytes, bytes]:
    """Return the header of an unmasked, unfragmented, uncompressed text frame, and its payload."""
    length = len(payload)
    if length < 126:
        return struct.pack("!BB", 0x81, length), payload
    if length < 1 << 16:
        return struct.pack("!BBH", 0x81, 126, length), payload
    return struct.pack("!BBQ", 0x81, 127, length), payload
