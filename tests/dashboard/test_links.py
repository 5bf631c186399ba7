"""The ways out to a browser: Daphne's own protocol on real sockets, and any server's `send`."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

import pytest
from autobahn.websocket.compress import PerMessageDeflateOfferAccept
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from daphne.server import Server
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from OpenSSL import SSL
from twisted.internet.abstract import FileDescriptor
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.tcp import Server as Transport
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from zope.interface import implementer

from botworker.emulator.tls import Certificate
from dashboard.hub import daphne
from dashboard.hub.audience import Audience
from dashboard.hub.batch import Batch
from dashboard.hub.connection import Connection
from dashboard.hub.daphne import DaphneLink, DirectLink, Tracked, daphne_link, surprise_of
from dashboard.hub.link import QueuedLink, link_for
from dashboard.server_sockets import Socket

HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)
DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
BIG = "x" * 400_000


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Accept, and hand `send` to the test."""
    await receive()
    await send({"type": "websocket.accept"})
    given.set_result(send)
    while (await receive())["type"] != "websocket.disconnect":
        pass


given: asyncio.Future[Any]


@implementer(IOpenSSLServerConnectionCreator)
class Ends:
    """Ends TLS with a certificate."""

    def __init__(self, certificate: Certificate) -> None:
        self.context = SSL.Context(SSL.TLS_SERVER_METHOD)
        self.context.use_certificate(x509.load_pem_x509_certificate(certificate.pem.encode()))
        key = serialization.load_pem_private_key(certificate._key.encode(), None)
        self.context.use_privatekey(cast(Any, key))

    def serverConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        return SSL.Connection(self.context, None)


@asynccontextmanager
async def opened(
    headers: bytes = b"",
    certificate: Certificate | None = None,
    protocol: type[WebSocketProtocol] = WebSocketProtocol,
) -> AsyncIterator[tuple[Any, asyncio.StreamReader, Any]]:
    """Connect to Daphne's protocol; yield its `send`, and the browser's reader and writer.

    With a `certificate` TLS is ended there, as `daphne -e ssl:…` does.
    """
    global given
    given = asyncio.get_running_loop().create_future()
    reactor: Any = AsyncioSelectorReactor(asyncio.get_running_loop())
    server = Server(application, endpoints=["none"])
    server.connections = {}
    factory = WebSocketFactory(server, server="test")
    factory.setProtocolOptions(
        perMessageCompressionAccept=lambda offers: (
            offers and PerMessageDeflateOfferAccept(offers[0])
        )
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        theirs = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
    ours.setblocking(False)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    factory.protocol = protocol
    socket_protocol = outer = factory.buildProtocol(None)
    socket_protocol._raw_query_string = b""
    if certificate is not None:
        tls = TLSMemoryBIOFactory(cast(Any, Ends(certificate)), False, factory, reactor)
        outer = TLSMemoryBIOProtocol(tls, socket_protocol)
    transport = Transport(ours, outer, ("here", 0), cast(Any, None), 0, reactor)
    outer.makeConnection(transport)
    transport.startReading()
    trusted = certificate and certificate.client_context()
    reader, writer = await asyncio.open_connection(
        sock=theirs, limit=2**22, ssl=trusted, server_hostname="127.0.0.1" if trusted else None
    )
    writer.write(HANDSHAKE + headers + b"\r\n")
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    try:
        yield await given, reader, writer
    finally:
        writer.close()
        await writer.wait_closed()
        while socket_protocol.state != socket_protocol.STATE_CLOSED:  # noqa: ASYNC110
            await asyncio.sleep(0)
        for details in server.connections.values():
            await details["application_instance"]
        for call in reactor.getDelayedCalls():
            call.cancel()


async def texts(reader: asyncio.StreamReader, count: int) -> list[str]:
    """Read frames as the browser sees them."""
    return [payload.decode() for _, payload in [await frame(reader) for _ in range(count)]]


async def frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    first, length = await reader.readexactly(2)
    if length >= 126:
        length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8))
    return first, await reader.readexactly(length)


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536])
async def test_a_frame_of_any_length_is_read_as_it_was_written(length: int):
    reader = asyncio.StreamReader()
    reader.feed_data(Batch(["x" * length, "ü€😀"]).wire)
    assert await texts(reader, 2) == ["x" * length, "ü€😀"]


async def test_what_everybody_is_given_keeps_its_turn_among_what_one_is_sent():
    async with opened() as (send, reader, _):
        link = daphne_link(send, direct=True)
        assert isinstance(link, DirectLink)
        assert link.pass_on(Batch(["1", "2"])) == 0, "nothing should wait"
        link.write("3")
        assert link.pass_on(Batch(["4"])) > 0, "it overtook what was sent before"
        assert await texts(reader, 4) == ["1", "2", "3", "4"]
        assert link.unsent_bytes == 0


async def test_what_the_kernel_does_not_take_waits_is_counted_and_arrives_in_order():
    async with opened() as (send, reader, _):
        link = daphne_link(send, direct=True)
        assert isinstance(link, DirectLink)
        unsent = link.pass_on(Batch(["1" + BIG, "2"]))
        assert len(BIG) / 2 < unsent == link.unsent_bytes < len(BIG)
        assert link.pass_on(Batch(["3"])) == unsent + 3
        link.write("4")
        link.close(4008)
        link.pass_on(Batch(["after the end"]))
        found = await texts(reader, 4)
        assert [text[0] for text in found] == ["1", "2", "3", "4"]
        assert await frame(reader) == (0x88, (4008).to_bytes(2))
        assert link.unsent_bytes == 0


async def test_a_connection_that_broke_takes_nothing_and_harms_nobody():
    async with opened() as (send, _, writer):
        link = daphne_link(send, direct=True)
        assert isinstance(link, DirectLink)
        writer.transport.abort()
        while link.pass_on(Batch(["x"])):  # noqa: ASYNC110 - until Twisted has noticed
            await asyncio.sleep(0)
        link.write("x")
        link.close(4008)


async def test_each_frame_is_sent_by_itself_when_the_connection_compresses():
    async with opened(DEFLATE) as (send, reader, _):
        link = daphne_link(send, direct=True)
        assert type(link) is DaphneLink
        link.pass_on(Batch(["1", "2"]))
        assert [(await frame(reader))[0] for _ in range(2)] == [0xC1, 0xC1]


async def test_nothing_goes_past_tls_that_ends_in_this_process():
    async with opened(certificate=Certificate()) as (send, reader, _):
        link = daphne_link(send, direct=True)
        assert type(link) is DaphneLink
        assert link.straight is None
        link.pass_on(Batch(["1" + BIG, "2"]))
        assert link.unsent_bytes > len(BIG) / 2, "a browser that reads nothing is not noticed"
        assert [text[0] for text in await texts(reader, 2)] == ["1", "2"]


async def test_only_an_open_connection_that_tells_of_its_end_is_written_to_straight():
    async with opened() as (send, _, _):
        link = daphne_link(send, direct=True)
        assert isinstance(link, DirectLink)
        assert link.straight is None, "Daphne's own protocol does not tell"
    async with opened(protocol=Socket) as (send, reader, _):
        link = daphne_link(send, direct=True)
        assert isinstance(link, DirectLink)
        assert link.straight is link
        assert link.send(Batch(["1"]).wire) == 3
        assert await texts(reader, 1) == ["1"]
        before = Tracked.changes
        link.close(4008)
        assert Tracked.changes > before
        assert link.straight is None
        assert link.transport in link.reactor.getWriters(), "what waits is not named"


async def test_what_everybody_is_given_does_not_overtake_what_waits_for_one(settings: Any):
    settings.SOCKET_UNSENT_MAX_BYTES = 4 * len(BIG)
    async with opened(protocol=Socket) as (send, reader, _):
        link = daphne_link(send, direct=True)
        assert link is not None
        audience = Audience(Counter())
        audience.add(Connection(link, user_id=1, session_key=""))
        for number in range(5):
            audience.pass_on(Batch([f"{number}{BIG if number in {0, 2} else ''}"]))
        assert link.unsent_bytes > 0, "nothing had to wait"
        assert [text[0] for text in await texts(reader, 5)] == list("01234")


def test_daphne_and_twisted_are_as_known_and_a_change_of_theirs_is_told():
    assert surprise_of(WebSocketProtocol, FileDescriptor) is None

    class Renamed:
        STATE_OPEN = 3

    class Counting(FileDescriptor):
        def write(self, data: bytes) -> None:
            self.dataBuffer += data + data

    assert "sendMessage and no sendClose" in (surprise_of(Renamed, FileDescriptor) or "")
    assert surprise_of(WebSocketProtocol, Counting) is not None


async def test_each_frame_is_sent_by_itself_when_asked_to_or_when_daphne_is_not_as_known(
    settings: Any, monkeypatch: pytest.MonkeyPatch
):
    assert daphne.unknown() is None
    async with opened() as (send, reader, _):
        settings.SOCKET_DIRECT_WRITES = False
        link = link_for(send)
        assert type(link) is DaphneLink
        assert link.pass_on(Batch(["1", "2"])) > 0
        settings.SOCKET_DIRECT_WRITES = True
        with monkeypatch.context() as patch:
            patch.setattr(daphne, "unknown", lambda: "it has changed")
            assert type(link_for(send)) is DaphneLink
        assert await texts(reader, 2) == ["1", "2"]
        assert type(link_for(send)) is DirectLink


async def test_any_other_server_is_sent_frame_after_frame_through_its_own_send():
    sent: list[Any] = []
    turn = asyncio.Event()

    async def send(message: Any) -> None:
        await turn.wait()
        sent.append(message)

    for given in (send, partial(send)):
        link = link_for(given)
        assert isinstance(link, QueuedLink)
        assert link.pass_on(Batch(["1", "22"])) == 3
        link.write("3")
        link.close(4009)
        link.write("after the end")
        turn.set()
        while link.unsent_bytes or len(sent) < 4:  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert [message.get("text", message.get("code")) for message in sent] == [
            "1", "22", "3", 4009,
        ]  # fmt: skip
        sent.clear()
        turn.clear()
