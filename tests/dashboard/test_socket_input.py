"""What a client sends to `/ws`, and how: what is answered, what is closed, what opens at all."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, suppress

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from tests.dashboard.sockets import arecord, browser, status_of
from tests.dashboard.test_headers import ask
from tests.drill.raw import RawSocket
from tests.web import LiveWeb

pytestmark = pytest.mark.django_db(transaction=True)

Web = Callable[..., LiveWeb]


async def test_a_ping_is_answered_with_its_own_id(live_web: LiveWeb, cookie: dict[str, str]):
    async with browser(live_web, cookie) as page:
        for given in ["a", 7, None, {"x": [1]}, "x" * 1022]:
            await page.send("PING", id=given)
            assert await page.receive_until("PONG") == {"id": given}


BAD_FRAMES = {
    "garbage": ("hello", "not_json"),
    "array": ("[1]", "bad_data"),
    "deeply nested": ('{"type":"PING","data":' + "[" * 5000 + "]" * 5000 + "}", "not_json"),
    "unknown type": ('{"type":"DROP TABLE","data":{}}', "unknown_type"),
    "number of 5,000 digits": (
        '{"type":"RESUME","data":{"epoch":"e","after":' + "9" * 5000 + "}}",
        "bad_data",
    ),
    "negative position": ('{"type":"RESUME","data":{"epoch":"e","after":-1}}', "bad_data"),
    "missing field": ('{"type":"RESUME","data":{}}', "bad_data"),
    "nothing": ("", "not_json"),
    "null": ("null", "bad_data"),
    "data that is a list": ('{"type":"PING","data":[]}', "bad_data"),
    "half a pair of surrogates": (r'{"type":"PING","data":{"id":"\ud800"}}', "not_json"),
    "no number": ('{"type":"RESUME","data":{"epoch":"e","after":NaN}}', "not_json"),
    "infinity": ('{"type":"RESUME","data":{"epoch":"e","after":1e999}}', "bad_data"),
    "true for a position": ('{"type":"RESUME","data":{"epoch":"e","after":true}}', "bad_data"),
    "a position of 2^63": (
        '{"type":"RESUME","data":{"epoch":"e","after":9223372036854775808}}',
        "bad_data",
    ),
    "an id of 1,025 bytes": (json.dumps({"type": "PING", "data": {"id": "x" * 1023}}), "bad_data"),
    "two types": ('{"type":"PING","type":"DROP","data":{}}', "unknown_type"),
    "oversized": (json.dumps({"type": "PING", "data": {"id": "x" * 20_000}}), "too_large"),
    "binary": (b"\x00\xff", "not_text"),
}


async def test_a_malformed_frame_is_answered_with_a_typed_error_and_the_socket_stays(
    live_web: LiveWeb, cookie: dict[str, str]
):
    for name, (frame, code) in BAD_FRAMES.items():
        async with browser(live_web, cookie) as page:
            send = page.socket.send_bytes if isinstance(frame, bytes) else page.socket.send_str
            await send(frame)  # type: ignore[arg-type]
            error = await page.receive_until("ERROR")
            assert error["code"] == code, name
            assert len(error["message"]) < 300, name
            await page.send("PING", id=1)
            assert await page.receive_until("PONG") == {"id": 1}, name
    assert not [line for line in live_web.lines if "Traceback" in line]


async def test_the_fifth_malformed_frame_closes_with_4500(
    live_web: LiveWeb, cookie: dict[str, str]
):
    async with browser(live_web, cookie) as page:
        for _ in range(5):
            await page.socket.send_str("hello")
        assert await page.close_code() == 4500
        assert page.errors == ["not_json"] * 5


def frame(payload: bytes, *, first: int = 0x81, length: int | None = None) -> bytes:
    """Return a client's frame as it travels; `length` is what it says of itself."""
    said = len(payload) if length is None else length
    if said < 126:
        head = bytes([first, 0x80 | said])
    else:
        head = bytes([first, 0xFF]) + said.to_bytes(8, "big")
    return head + bytes(4) + payload  # a mask of zeros


BROKEN_FRAMES = {
    "3 MB": (frame(b"x" * 3_000_000), 1009),
    "a byte over 1 MiB": (frame(b"x" * 1_048_577), 1009),
    "3 MB, binary": (frame(b"x" * 3_000_000, first=0x82), 1009),
    "3 MB in pieces": (
        frame(b"x" * 70_000, first=0x01) + frame(b"x" * 70_000, first=0x00) * 42,
        1009,
    ),
    "2^62 bytes are announced": (frame(b"x", length=2**62), 1009),
    "invalid UTF-8": (frame(b"\xff\xfe"), 1007),
    "half a character": (frame(b"\xe2\x82"), 1007),
    "a reserved kind of frame": (frame(b"x", first=0x83), 1002),
    "a reserved bit": (frame(b"x", first=0xC1), 1002),
    "a ping of 1 MB": (frame(b"x" * 1_000_000, first=0x89), 1002),
    "the rest of nothing": (frame(b"x", first=0x80), 1002),
    "no mask": (b"\x81\x01x", 1002),
}


@pytest.fixture
async def start_raw(cookie: dict[str, str]) -> AsyncIterator[Callable[[LiveWeb], RawSocket]]:
    """Make sockets with no browser behind them; each is closed with the test."""
    with ExitStack() as stack:

        def start(web: LiveWeb) -> RawSocket:
            raw = RawSocket(web.port, f"{cookie['name']}={cookie['value']}")
            stack.callback(raw.close)
            return raw

        yield start


@pytest.mark.parametrize("name", BROKEN_FRAMES)
async def test_what_breaks_the_protocol_is_closed_with_its_code_and_disturbs_nobody_else(
    live_web: LiveWeb, cookie: dict[str, str], start_raw: Callable[[LiveWeb], RawSocket], name: str
):
    wire, code = BROKEN_FRAMES[name]
    raw = start_raw(live_web)
    async with browser(live_web, cookie) as calm:
        await calm.receive()
        await raw.open()
        await raw.send(wire)
        assert await raw.drain() == code
        await arecord()
        assert [event["seq"] for event in await calm.events(1)] == [1]
    assert not [line for line in live_web.lines if "Traceback" in line]


async def test_a_close_that_is_none_is_answered_with_its_code(
    live_web: LiveWeb, start_raw: Callable[[LiveWeb], RawSocket]
):
    for said, code in [(b"\x03", 1002), ((1005).to_bytes(2), 1002), (b"\x03\xe8\xff", 1007)]:
        raw = start_raw(live_web)
        await raw.open()
        await raw.send(frame(said, first=0x88))
        assert await raw.drain() == code, said


@pytest.mark.parametrize(("first", "code"), [(0x81, 1009), (0x89, 1002)])
async def test_what_follows_such_a_break_is_read_past_and_kept_nowhere(
    live_web: LiveWeb,
    cookie: dict[str, str],
    start_raw: Callable[[LiveWeb], RawSocket],
    first: int,
    code: int,
):
    def memory() -> float:
        figures = ask(live_web, "/metrics", Cookie=f"{cookie['name']}={cookie['value']}").body
        found = re.search(rb"^process_resident_memory_bytes (\S+)", figures, re.MULTILINE)
        assert found is not None
        return float(found[1])

    raw = start_raw(live_web)
    await raw.open()
    before = await sync_to_async(memory)()
    await raw.send(frame(b"", first=first, length=2**62))
    hears = asyncio.create_task(raw.drain())
    with suppress(ConnectionError):  # it hangs up a second after it said why
        for _ in range(60):
            await raw.send(bytes(1_000_000))
    assert await sync_to_async(memory)() - before < 20_000_000
    assert await hears == code


async def test_a_flood_closes_with_4029_and_disturbs_nobody_else(
    live_web: LiveWeb, cookie: dict[str, str]
):
    async with browser(live_web, cookie) as calm, browser(live_web, cookie) as flood:
        await calm.receive()
        for number in range(40):
            await flood.send("PING", id=number)
        assert await flood.close_code() == 4029
        await arecord()
        assert [event["seq"] for event in await calm.events(1)] == [1]


async def test_a_user_has_so_many_sockets_and_no_more(start_web: Web, staff: User, viewer: User):
    web = start_web(SOCKETS_PER_USER_MAX="1")
    mine, other = [await sync_to_async(web.cookie)(user) for user in (staff, viewer)]
    async with browser(web, mine) as first, browser(web, mine) as second:
        await first.receive()
        assert await second.close_code() == 4029
        assert second.errors == ["too_many"]
        async with browser(web, other) as third:
            assert (await third.receive())["type"] == "STATS_UPDATE"


FOREIGN_ORIGINS = [
    None, "null", "https://evil.example", "http://evil.{host}:{port}", "http://{host}.evil:{port}",
    "http://{host}:1", "http://{host}", "https://{host}:{port}", "{own}/", "file://",
    "http://user@{host}:{port}",
]  # fmt: skip
NO_ORIGINS = ["", "http://[", "http://{host}:99999", "http://{host}:abc", "{own}.evil.example"]


def at_home(origin: str | None, web: LiveWeb) -> str | None:
    return origin and origin.format(own=web.url, host="127.0.0.1", port=web.port)


async def test_any_origin_but_the_exact_one_is_refused_with_403(
    live_web: LiveWeb, cookie: dict[str, str]
):
    for origin in FOREIGN_ORIGINS:
        assert await status_of(live_web, cookie, at_home(origin, live_web)) == 403, origin


async def test_an_origin_that_is_no_address_is_refused_before_it_reaches_us(
    live_web: LiveWeb, cookie: dict[str, str]
):
    for origin in NO_ORIGINS:
        assert await status_of(live_web, cookie, at_home(origin, live_web)) in {400, 403}, origin
    assert not [line for line in live_web.lines if "Traceback" in line]


ODD_HANDSHAKES = {
    (b"\r\n\r\n", b"\r\nSec-WebSocket-Protocol: \xff\r\n\r\n"): b"101",
    (b"HTTP/1.1", b"HTTP/1.0"): b"404",
    (b"GET /ws ", b"POST /ws "): b"405",
    (b"Version: 13", b"Version: 12"): b"400",
}


async def test_an_odd_handshake_is_answered_and_breaks_nothing(
    live_web: LiveWeb, cookie: dict[str, str]
):
    request = (
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{live_web.port}\r\nOrigin: {live_web.url}\r\n"
        f"Cookie: {cookie['name']}={cookie['value']}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n"
    )
    for change, status in ODD_HANDSHAKES.items():
        reader, writer = await asyncio.open_connection("127.0.0.1", live_web.port)
        writer.write(request.encode().replace(*change))
        assert (await reader.readline()).split()[1] == status, change
        writer.close()
        await writer.wait_closed()
    assert not [line for line in live_web.lines if "Traceback" in line]
