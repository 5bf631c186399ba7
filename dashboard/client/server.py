"""What is asked of a web process: pages of events, and a socket."""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
import msgspec

from dashboard.client.course import Course

STALE_SECONDS = 12.5
ANSWER_SECONDS = 10.0
GOODBYE_SECONDS = 0.5
PAGE_EVENTS = 200
_STAY_AWAY = range(4500, 5000)
_NOT_SIGNED_IN, _NOT_ALLOWED = 401, 403
_WHY = {
    _NOT_SIGNED_IN: "the session has ended",
    _NOT_ALLOWED: "the user may not view this",
    4501: "the session has ended",
    4503: "the user may not view this",
}


class Lost(Exception):
    """The server does not answer, or a connection ended; trying again may help."""


class Refused(Exception):
    """The server answered, and will not have us: trying again would not help."""


class Page(NamedTuple):
    """A page of events, how far it was searched for, and where the log stood when it was read."""

    events: list[dict[str, Any]]
    epoch: str
    head: int
    reached: int
    whole: bool


class _Stream(msgspec.Struct):
    epoch: str
    head: int


class _Searched(msgspec.Struct):
    reached: int
    whole: bool


class _Body(msgspec.Struct):
    events: list[dict[str, Any]]
    stream: _Stream
    searched: _Searched


_page = msgspec.json.Decoder(_Body)


class Server:
    """A web process at `url` (`http://host:port`), asked with `headers`.

    A socket is let in from one of its own origins only: `origins` are tried until one is.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        headers: Mapping[str, str] | None = None,
        origins: Iterable[str] = (),
    ) -> None:
        self.url = url
        self._http = http
        self._headers = dict(headers or {})
        self._origins = deque(dict.fromkeys(origins) or [url])

    async def page(self, **parameters: str | int) -> Page:
        """Return a page of `/api/events`; raise `Lost` or `Refused`."""
        try:
            async with self._http.get(
                f"{self.url}/api/events",
                params=parameters,
                headers=self._headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(ANSWER_SECONDS),
            ) as answer:
                if answer.status in {_NOT_SIGNED_IN, _NOT_ALLOWED}:
                    raise Refused(_WHY[answer.status])
                if answer.status >= 500:
                    raise Lost(f"it answers with {answer.status}")
                if answer.status != 200:
                    raise Refused(f"it answers {answer.status} where Aurora has its events")
                body = _page.decode(await answer.read())
        except msgspec.DecodeError as error:
            raise Lost("its answer is not a page of Aurora's events") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Lost(_plain(error)) from error
        stream, searched = body.stream, body.searched
        return Page(body.events, stream.epoch, stream.head, searched.reached, searched.whole)

    @asynccontextmanager
    async def socket(self, course: Course) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Open `/ws` from where `course` stands; raise `Lost` or `Refused`."""
        socket = await self._connect({"epoch": course.epoch, "after": course.last})
        try:
            yield socket
        finally:
            await socket.close()

    async def _connect(
        self, parameters: Mapping[str, str | int]
    ) -> aiohttp.ClientWebSocketResponse:
        for origin in list(self._origins):
            try:
                async with asyncio.timeout(STALE_SECONDS):
                    return await self._http.ws_connect(
                        f"ws{self.url.removeprefix('http')}/ws",
                        params=parameters,
                        headers={**self._headers, "Origin": origin},
                        timeout=aiohttp.ClientWSTimeout(ws_close=GOODBYE_SECONDS),
                    )
            except aiohttp.WSServerHandshakeError as error:
                if error.status != _NOT_ALLOWED:
                    raise Lost(f"it answers the handshake with {error.status}") from error
                self._origins.rotate(-1)  # so the next time begins with one that may be right
            except (aiohttp.ClientError, TimeoutError) as error:
                raise Lost(_plain(error)) from error
        await self.page(limit=1)  # says whether it is us that it does not want
        raise Lost("it lets no socket in: is ALLOWED_ORIGINS here what it is there?")


def ended(code: int | None) -> Lost | Refused:
    """Return what it means that a socket was closed with `code`."""
    if code in _STAY_AWAY:
        return Refused(_WHY.get(code or 0, f"the socket was closed with {code}"))
    words = {
        1006: "the connection broke",
        4008: "too slow",
        4009: "the server restarts",
        4029: "too many messages or sockets",
    }
    return Lost(words.get(code or 0, f"closed with {code}" if code else "the connection broke"))


def _plain(error: Exception) -> str:
    """Return an error of the network in a few words."""
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno
        return os.strerror(number).lower() if number else "it cannot be reached"
    return type(error).__name__
