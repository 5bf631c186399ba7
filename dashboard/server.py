"""Daphne, with bounds on what it reads and every header on what it answers by itself."""

import asyncio
import logging
import math
from functools import partial
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.server import Server as Daphne
from daphne.ws_protocol import WebSocketFactory
from django.conf import settings
from twisted.internet import reactor  # the one that Daphne's server chose
from twisted.internet.defer import Deferred
from twisted.web import http

from dashboard.addresses import behind_proxies
from dashboard.headers import security_headers
from dashboard.origins import is_allowed
from dashboard.server_sockets import LEAVE_SECONDS, Inbox, Socket, Sockets

logger = logging.getLogger("aurora.access")

LENGTH_MAX_DIGITS = 18
"""A `Content-Length` with more of them is nobody's; one of 5,000 Python does not even read."""

SILENCE_SECONDS = 20
"""How long a client may be silent within a request, or between two of them."""
CHECK_SECONDS, CHECKED_AT_ONCE = 2.0, 25
"""How often each connection is looked at, as by Daphne, but so many at a time."""
ANSWER_SECONDS = 5.0
"""How long a process that is to stop goes on with the requests that it had begun to answer."""


_Channel: Any = http.HTTPChannel
_reactor: Any = reactor


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


class _Requests(HTTPFactory):
    protocol = Channel

    def buildProtocol(self, addr: Any) -> Any:
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = Request
        protocol.timeOut = SILENCE_SECONDS
        return protocol


class Server(Daphne):
    """Daphne's server, which makes its factories by name: they are exchanged as they are set."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take what Daphne's takes."""
        super().__init__(*args, **options)
        self._ports: list[Any] = []
        self._unchecked: list[Any] = []
        self._pause = CHECK_SECONDS

    def listen_success(self, port: Any) -> None:
        """Note where we listen."""
        super().listen_success(port)
        self._ports.append(port)

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
        self._ws_factory = Sockets(self, server=self.server_name)
        self._ws_factory.setProtocolOptions(failByDrop=False)

    def timeout_checker(self) -> None:
        """Ping, and end what is silent for too long, a few connections at a time.

        To ping 200 of 1,000 at once would hold up an event for so long.
        """
        if not self._unchecked:
            self._unchecked = list(self.connections)
            self._pause = CHECK_SECONDS / max(1, math.ceil(len(self._unchecked) / CHECKED_AT_ONCE))
        part = self._unchecked[-CHECKED_AT_ONCE:]
        del self._unchecked[-CHECKED_AT_ONCE:]
        _reactor.callLater(self._pause, self.timeout_checker)
        for connection in part:
            try:
                if connection in self.connections:
                    connection.check_timeouts()
            except Exception:
                logger.exception("a connection could not be looked at")

    def kill_all_applications(self) -> Any:
        """Listen no more, and have the reactor wait for what was begun: answers, ends of sockets.

        Daphne's own fails if an answer was given in the last second, and then cuts off all others.
        """
        for port in self._ports:
            port.stopListening()
        return Deferred.fromFuture(asyncio.ensure_future(self._end()))

    async def _end(self) -> None:
        """Return when nothing is served and all was sent; cancel what takes too long."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + ANSWER_SECONDS
        # Again and again: a connection that is kept alive may bring another request meanwhile.
        while ((served := self._served()) or _reactor.getWriters()) and loop.time() < deadline:
            await (asyncio.wait(served, timeout=0.02) if served else asyncio.sleep(0.02))
        for application in served:
            application.cancel()
        if served:
            await asyncio.wait(served, timeout=LEAVE_SECONDS)

    def _served(self) -> list[asyncio.Task[None]]:
        known = [of.get("application_instance") for of in self.connections.values()]
        return [application for application in known if application and not application.done()]

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
