"""Hearing what is said in a group of the channel layer: all that has arrived, at once.

A layer hands out one message at a time, through a queue and two tasks, which costs more than to
pass it on to hundreds of sockets. On Redis pub/sub we read the group's channel ourselves, as the
layer names it and over a connection as the layer makes it; everybody still sends by `group_send`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol
from uuid import uuid4

from channels_redis.pubsub import RedisPubSubChannelLayer
from channels_redis.utils import create_pool

READ_BYTES = 1 << 20
WAITING_MAX_BYTES = 16 << 20
"""How much may be read of a message, or of what is none, before it is whole."""
NOT_AS_KNOWN = (AttributeError, TypeError, ValueError)


class Subscription(Protocol):
    """What is heard in a group, and on a channel of its own within it."""

    channel: str

    async def receive(self) -> list[Any]:
        """Wait; return what has arrived, in order: messages, or the exception that one raised.

        Raises `ConnectionError` when nothing more can be heard.
        """


@asynccontextmanager
async def subscribed(layer: Any, group: str, *, lean: bool = True) -> AsyncIterator[Subscription]:
    """Be subscribed to `group`. Raises whatever the layer or its broker raises.

    When `lean`, on Redis by a reader of our own, which raises one of `NOT_AS_KNOWN` when the layer,
    its Redis client or what Redis sends are not as it knows them.
    """
    if lean and isinstance(layer, RedisPubSubChannelLayer) and len(layer._get_layer()._shards) == 1:
        async with _subscribed_to_redis(layer, group) as subscription:
            yield subscription
    else:
        channel = await layer.new_channel()
        await layer.group_add(group, channel)
        try:
            yield LayerSubscription(layer, channel)
        finally:
            await layer.group_discard(group, channel)


class LayerSubscription:
    """Through the layer's own `receive`: for any layer."""

    def __init__(self, layer: Any, channel: str) -> None:
        self.channel = channel
        self._layer = layer

    async def receive(self) -> list[Any]:
        """Return the next message alone."""
        try:
            return [await self._layer.receive(self.channel)]
        except Exception as error:  # noqa: BLE001 - not decodable, not decryptable: somebody else's message
            return [error]


class RedisSubscription:
    """Through a connection to Redis that is in the state of a subscriber."""

    def __init__(self, layer: Any, channel: str, reader: Any) -> None:
        self.channel = channel
        self._layer = layer
        self._reader = reader
        self._buffer = bytearray()

    async def receive(self) -> list[Any]:
        """Return all messages that the next read completes."""
        data = await self._reader.read(READ_BYTES)
        if not data:
            raise ConnectionError("Redis has closed the subscription")
        self._buffer += data
        payloads, used = read_messages(self._buffer)
        del self._buffer[:used]
        if len(self._buffer) > WAITING_MAX_BYTES:
            raise ConnectionError("Redis sends a message that is far too long to be ours")
        return [self._decoded(payload) for payload in payloads]

    def _decoded(self, payload: bytes) -> Any:
        try:
            return self._layer.deserialize(payload)
        except Exception as error:  # noqa: BLE001 - not decodable, not decryptable: somebody else's message
            return error


@asynccontextmanager
async def _subscribed_to_redis(layer: Any, group: str) -> AsyncIterator[RedisSubscription]:
    own = layer._get_layer()  # of this event loop
    channel = f"{own.prefix}specific.{uuid4().hex}"
    name = own._get_group_channel_name(group)
    connection = create_pool(own._get_shard(name).host).make_connection()
    try:
        await connection.connect()  # with password, TLS, unix socket, as REDIS_URL says
        await connection.send_command("SUBSCRIBE", name, channel)
        yield RedisSubscription(layer, channel, connection._reader)
    finally:
        await connection.disconnect(nowait=True)


def read_messages(buffer: bytes | bytearray) -> tuple[list[bytes], int]:
    """Return the payloads of the published messages in `buffer`, and how many bytes are used up.

    `buffer` is what Redis sends to a subscriber (RESP 2): arrays of bulk strings, of which those
    that begin with `message` carry a payload last, and integers. Raises `ValueError` otherwise.
    """
    payloads: list[bytes] = []
    used = at = 0
    while (end := buffer.find(b"\r\n", at)) >= 0:
        if buffer[at] != b"*"[0]:
            raise ValueError(f"Redis did not send an array but {bytes(buffer[at:end])!r}")
        items: list[bytes] = []
        count, at = _natural(buffer[at + 1 : end]), end + 2
        while len(items) < count and (end := buffer.find(b"\r\n", at)) >= 0:
            kind, value = buffer[at], bytes(buffer[at + 1 : end])
            at = end + 2
            if kind == b"$"[0]:
                first, at = at, at + _natural(value) + 2
                if at > len(buffer):  # not copied until it is whole: it may come in many parts
                    break
                value = bytes(buffer[first : at - 2])
            items.append(value)
        if len(items) < count:
            break
        used = at
        if items[:1] == [b"message"]:
            payloads.append(items[-1])
    return payloads, used


def _natural(digits: bytes | bytearray) -> int:
    if not digits.isdigit():
        raise ValueError(f"Redis did not send a length but {bytes(digits)!r}")
    return int(digits)
