"""Daphne, with bounds on what it reads and every header on what it answers by itself."""

import asyncio
import logging
import time
from functools import partial
from random import uniform
from types import SimpleNamespace
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.server import Server as Daphne
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from django.conf import settings
from twisted.web import http

from dashboard import metrics
from dashboard.addresses import behind_proxies
from dashboard.allowance import Allowance
from dashboard.headers import security_headers
from dashboard.hub.codes import TOO_MANY
from dashboard.hub.daphne import Tracked
from dashboard.origins import is_allowed

logger = logging.getLogger("aurora.access")

HANDSHAKE = (
    "_raw_query_string", "_transport_details", "application_deferred", "http_headers",
    "http_request_data", "http_request_host", "http_request_params", "http_request_path",
    "http_request_uri", "http_response_data", "http_status_line", "websocket_extensions",
    "websocket_protocols",
)  # fmt: skip
"""What a protocol of Autobahn's keeps of its handshake, and needs no more once it is open."""

LENGTH_MAX_DIGITS = 18
"""A `Content-Length` with more of them is nobody's; one of 5,000 Python does not even read."""

SILENCE_SECONDS = 20
"""How long a client may be silent within a request, or between two of them."""
FRAMES_PER_SECOND_MAX = 1000
"""Pings, pongs and fragments too, of which the application hears nothing."""
LEAVE_SECONDS = 2.0
"""How long a client that has said goodbye may take to read what it was sent."""
READ_BYTES = 4096
"""How much of one socket is read at a time: the smallest frames in it take some 10 ms."""


_Channel: Any = http.HTTPChannel


def _refusal(status: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Length: 0", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in security_headers().items()]
    return "\r\n".join([*lines, "", ""]).encode()


class Channel(_Channel):
    """A connection; what is no HTTP is answered with every header as well."""

    def _respondToBadRequestAndDisconnect(self) -> None:
        logger.info("refused", extra={"status": 400, "client": str(self.getPeer().host)})
        self.transport.write(_refusal("400 Bad Request"))
        self.loseConnection()

    def _maybeChooseTransferDecoder(self, header: bytes, data: bytes) -> Any:
        if header == b"Content-Length" and len(data) > LENGTH_MAX_DIGITS:
            return self._failChooseTransferDecoder()
        return super()._maybeChooseTransferDecoder(header, data)


class Request(WebRequest):
    """One request. Its body is counted while it arrives: nobody fills our memory or disk."""

    _body_bytes = 0
    _refused = False

    def __init__(self, *args: Any, **options: Any) -> None:
        """Leave forms to Django: Twisted hangs up on some of them."""
        super().__init__(*args, **options)
        self._parsePOSTFormSubmission = False

    def gotLength(self, length: int | None) -> None:
        """Take the body, or refuse it by the length that was announced."""
        super().gotLength(length)
        if (length or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            self._refuse_body()

    def handleContentChunk(self, data: bytes) -> None:
        """Keep a part of the body, or refuse it: a chunked one announces no length."""
        self._body_bytes += len(data)
        if self._body_bytes <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            super().handleContentChunk(data)
        else:
            self._refuse_body()

    def _refuse_body(self) -> None:
        """Answer 413 and hang up: the rest of the body is not read."""
        if self._refused:
            return
        self._refused = True
        self._tell(413)
        self.channel.transport.write(_refusal("413 Content Too Large"))
        self.channel.loseConnection()

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Go on with a request that is whole, unless it was refused."""
        if not self._refused:
            super().requestReceived(command, path, version)

    def _tell(self, status: int) -> None:
        forwarded = b",".join(self.requestHeaders.getRawHeaders(b"X-Forwarded-For", []))
        connection = str(getattr(self.client, "host", ""))
        client = behind_proxies(connection, forwarded.decode("latin1"))
        logger.info("refused", extra={"status": status, "client": client or ""})

    def process(self) -> Any:
        """Serve, but a handshake from no page of ours not even as far as its parsing."""
        self.requestHeaders.removeHeader(b"Daphne-Root-Path")  # it would change every link
        self.requestHeaders.removeHeader(b"Sec-WebSocket-Protocol")  # we speak none, whatever it is
        if self.clientproto == b"HTTP/1.0":
            self.requestHeaders.removeHeader(b"Upgrade")  # RFC 9110, section 7.8
        upgrade = self.requestHeaders.getRawHeaders(b"Upgrade", [b""])[0]
        origins = self.requestHeaders.getRawHeaders(b"Origin", [])
        if upgrade.lower() == b"websocket" and not is_allowed(origins):
            self.basic_error(403, b"Forbidden", "This origin may not connect.")
            return None
        return super().process()

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        """Answer what never reached Django, or broke outside it: in plain text, saying little."""
        headers = [(b"Content-Type", b"text/plain; charset=utf-8")]
        headers += [(name.encode(), text.encode()) for name, text in security_headers().items()]
        self._tell(status)
        text = f"{status} {status_text.decode('ascii')}\n".encode()
        headers.append((b"Content-Length", b"%d" % len(text)))
        self.handle_reply({"type": "http.response.start", "status": status, "headers": headers})
        self.handle_reply({"type": "http.response.body", "body": text})


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
        """Count how it ended: with the code that we said, or else the browser's."""
        metrics.closed(self.localCloseCode if self.closedByMe else code)
        super().onClose(wasClean, code, reason)


class _Requests(HTTPFactory):
    protocol = Channel

    def buildProtocol(self, addr: Any) -> Any:
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = Request
        protocol.timeOut = SILENCE_SECONDS
        return protocol


class _Sockets(WebSocketFactory):
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


class Server(Daphne):
    """Daphne's server, which makes its factories by name: they are exchanged as they are set."""

    @property
    def http_factory(self) -> Any:
        """What makes the protocol of a connection."""
        return self._http_factory

    @http_factory.setter
    def http_factory(self, factory: HTTPFactory) -> None:
        self._http_factory = _Requests(self)

    @property
    def ws_factory(self) -> Any:
        """What makes the protocol of a socket."""
        return self._ws_factory

    @ws_factory.setter
    def ws_factory(self, factory: WebSocketFactory) -> None:
        self._ws_factory = _Sockets(self, server=self.server_name)
        self._ws_factory.setProtocolOptions(failByDrop=False)

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Run the application for a request or a socket; return what it hears through."""
        if not isinstance(protocol, Socket):
            return super().create_application(protocol, scope)
        inbox = Inbox()
        scope["asgi"] = {"version": "3.0"}
        send = partial(self.handle_reply, protocol)
        serving = self.application(scope=scope, receive=inbox.get, send=send)
        self.connections[protocol]["application_instance"] = asyncio.ensure_future(serving)
        return inbox
