"""A browser's side, strictly after the rules for clients, which remembers what it shows."""

import asyncio
import functools
import json
import socket
import struct
import time
from array import array
from collections import Counter
from random import Random
from typing import Any

import aiohttp

from tests.drill.log import digest

STALE_SECONDS = 12.5
BEHIND_SECONDS = 2.0
REPLAY_SECONDS = 10.0
SETTLED_SECONDS = 10.0
SNAPSHOT_EVENTS = 50
SPREAD_SECONDS = 4.0
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER of no time: a close is a reset


@functools.lru_cache(maxsize=2048)
def decode(text: str) -> tuple[str, Any, str]:
    """Return type, data and digest of a frame: many pages receive the same text."""
    frame = json.loads(text)
    return frame["type"], frame["data"], digest(frame["data"])


class Showing:
    """The events that a page shows from one snapshot on, oldest first."""

    def __init__(self, epoch: str, events: list[dict[str, Any]], head: int) -> None:
        self.epoch = epoch
        self.seqs = array("q", [event["seq"] for event in events])
        self.digests = [digest(event) for event in events]
        self.times = array("d", [0.0] * len(events))  # when it was applied; 0: with the snapshot
        self.last = self.seqs[-1] if self.seqs else head

    def apply(self, seq: int, mark: str) -> None:
        """Show the event that follows."""
        self.seqs.append(seq)
        self.digests.append(mark)
        self.times.append(time.monotonic())
        self.last = seq

    def events(self) -> list[tuple[int, str]]:
        """Return seq and digest of every event shown."""
        return list(zip(self.seqs, self.digests, strict=True))


class Page:
    """One open page. `run` keeps it live until it is cancelled or told to stay away."""

    def __init__(
        self, http: aiohttp.ClientSession, url: str, cookie: str, origin: str, chance: Random
    ) -> None:
        self.url = url
        self.showings: list[Showing] = []
        self.live = False
        self.lost_at = time.monotonic()
        self.blackouts: list[tuple[float, float]] = []  # from when to when it was not live
        self.counts: Counter[str] = Counter()
        self.refused: int | None = None
        self.stats: dict[str, Any] = {}
        self._http = http
        self._headers = {"Cookie": cookie, "Origin": origin}
        self._chance = chance
        self._online = asyncio.Event()
        self._online.set()
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._heard_at = self._live_at = 0.0
        self._resuming = self._restarting = False
        self._told_epoch = ""  # of the newest stats, shown or not
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def showing(self) -> Showing:
        """What it shows now; it must have begun."""
        return self.showings[-1]

    async def run(self) -> None:
        """Connect, follow, and come back after every loss, until the server says to stay away."""
        failures = 0
        try:
            while self.refused is None:
                await self._online.wait()
                try:
                    if not self.showings:
                        self._show(await self._newest())
                    await self._follow()
                except (aiohttp.ClientError, OSError, TimeoutError) as error:
                    self.counts[type(error).__name__] += 1
                settled = self.live and time.monotonic() - self._live_at >= SETTLED_SECONDS
                failures = 0 if settled else failures
                self._lose()
                await self._pause(self._chance.random() * min(20.0, 0.5 * 2**failures))
                failures += 1
        finally:
            self._lose()

    def go_offline(self) -> None:
        """Have the network take the connection away with a TCP reset, and all others with it."""
        self._online.clear()
        self.abandon()

    def go_online(self) -> None:
        """Have the network back; the page tries at once."""
        self._online.set()

    def abandon(self) -> None:
        """Give up the present connection at once: its TCP is reset."""
        if self._socket is not None:
            found: socket.socket | None = self._socket.get_extra_info("socket")
            if found is not None and found.fileno() >= 0:
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            connection = self._socket._response.connection
            if connection is not None and connection.transport is not None:
                connection.transport.abort()

    # ------------------------------------------------------------------ one connection

    async def _follow(self) -> None:
        where = f"/ws?epoch={self.showing.epoch}&after={self.showing.last}"
        self._resuming = True
        self._heard_at = time.monotonic()
        async with asyncio.timeout(STALE_SECONDS):
            self._socket = await self._http.ws_connect(self.url + where, headers=self._headers)
        self._set_timer("replay", REPLAY_SECONDS, self.abandon)
        while True:
            async with asyncio.timeout(self._heard_at + STALE_SECONDS - time.monotonic()):
                message = await self._socket.receive()
            if message.type is not aiohttp.WSMsgType.TEXT:
                break
            self._heard_at = time.monotonic()
            await self._take(message.data)
        closing = message.type is aiohttp.WSMsgType.CLOSE
        code = message.data if closing else self._socket.close_code
        self.counts[f"closed {code}"] += 1
        if code is not None and 4500 <= code <= 4999:
            self.refused = code

    def _lose(self) -> None:
        """Let go of the connection, and of everything that waits for it."""
        self.abandon()
        self._socket = None
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._resuming = False
        if self.live:
            self.live, self.lost_at = False, time.monotonic()

    async def _pause(self, seconds: float) -> None:
        """Wait before the next try: until `online` if that comes first."""
        if self._online.is_set():
            await asyncio.sleep(seconds)

    def _caught_up(self) -> None:
        if not self.live:
            self.live, self._live_at = True, time.monotonic()
            self.blackouts.append((self.lost_at, self._live_at))

    # ------------------------------------------------------------------ frames

    async def _take(self, text: str) -> None:
        kind, data, mark = decode(text)
        if kind == "STATS_UPDATE":
            await self._take_stats(data)
        elif kind == "NEW_EVENT" and not self._restarting:
            await self._take_event(data["seq"], mark)
        elif kind == "RESUMED":
            self._clear_timer("replay")
            self._resuming = False
            if not data["complete"]:
                self._restart()
            elif not self._restarting and self.showing.last < data["to"]:
                self.counts["a replay said to be whole was not"] += 1
                self.abandon()
            elif not self._restarting:
                self._caught_up()

    async def _take_stats(self, stats: dict[str, Any]) -> None:
        self._told_epoch = stats["stream"]["epoch"]
        if self._told_epoch != self.showing.epoch:
            self._restart()
            return
        self.stats = stats
        head = stats["stream"]["head"]
        if head > self.showing.last and "behind" not in self._timers:
            self._set_timer("behind", BEHIND_SECONDS, lambda: self._still_behind(head))

    def _still_behind(self, head: int) -> None:
        self._timers.pop("behind", None)
        if head > self.showing.last:
            self._spawn(self._resume())

    async def _take_event(self, seq: int, mark: str) -> None:
        last = self.showing.last
        if seq == last + 1:
            self.showing.apply(seq, mark)
        elif seq > last + 1:
            self.counts["gaps"] += 1
            await self._resume()
        else:
            self.counts["dropped doubles"] += 1

    async def _resume(self) -> None:
        if self._resuming or self._restarting or self._socket is None or self._socket.closed:
            return
        self._resuming = True
        self.counts["resumes"] += 1
        self._set_timer("replay", REPLAY_SECONDS, self.abandon)
        data = {"epoch": self.showing.epoch, "after": self.showing.last}
        await self._socket.send_json({"type": "RESUME", "data": data})

    # ------------------------------------------------------------------ snapshots

    def _restart(self) -> None:
        """Start again from a snapshot; what arrives meanwhile is not shown."""
        if not self._restarting:
            self._restarting = True
            self._clear_timer("replay")
            self._clear_timer("behind")
            self._spawn(self._load_again())

    async def _load_again(self) -> None:
        await asyncio.sleep(self._chance.random() * SPREAD_SECONDS)
        attempt = 0
        while self._restarting:
            try:
                snapshot = await self._newest()
                if snapshot.epoch == self._told_epoch:
                    self._show(snapshot)
                    break
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                self.counts[type(error).__name__] += 1
            await asyncio.sleep(0.5 + self._chance.random() * min(20.0, 0.5 * 2**attempt))
            attempt += 1
        self._restarting = self._resuming = False
        await self._resume()

    def _show(self, snapshot: Showing) -> None:
        self.counts["snapshots"] += 1
        self.showings.append(snapshot)

    async def _newest(self) -> Showing:
        url = f"{self.url}/api/events?limit={SNAPSHOT_EVENTS}"
        async with self._http.get(url, headers=self._headers) as answer:
            answer.raise_for_status()
            found = await answer.json()
        stream = found["stream"]
        return Showing(stream["epoch"], found["events"][::-1], stream["head"])

    # ------------------------------------------------------------------ machinery

    def _set_timer(self, name: str, seconds: float, work: Any) -> None:
        self._clear_timer(name)
        self._timers[name] = asyncio.get_running_loop().call_later(seconds, work)

    def _clear_timer(self, name: str) -> None:
        if (timer := self._timers.pop(name, None)) is not None:
            timer.cancel()

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
