"""How gateway payloads become frames: plain, `zlib-stream`, `zstd-stream`, or zlib a payload."""

import json
import zlib
from typing import Any, Protocol

import zstandard

Json = dict[str, Any]


class Encoder(Protocol):
    """Turns payloads into frames, in order: text frames for str, binary ones for bytes."""

    def encode(self, payload: Json) -> str | bytes:
        """The next frame."""


def dumps(payload: Any) -> str:
    """Compact JSON, as Discord writes it."""
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False)


class Plain:
    """Text frames; with `compress` in IDENTIFY, long payloads as one zlib document each."""

    def __init__(self) -> None:
        self.compress_payloads = False

    def encode(self, payload: Json) -> str | bytes:
        """The next frame."""
        text = dumps(payload)
        if self.compress_payloads and len(text) > 1024:
            return zlib.compress(text.encode())
        return text


class ZlibStream:
    """One zlib context for the whole connection; every frame ends with 00 00 ff ff."""

    def __init__(self) -> None:
        self._context = zlib.compressobj()

    def encode(self, payload: Json) -> bytes:
        """The next frame."""
        data = self._context.compress(dumps(payload).encode())
        return data + self._context.flush(zlib.Z_SYNC_FLUSH)


class ZstdStream:
    """One zstd frame for the whole connection; every message ends at a block."""

    def __init__(self) -> None:
        self._context = zstandard.ZstdCompressor().compressobj()

    def encode(self, payload: Json) -> bytes:
        """The next frame."""
        data = self._context.compress(dumps(payload).encode())
        return data + self._context.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)


def encoder_for(compress: str | None) -> Encoder | None:
    """The encoder the `compress` parameter asks for, or None when there is no such one."""
    if compress is None:
        return Plain()
    if compress == "zlib-stream":
        return ZlibStream()
    if compress == "zstd-stream":
        return ZstdStream()
    return None
