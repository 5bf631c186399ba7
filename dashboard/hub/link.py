"""The way out to one browser.

ASGI's `send` tells nothing of how much of what was sent has left: Daphne takes everything and
keeps it in memory. A `Link` writes at once, and knows what is still unsent.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from django.conf import settings

from dashboard.hub.batch import Batch
from dashboard.hub.daphne import DirectLink, daphne_link

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Link(Protocol):
    """What the hub needs of a connection that was accepted."""

    def write(self, text: str) -> None:
        """Send a text frame, in order, without waiting; nothing happens on a closed connection."""

    def pass_on(self, batch: Batch, sent_bytes: int = 0) -> int:
        """Send what everybody is given, in order too; return `unsent_bytes`.

        The first `sent_bytes` of `batch.wire` left already; that is possible only if `straight`.
        """

    @property
    def straight(self) -> DirectLink | None:
        """The link as one that may be written to straight, None if it is none now."""

    def close(self, code: int) -> None:
        """Close with `code` after what was written; a second call does nothing."""

    @property
    def unsent_bytes(self) -> int:
        """How much of what was written has not left this process."""


class QueuedLink:
    """Sends through ASGI's `send`, one message after the other, for any other server."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._queue: deque[dict[str, Any]] = deque()
        self._closed = False
        self._writer: asyncio.Task[None] | None = None
        self.unsent_bytes = 0

    def write(self, text: str) -> None:
        """Send a text frame; nothing happens unless the socket is open."""
        if not self._closed:
            self.unsent_bytes += len(text)
            self._put({"type": "websocket.send", "text": text})

    @property
    def straight(self) -> DirectLink | None:
        """None: only the server has the socket."""
        return None

    def pass_on(self, batch: Batch, sent_bytes: int = 0) -> int:
        """Send what everybody is given; return how much is unsent."""
        for text in batch.texts:
            self.write(text)
        return self.unsent_bytes

    def close(self, code: int) -> None:
        """Close with `code` after what was written."""
        if not self._closed:
            self._closed = True
            self._put({"type": "websocket.close", "code": code})

    def _put(self, message: dict[str, Any]) -> None:
        self._queue.append(message)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.ensure_future(self._drain())

    async def _drain(self) -> None:
        while self._queue:
            message = self._queue.popleft()
            await self._send(message)
            self.unsent_bytes -= len(message.get("text", ""))


def link_for(send: Send) -> Link:
    """Return the best way out of the server behind `send`, which must be the server's own."""
    link = daphne_link(send, direct=settings.SOCKET_DIRECT_WRITES) or QueuedLink(send)
    logger.debug("a browser is reached through a %s", type(link).__name__)
    return link
