"""A browser's side of `/ws`, for tests: real sockets to a real web process."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import aiohttp
from asgiref.sync import sync_to_async

from dashboard.events import record_event
from tests.web import LiveWeb

PATIENCE_SECONDS = 15.0


class Browser:
    """One socket, with what it received so far."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        """Return the next frame."""
        message = await self.socket.receive(timeout=PATIENCE_SECONDS)
        assert message.type is aiohttp.WSMsgType.TEXT, f"{message} after {self.frames[-3:]}"
        self.frames.append(json.loads(message.data))
        return self.frames[-1]

    async def receive_until(self, type: str) -> dict[str, Any]:
        """Return the data of the next frame of `type`; those before it are in `frames`."""
        while (frame := await self.receive())["type"] != type:
            pass
        data: dict[str, Any] = frame["data"]
        return data

    async def events(self, count: int) -> list[dict[str, Any]]:
        """Return the data of the next `count` events."""
        return [await self.receive_until("NEW_EVENT") for _ in range(count)]

    async def send(self, type: str, **data: Any) -> Self:
        """Send one frame."""
        await self.socket.send_json({"type": type, "data": data})
        return self

    async def close_code(self) -> int | None:
        """Read until the server closes; return its code, or None if it says none.

        It is that of the frame: aiohttp forgets it if its answer comes too late to be sent.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (message := await self.socket.receive()).type is aiohttp.WSMsgType.TEXT:
                self.frames.append(json.loads(message.data))
        return message.data if message.type is aiohttp.WSMsgType.CLOSE else None

    @property
    def errors(self) -> list[str]:
        """The codes of the errors that it was told so far."""
        return [frame["data"]["code"] for frame in self.frames if frame["type"] == "ERROR"]


@asynccontextmanager
async def browser(
    web: LiveWeb, cookie: dict[str, str] | None, query: str = "", **headers: str
) -> AsyncIterator[Browser]:
    """Open a socket with the cookie of `web.cookie(user)`; its Origin is the page's own."""
    own = {"Origin": web.url, **headers}
    cookies = {cookie["name"]: cookie["value"]} if cookie else {}
    async with (
        aiohttp.ClientSession(cookies=cookies) as session,
        session.ws_connect(web.socket_url + query, headers=own) as socket,
    ):
        yield Browser(socket)


async def status_of(web: LiveWeb, cookie: dict[str, str] | None, origin: str | None) -> int:
    """Return the HTTP status with which a handshake is refused; fail if it is not."""
    cookies = {cookie["name"]: cookie["value"]} if cookie else {}
    headers = {} if origin is None else {"Origin": origin}
    async with aiohttp.ClientSession(cookies=cookies) as session:
        try:
            async with session.ws_connect(web.socket_url, headers=headers):
                raise AssertionError(f"a socket from {origin} was let in")
        except aiohttp.WSServerHandshakeError as refusal:
            return refusal.status


def record(number: int = 1) -> None:
    for _ in range(number):
        record_event(kind="test.happened", message="Something happened.")


async def arecord(number: int = 1) -> None:
    await sync_to_async(record)(number)
