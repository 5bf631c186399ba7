"""What a socket is in the server: light once it is open, and pinged in its own time."""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from typing import Any, cast

import aiohttp
import pytest
from daphne.ws_protocol import WebSocketFactory
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.task import Clock
from twisted.internet.tcp import Server as Transport

from dashboard.hub.codes import TOO_MANY
from dashboard.server import CHECK_SECONDS, CHECKED_AT_ONCE, Server
from dashboard.server_sockets import FRAMES_PER_SECOND_MAX, HANDSHAKE, Inbox, Socket
from tests.broker import Broker
from tests.dashboard.test_headers import ask
from tests.drill.web import Web
from tests.web import LiveWeb, database_url

REQUEST = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Cookie: sessionid=abc\r\n\r\n"
)

Opened = tuple[Any, dict[str, Any], asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def served(ping_interval: float = 10) -> AsyncIterator[Callable[[], Any]]:
    """Have our server, without its listening; yield what opens a socket to it.

    That returns the server's protocol, the scope of the application, and the browser's two ends.
    """
    scopes: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert (b"cookie", b"sessionid=abc") in scope["headers"]
        scope["ended"] = asyncio.get_running_loop().create_future()
        scopes.append(scope)
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
        scope["ended"].set_result(message["code"])

    reactor: Any = AsyncioSelectorReactor(asyncio.get_running_loop())
    server = Server(application, endpoints=["none"], ping_interval=ping_interval)
    server.connections = {}
    server.ws_factory = WebSocketFactory(server, server="test")
    server.ws_factory.setProtocolOptions(autoPingTimeout=7, allowNullOrigin=True)

    async def open_one() -> Opened:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            theirs = socket.create_connection(listener.getsockname())
            ours, _ = listener.accept()
        ours.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=theirs)
        stack.push_async_callback(writer.wait_closed)
        stack.callback(writer.close)
        protocol = server.ws_factory.buildProtocol(None)
        protocol._raw_query_string = b""
        transport = Transport(ours, protocol, ("here", 0), cast(Any, None), 0, reactor)
        transport.registerProducer(object(), True)  # as HTTP does before it is upgraded
        protocol.makeConnection(transport)
        transport.startReading()
        writer.write(REQUEST)
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        return protocol, scopes[-1], reader, writer

    async with AsyncExitStack() as stack:
        yield open_one
    for scope in scopes:
        await scope["ended"]
    for details in server.connections.values():
        await details["application_instance"]
    for call in reactor.getDelayedCalls():
        call.cancel()


async def test_an_open_socket_keeps_nothing_that_only_its_handshake_needed():
    async with served() as open_one:
        protocol, scope, _, _ = await open_one()
        assert scope["headers"] == [], "the headers are kept"
        assert not set(HANDSHAKE) & set(vars(protocol))
        texts = [it for it in vars(protocol).values() if isinstance(it, str | bytes | list | dict)]
        assert "sessionid=abc" not in repr(texts)
        assert protocol.transport.producer is None, "the request is kept"
        assert not set(Socket.CONFIG_ATTRS) & set(vars(protocol))


async def test_a_socket_has_the_options_that_were_set_last():
    async with served() as open_one:
        protocol, _, _, _ = await open_one()
        assert (protocol.autoPingTimeout, protocol.failByDrop) == (7, False)
        assert protocol.perMessageCompressionAccept([]) is None


async def test_a_light_socket_is_heard_in_order_and_closes_with_its_code():
    async with served() as open_one:
        _, scope, reader, writer = await open_one()
        for text in (b"one", b"two"):
            writer.write(b"\x81\x83\0\0\0\0" + text)
        assert await reader.readexactly(10) == b"\x81\x03one\x81\x03two"
        writer.write(b"\x88\x82\0\0\0\0" + (4007).to_bytes(2))
        assert await reader.readexactly(4) == b"\x88\x02" + (1000).to_bytes(2)
        assert await scope["ended"] == 4007


@pytest.mark.parametrize("frame", [b"\x89\x80\0\0\0\0", b"\x8a\x80\0\0\0\0", b"\x00\x80\0\0\0\0"])
async def test_a_flood_of_frames_that_are_no_message_is_closed_and_read_past(frame: bytes):
    async with served() as open_one:
        _, _, reader, writer = await open_one()
        writer.write(b"\x01\x80\0\0\0\0" if frame[0] == 0 else b"")  # a message that never ends
        writer.write(frame * (FRAMES_PER_SECOND_MAX - 1))
        if frame[0] == 0x89:
            assert await reader.readexactly(2) == b"\x8a\x00"
        writer.write(frame * 20_000)
        async with asyncio.timeout(10):
            told = await reader.readuntil(b"\x88\x02" + TOO_MANY.to_bytes(2))
        assert told.count(b"\x8a\x00") < 2 * FRAMES_PER_SECOND_MAX


async def test_who_says_goodbye_and_reads_nothing_is_let_go_of():
    async with served() as open_one:
        protocol, scope, _, writer = await open_one()
        writer.transport.pause_reading()
        while not protocol.transport.dataBuffer:
            protocol.sendMessage(b"x" * 1_000_000)
            await asyncio.sleep(0)
        writer.write(b"\x88\x82\0\0\0\0" + (1000).to_bytes(2))
        assert await scope["ended"] == 1000


async def test_a_clock_that_is_set_back_keeps_no_socket_from_its_ping():
    async with served(ping_interval=0) as open_one:
        protocol, _, reader, _ = await open_one()
        protocol.last_ping = protocol.socket_opened = time.time() + 3600
        protocol.check_timeouts()
        protocol.check_timeouts()
        assert (await reader.readexactly(2))[0] == 0x89


async def test_sockets_opened_together_are_not_pinged_together():
    async with served(ping_interval=1000) as open_one:
        opened = [await open_one() for _ in range(30)]
        first = [protocol.last_ping + 1000 - protocol.socket_opened for protocol, *_ in opened]
        assert all(0 <= due <= 1001 for due in first)
        assert max(first) - min(first) > 300  # 30 of them are nearer together 1 in 10^14 times


async def test_an_inbox_is_read_in_order_and_waited_for():
    inbox = Inbox()
    first = asyncio.ensure_future(inbox.get())
    await asyncio.sleep(0)
    for number in range(3):
        inbox.put_nowait({"number": number})
    assert [(await first), await inbox.get(), await inbox.get()] == [
        {"number": number} for number in range(3)
    ]


@pytest.mark.parametrize("before", [True, False])
async def test_a_reader_that_gives_up_takes_no_message_with_it(before: bool):
    inbox = Inbox()
    first = asyncio.ensure_future(inbox.get())
    await asyncio.sleep(0)
    if before:
        inbox.put_nowait({"number": 1})
    first.cancel()
    second = asyncio.ensure_future(inbox.get())
    await asyncio.sleep(0)
    if not before:
        inbox.put_nowait({"number": 1})
    assert await second == {"number": 1}
    assert first.cancelled()


@pytest.mark.django_db(transaction=True)
async def test_the_collector_does_not_look_through_what_was_loaded_at_the_start(broker: Broker):
    web = Web({"DATABASE_URL": database_url(), "REDIS_URL": settings.REDIS_URL})
    async with web, aiohttp.ClientSession() as http:
        assert (await http.get(f"{web.url}/healthz")).status == 200
        holding = await web.holding(tidy=True)
    assert 0 < holding.objects < 30_000  # 110,000 are loaded


def test_all_connections_are_looked_at_in_time_and_a_few_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
):
    clock = Clock()
    monkeypatch.setattr("dashboard.server._reactor", clock)
    looks: list[tuple[int, float]] = []
    server = Server(lambda: None, endpoints=["none"])

    class Connection:
        def __init__(self, each: int) -> None:
            self.each = each

        def check_timeouts(self) -> None:
            looks.append((self.each, clock.seconds()))

    server.connections = {Connection(each): {} for each in range(60)}
    server.timeout_checker()
    clock.pump([0.1] * 100)
    for each in range(60):
        moments = [at for who, at in looks if who == each]
        gaps = [later - at for at, later in pairwise(moments)]
        assert len(gaps) >= 3
        assert all(CHECK_SECONDS - 0.2 <= gap <= CHECK_SECONDS + 0.4 for gap in gaps)
    assert max(Counter(at for _, at in looks).values()) == CHECKED_AT_ONCE
    clock.advance(CHECK_SECONDS / 2)  # amidst them
    server.connections = {}
    looks.clear()
    clock.pump([0.1] * 50)
    assert looks == [], "who is gone is not looked at again"


def test_what_was_asked_is_answered_though_the_process_stops(live_web: LiveWeb, viewer: User):
    cookie = live_web.cookie(viewer)
    token = "a" * 32
    asked = (
        f"POST /logout/ HTTP/1.1\r\nHost: 127.0.0.1:{live_web.port}\r\nContent-Length: 0\r\n"
        f"Cookie: {cookie['name']}={cookie['value']}; csrftoken={token}\r\n"
        f"Origin: {live_web.url}\r\nX-CSRFToken: {token}\r\n\r\n"
    )
    here = ("127.0.0.1", live_web.port)
    with ThreadPoolExecutor(1) as threads, socket.create_connection(here, 20) as somebody:
        with transaction.atomic():
            Session.objects.update(expire_date=F("expire_date"))  # who would end it has to wait
            somebody.sendall(asked.encode())
            assert ask(live_web, "/healthz").status == 200  # so the other was read before
            stopping = threads.submit(live_web.stop)
            with pytest.raises(ConnectionError):
                while True:
                    ask(live_web, "/healthz")
        assert somebody.recv(12) == b"HTTP/1.1 302"
        stopping.result()
    assert not Session.objects.exists()
