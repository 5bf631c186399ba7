"""Follows the log of a web process, whatever breaks on the way: each event once, in order."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from dashboard.client.course import Course, Verdict
from dashboard.client.news import (
    CameBack,
    Happened,
    Live,
    News,
    NoLongerKept,
    OtherLog,
    TooFarBehind,
    WentAway,
)
from dashboard.client.server import PAGE_EVENTS, STALE_SECONDS, Lost, Server, ended

SETTLED_SECONDS = 10.0
POLL_SECONDS = 4.0
POLL_AFTER_FAILURES = 3
NEW_LOG_EVENTS = 10
_OVER = {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED}


class Follower:
    """Tells `tell` what happens after the position of `course`, in order, until it is cancelled.

    Loses nothing and tells nothing twice: what cannot be had is told as `NoLongerKept` or
    `OtherLog`. Raises `Refused` when the server will not have us any more. `before_trying` is
    awaited before each connection.
    """

    def __init__(
        self,
        server: Server,
        course: Course,
        tell: Callable[[News], None],
        *,
        before_trying: Callable[[], Awaitable[None]],
        stale_seconds: float = STALE_SECONDS,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.server = server
        self.course = course
        self._tell = tell
        self._before_trying = before_trying
        self._stale_seconds = stale_seconds
        self._chance = chance
        self._loop = asyncio.get_running_loop()
        self._failures = 0
        self._mode = "new"  # then live, away or polling
        self._heard_at = self._loop.time()
        self._live_since: float | None = None
        self._away_since = 0.0
        self._missed = 0
        self._whole = True

    async def run(self) -> None:
        """Follow; never returns."""
        while True:
            self._live_since = None
            await self._before_trying()
            try:
                verdict = await self._follow_socket()
                if verdict is Verdict.TOO_FAR:
                    self._tell(TooFarBehind())
                await self._read_on()
                self._failures = 0
            except Lost as loss:
                if self._mode != "polling":
                    self._went_away(str(loss))
            if self._live_since and self._loop.time() - self._live_since >= SETTLED_SECONDS:
                self._failures = 0
            self._failures += 1
            await self._wait(backoff(self._failures - 1, self._chance))

    # ------------------------------------------------------------------ the socket

    async def _follow_socket(self) -> Verdict:
        """Return when the log has to be read elsewhere; raise `Lost` or `Refused`."""
        async with self.server.socket(self.course) as socket:
            opened_at = self._loop.time()
            self.course.begin()
            while True:
                heard_at = max(opened_at, self._heard_at)
                frame = await self._receive(socket, heard_at)
                now = self._loop.time()
                verdict = (
                    self.course.overdue(now) if frame is None else self.course.take(frame, now)
                )
                if verdict is Verdict.SHOW and frame is not None:
                    self._happened(frame["data"])
                elif verdict is Verdict.ASK:
                    data = {"epoch": self.course.epoch, "after": self.course.last}
                    await _send(socket, {"type": "RESUME", "data": data})
                    self.course.asked(now)
                elif verdict is Verdict.CAUGHT_UP:
                    self._followed("live")
                elif verdict is Verdict.RECONNECT:
                    raise Lost("a replay did not come")
                elif verdict in {Verdict.TOO_FAR, Verdict.OTHER_LOG}:
                    return verdict

    async def _receive(
        self, socket: aiohttp.ClientWebSocketResponse, heard_at: float
    ) -> dict[str, Any] | None:
        """Return the next frame, None when something is due first; raise `Lost` or `Refused`."""
        stale_at = heard_at + self._stale_seconds
        due = self.course.due
        until = stale_at if due is None else min(due, stale_at)
        try:
            message = await socket.receive(timeout=max(0.001, until - self._loop.time()))
        except TimeoutError:
            if self._loop.time() >= stale_at:
                raise Lost(f"nothing was heard for {self._stale_seconds:g} s") from None
            return None
        if message.type in _OVER:
            raise ended(socket.close_code)
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise Lost("the connection broke")
        self._heard_at = self._loop.time()
        self._live_since = self._live_since or self._heard_at
        return _parsed(message.data)

    # ------------------------------------------------------------------ over HTTP

    async def _read_on(self) -> None:
        """Tell what the log has after our position, page by page, to its end."""
        while True:
            page = await self.server.page(after=self.course.last, limit=PAGE_EVENTS)
            if page.epoch != self.course.epoch:
                await self._begin_again()
                return
            for event in page.events:
                if event["seq"] > self.course.last + 1:
                    self._whole = False
                    self._tell(NoLongerKept(self.course.last + 1, event["seq"] - 1))
                self.course.last = event["seq"]
                self._happened(event)
            if not page.events and page.head > self.course.last:
                self._whole = False
                self._tell(NoLongerKept(self.course.last + 1, page.head))
                self.course.last = page.head
            if self.course.last >= page.head:
                return

    async def _begin_again(self) -> None:
        """Go on in another log, from its newest events."""
        page = await self.server.page(limit=NEW_LOG_EVENTS)
        self.course = Course(page.epoch, page.head)
        self._whole = False
        self._tell(OtherLog())
        for event in reversed(page.events):
            self._happened(event)

    async def _wait(self, seconds: float) -> None:
        """Wait before the next connection; after several failures read over HTTP meanwhile."""
        until = self._loop.time() + seconds
        while self._failures >= POLL_AFTER_FAILURES:
            try:
                await self._read_on()
            except Lost as loss:
                self._went_away(str(loss))
            else:
                self._heard_at = self._loop.time()
                self._followed("polling")
            if until - self._loop.time() <= POLL_SECONDS:
                break
            await asyncio.sleep(POLL_SECONDS)
        await asyncio.sleep(max(0.0, until - self._loop.time()))

    # ------------------------------------------------------------------ away and back

    def _happened(self, event: dict[str, Any]) -> None:
        self._missed += 1
        self._tell(Happened(event))

    def _went_away(self, why: str) -> None:
        if self._mode == "away":
            return
        self._mode, self._away_since = "away", self._heard_at
        self._missed, self._whole = 0, True
        self._tell(WentAway(why))

    def _followed(self, mode: str) -> None:
        """Tell that the log is followed to its end, if that is news."""
        before, self._mode = self._mode, mode
        if before == "away":
            away = self._loop.time() - self._away_since
            self._tell(CameBack(self._missed, away, self._whole, polling=mode == "polling"))
        elif mode == "live" and before != "live":
            self._tell(Live())


async def _send(socket: aiohttp.ClientWebSocketResponse, frame: dict[str, Any]) -> None:
    try:
        await socket.send_json(frame)
    except (aiohttp.ClientError, ConnectionError) as error:
        raise Lost("the connection broke") from error


def _parsed(text: str) -> dict[str, Any]:
    """Return the frame in `text`; what is none is not ours to repair, the next frame counts."""
    try:
        frame = json.loads(text)
    except ValueError:
        return {}
    return frame if isinstance(frame, dict) else {}


def backoff(attempt: int, chance: Callable[[], float]) -> float:
    """Return seconds before try number `attempt` (from 0): full jitter under 0.5 s ... 20 s."""
    return chance() * min(20.0, 0.5 * 2.0 ** min(attempt, 10))
