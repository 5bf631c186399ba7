"""A socket without a browser behind it: it does only what it is told."""

import asyncio
import base64
import os
import socket

HANDSHAKE_SECONDS = 10.0
DRAIN_SECONDS = 60.0
DRAIN_BYTES = 1_000_000
CHUNK_BYTES = 65536
ANSWER_BYTES = 512
CLOSE_FRAME = 0x88


class RawSocket:
    """A WebSocket that was opened and then left alone: nothing is read, no ping is answered."""

    def __init__(self, port: int, cookie: str, *, receive_bytes: int = 0) -> None:
        self._port = port
        self._cookie = cookie
        self._socket = socket.socket()
        self._socket.setblocking(False)
        if receive_bytes:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)

    async def open(self) -> None:
        """Make the handshake, and read hardly further than its answer."""
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self._socket, ("127.0.0.1", self._port))
        key = base64.b64encode(os.urandom(16)).decode()
        origin = f"http://127.0.0.1:{self._port}"
        request = (
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nOrigin: {origin}\r\n"
            f"Cookie: {self._cookie}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await loop.sock_sendall(self._socket, request.encode())
        answer = b""
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            while b"\r\n\r\n" not in answer:
                answer += await loop.sock_recv(self._socket, ANSWER_BYTES)
        self._received = bytearray(answer.partition(b"\r\n\r\n")[2])
        if not answer.startswith(b"HTTP/1.1 101"):
            raise ConnectionError(answer.decode(errors="replace"))

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        await asyncio.get_running_loop().sock_sendall(self._socket, data)

    async def drain(self) -> int | None:
        """Read until the other side ends; return its close code, None if there was none."""
        loop = asyncio.get_running_loop()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, DRAIN_BYTES)
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while chunk := await loop.sock_recv(self._socket, CHUNK_BYTES):
                    self._received += chunk
        except ConnectionError:
            pass  # cut off: what came before counts
        return _close_code(bytes(self._received))

    def close(self) -> None:
        """Close it."""
        self._socket.close()


def _close_code(stream: bytes) -> int | None:
    """Return the code of the close frame in a server's `stream` of frames."""
    at = 0
    while at + 2 <= len(stream):
        kind, size, body = stream[at], stream[at + 1] & 127, at + 2
        if size >= 126:
            width = 2 if size == 126 else 8
            size, body = int.from_bytes(stream[body : body + width]), body + width
        if kind == CLOSE_FRAME:
            return int.from_bytes(stream[body : body + 2])
        at = body + size
    return None
