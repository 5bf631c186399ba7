"""A socket in the server: light once it is open, bounded in what it is read, closed with a code."""

import asyncio
import time
from random import uniform
from types import SimpleNamespace
from typing import Any

from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol

from dashboard import metrics
from dashboard.allowance import Allowance
from dashboard.headers import security_headers
from dashboard.hub.codes import TOO_MANY
from dashboard.hub.daphne import Tracked

HANDSHAKE = (
    "_raw_query_string", "_transport_details", "application_deferred", "http_headers",
    "http_request_data", "http_request_host", "http_request_params", "http_request_path",
    "http_request_uri", "http_response_data", "http_status_line", "websocket_extensions",
    "websocket_protocols",
)  # fmt: skip
"""What a protocol of Autobahn's keeps of its handshake, and needs no more once it is open."""

FRAMES_PER_SECOND_MAX = 1000
"""Pings, pongs and fragments too, of which the application hears nothing."""
LEAVE_SECONDS = 2.0
"""How long a client that has said goodbye may take to read what it was sent."""
READ_BYTES = 4096
"""How much of one socket is read at a time: the smallest frames in it take some 10 ms."""


class Socket(Tracked, WebSocketProtocol):
    """One socket; a refused handshake is answered with every header.

    What breaks the protocol of WebSockets itself (a message over 1 MiB, text that is not UTF-8, a
    forbidden frame) is told by a close code, where Daphne would just hang up.
    """

    last_ping: float  # of the machine's clock, as Daphne notes it
    socket_opened: float
    _frames: Allowance | None = None
    _last_read = False

    def onOpen(self) -> None:
        """Let go of what only the handshake needed: a socket is idle for hours."""
        super().onOpen()
        # Those opened together, after a restart, are not to be pinged together for ever.
        self.last_ping -= uniform(0, self.server.ping_interval)  # noqa: S311 - no secret
        self.transport.unregisterProducer()  # the HTTP of before, with its request
        self.transport.bufferSize = READ_BYTES
        self.clean_headers.clear()  # the scope's are these
        self.request: Any = SimpleNamespace(path=self.request.path)
        self.__dict__ = {name: it for name, it in vars(self).items() if name not in HANDSHAKE}

    def dataReceived(self, data: bytes) -> None:
        """Go on reading, but past what follows such a break: hanging up at once loses the code.

        Past what follows our close as well, but for what may be the answer to it.
        """
        if self.failedByMe or self._last_read:
            return
        self._last_read = self.state == self.STATE_CLOSING
        super().dataReceived(data)

    def onFrameBegin(self) -> None:
        """Take a frame, or close: no browser sends so many."""
        if self._frames is None:
            self._frames = Allowance(FRAMES_PER_SECOND_MAX)
        if not self._frames.take():
            self.sendClose(code=TOO_MANY)
        super().onFrameBegin()

    def check_timeouts(self) -> None:
        """Ping in time, also when the clock of the machine was set back."""
        now = time.time()
        self.socket_opened = min(self.socket_opened, now)
        self.last_ping = min(self.last_ping, now)
        super().check_timeouts()

    def dropConnection(self, abort: bool = False) -> None:
        """Hang up: when what was written has left, but soon, if `abort` is not to be at once.

        A close that is none is answered with its code; then Autobahn takes it for the answer.
        """
        if abort and not (self.failedByMe and self.wasClean):
            super().dropConnection(abort=True)
        else:
            super().dropConnection(abort=False)
            asyncio.get_running_loop().call_later(LEAVE_SECONDS, self.transport.abortConnection)

    def sendHttpErrorResponse(
        self,
        code: int,
        reason: str,
        responseHeaders: Any = None,
    ) -> None:
        """Answer a handshake with an error."""
        own = [*security_headers().items(), ("Content-Length", "0"), ("Connection", "close")]
        super().sendHttpErrorResponse(code, reason, [*(responseHeaders or []), *own])

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """Tell how it ended: with the code that we said, or else the browser's."""
        how = self.localCloseCode if self.closedByMe else code
        metrics.closed(how)
        super().onClose(wasClean, how, reason)


class Sockets(WebSocketFactory):
    """Makes them."""

    def setProtocolOptions(self, **options: Any) -> None:
        """Have the options in a class for all sockets; each would keep a copy of all of them."""
        super().setProtocolOptions(**options)
        found = {name: getattr(self, name) for name in WebSocketProtocol.CONFIG_ATTRS}
        shared = {name: staticmethod(it) if callable(it) else it for name, it in found.items()}
        self.protocol = type("Socket", (Socket,), {"CONFIG_ATTRS": (), **shared})


class Inbox:
    """What a socket's application has not heard yet. One reads: an `asyncio.Queue` is 3 KB."""

    __slots__ = ("_messages", "_waiter")

    def __init__(self) -> None:
        self._messages: list[dict[str, Any]] = []
        self._waiter: asyncio.Future[None] | None = None

    def put_nowait(self, message: dict[str, Any]) -> None:
        """Have `message` heard after those before it."""
        self._messages.append(message)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def get(self) -> dict[str, Any]:
        """Return the next message. A call that is cancelled takes none."""
        while not self._messages:
            waiter = self._waiter = asyncio.get_running_loop().create_future()
            try:
                await waiter
            finally:
                if self._waiter is waiter:
                    self._waiter = None
        return self._messages.pop(0)
