"""Hearing a group: what Redis sends to a subscriber, and what any other layer hands out."""

import asyncio
import copy
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer, get_channel_layer
from hypothesis import given
from hypothesis import strategies as st

from dashboard.hub.intake import Intake
from dashboard.hub.subscription import RedisSubscription, read_messages, subscribed
from tests.broker import Broker

Pushed = list[tuple[bytes, bytes]]


def as_redis_sends(pushed: Pushed) -> bytes:
    def text(value: bytes) -> bytes:
        return b"$%d\r\n%s\r\n" % (len(value), value)

    return b"".join(
        b"*3\r\n" + text(kind) + text(b"a\r\nb") + (text(body) if kind == b"message" else b":1\r\n")
        for kind, body in pushed
    )


@given(
    st.lists(st.tuples(st.sampled_from([b"message", b"subscribe"]), st.binary(max_size=40))),
    st.integers(1, 50),
)
def test_messages_are_whole_wherever_the_network_cuts_them(pushed: Pushed, size: int):
    sent, buffer, found = as_redis_sends(pushed), bytearray(), list[bytes]()
    for at in range(0, len(sent), size):
        buffer += sent[at : at + size]
        payloads, used = read_messages(buffer)
        found += payloads
        del buffer[:used]
    assert found == [body for kind, body in pushed if kind == b"message"]
    assert not buffer


@pytest.mark.parametrize(
    "sent",
    [b"-ERR no\r\n", b"$3\r\nabc\r\n", b"*x\r\n", b"\r\n\r\n", b"*-1\r\n", b"*2\r\n$-9\r\n"],
)
def test_what_no_subscriber_is_sent_is_refused(sent: bytes):
    with pytest.raises(ValueError, match="Redis did not send"):
        read_messages(sent)


@pytest.fixture
def layer_config(settings) -> dict[str, Any]:
    """The options of the layer, to be changed before it is got: a copy, for this test alone."""
    settings.CHANNEL_LAYERS = copy.deepcopy(settings.CHANNEL_LAYERS)
    config: dict[str, Any] = settings.CHANNEL_LAYERS["default"]["CONFIG"]
    return config


async def test_what_never_ends_is_not_kept_for_ever():
    class Endless:
        async def read(self, size: int) -> bytes:
            return bytes(min(size, 1 << 17))

    heard = RedisSubscription(None, "", Endless())
    with pytest.raises(ConnectionError, match="far too long"):
        while True:
            assert await heard.receive() == []


@pytest.mark.parametrize("encrypted", [False, True])
async def test_what_is_said_together_is_heard_together_and_garbage_as_what_it_raised(
    layer_config: dict[str, Any], encrypted: bool
):
    keys = ["of thirty-two characters or more."] if encrypted else None
    layer_config["symmetric_encryption_keys"] = keys
    layer = get_channel_layer()
    async with subscribed(layer, "test") as heard:
        assert isinstance(heard, RedisSubscription)
        await layer.send(heard.channel, {"type": "probe"})
        assert await heard.receive() == [{"type": "probe"}]
        shard = layer._get_layer()._shards[0]
        for number in range(3):
            await layer.group_send("test", {"number": number})
            await shard.publish("asgi__group__test", b"\xc1")
        found: list[Any] = []
        while len(found) < 6:
            found += await heard.receive()
    assert found[::2] == [{"number": 0}, {"number": 1}, {"number": 2}]
    assert all(isinstance(garbage, Exception) for garbage in found[1::2])
    await layer.flush()


async def test_the_end_of_redis_is_the_end_of_the_subscription(broker: Broker):
    async with subscribed(get_channel_layer(), "test") as heard:
        broker.stop()
        with pytest.raises(ConnectionError):
            while True:
                await heard.receive()


async def test_a_redis_that_speaks_another_way_is_heard_through_the_layer(
    broker: Broker, layer_config: dict[str, Any], caplog: pytest.LogCaptureFixture
):
    (host,) = layer_config["hosts"]
    host["address"] += f"{'&' if '?' in host['address'] else '?'}protocol=3"
    found: asyncio.Queue[Any] = asyncio.Queue()
    hears = asyncio.Event()
    intake = Intake("test", found.put_nowait, lambda now: hears.set() if now else hears.clear())
    intake.start()
    try:
        async with asyncio.timeout(20):
            await hears.wait()
            await get_channel_layer().group_send("test", {"number": 1})
            assert await found.get() == [{"number": 1}]
    finally:
        await intake.stop()
        await get_channel_layer().flush()
    assert "listening through the channel layer" in caplog.text


async def test_garbage_in_the_place_of_redis_is_an_outage_like_any_other(
    broker: Broker, caplog: pytest.LogCaptureFixture
):
    async def gibber(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"+OK\r\n" * 9 + b"220 smtp.example ESMTP\r\n")
        await writer.drain()
        writer.close()
        met.set()

    met, hears = asyncio.Event(), asyncio.Event()
    intake = Intake("test", lambda _: None, lambda now: hears.set() if now else hears.clear())
    intake.start()
    try:
        async with asyncio.timeout(20):
            await hears.wait()
            broker.stop()
            broker.socket.unlink(missing_ok=True)
            async with await asyncio.start_unix_server(gibber, broker.socket):
                await met.wait()
            broker.socket.unlink(missing_ok=True)
            hears.clear()
            broker.start()
            await hears.wait()
    finally:
        await intake.stop()
        await get_channel_layer().flush()
    assert "listening through the channel layer" not in caplog.text


async def test_any_layer_can_be_heard():
    layer = InMemoryChannelLayer()
    async with asyncio.timeout(5), subscribed(layer, "test") as heard:
        await layer.group_send("test", {"number": 1})
        assert await heard.receive() == [{"number": 1}]
    assert layer.groups == {}
