"""The hub: the log in order, live, to every socket of this process.

All state is touched in one event loop and never across an `await` while it is inconsistent; the
database is read in a thread of the hub's own, so that no slow query holds anything else up.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import close_old_connections

from dashboard import access, frames, queries, stats
from dashboard.frames import Resume
from dashboard.hub.intake import Intake
from dashboard.hub.link import Link, before_server_stops
from dashboard.hub.tail import Tail

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

LOG_GROUP = "dashboard"
READ_ROWS = 500
POLL_SECONDS = 1.0
REORDER_SECONDS = 0.02
"""How long a frame that is missing may be on its way before it is read from the database."""

TOO_SLOW = 4008
TOO_MANY = 4029
SESSION_ENDED = 4501
NOT_ALLOWED = 4503
RESYNC = 4001
SERVER_RESTARTING = 4009
GOODBYE_SECONDS = 1.0


class TooManySockets(Exception):
    """The process, or the user, has as many sockets as it may have."""


class Connection:
    """One socket, as the hub sees it: a way out, and whose it is."""

    def __init__(self, link: Link, *, user_id: int, session_key: str) -> None:
        self.link = link
        self.user_id = user_id
        self.session_key = session_key
        self.held: list[str] | None = None  # live frames, while older ones are being replayed
        self.written_bytes = 0
        self.left_bytes = 0  # of those written, as far as seen
        self.left_at = time.monotonic()

    def deliver(self, frame: str) -> None:
        """Send `frame`, or keep it until the replay that runs is over."""
        if self.held is not None:
            self.held.append(frame)
            return
        self.written_bytes += len(frame)
        self.link.write(frame)
        if self.link.unsent_bytes > settings.SOCKET_UNSENT_MAX_BYTES:
            self.link.close(TOO_SLOW)

    def is_stalled(self, now: float) -> bool:
        """Tell whether something is unsent and nothing has left for too long."""
        unsent = self.link.unsent_bytes
        left = self.written_bytes - unsent
        if unsent <= 0 or left > self.left_bytes:
            self.left_bytes, self.left_at = left, now
        return now - self.left_at > settings.SOCKET_STALLED_SECONDS


class Hub:
    """The sockets of one process, and their one subscription to each group."""

    def __init__(self) -> None:
        self.groups: dict[str, set[Connection]] = {}
        self.counts: Counter[str] = Counter()
        self._intakes: dict[str, Intake] = {}
        self._users: Counter[int] = Counter()
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="hub")
        self._starting = asyncio.Lock()
        self._tail: Tail | None = None
        self._stats: dict[str, Any] = {}
        self._stats_frame: tuple[object, str] = (None, "")
        self._live = "live"
        self._tasks: list[asyncio.Task[None]] = []
        self._repair: asyncio.Task[None] | None = None

    # ------------------------------------------------------------------ sockets

    async def join(self, group: str, connection: Connection, resume: Resume | None = None) -> None:
        """Take `connection` into `group`: snapshot first, then what it missed, then live.

        Raises `TooManySockets`, and what the database raises if the hub cannot begin.
        """
        if (
            self._users.total() >= settings.SOCKETS_PER_PROCESS_MAX
            or self._users[connection.user_id] >= settings.SOCKETS_PER_USER_MAX
        ):
            raise TooManySockets
        self._users[connection.user_id] += 1
        try:
            async with self._starting:
                if self._tail is None:
                    await self._start()
                if group not in self._intakes:
                    self._listen(group)
        except BaseException:
            self._users -= Counter([connection.user_id])
            raise
        # No await from here on: what is live now is exactly what the snapshot does not hold.
        self.groups.setdefault(group, set()).add(connection)
        connection.deliver(self._snapshot())
        if resume is not None:
            self.resume(connection, resume)

    async def leave(self, group: str, connection: Connection) -> None:
        """Let `connection` go; the last one of a group ends the subscription to it."""
        members = self.groups.get(group, set())
        if connection not in members:
            return
        members.discard(connection)
        self._users -= Counter([connection.user_id])
        async with self._starting:
            if group in self._intakes and not self.groups.get(group):
                self.groups.pop(group, None)
                await self._intakes.pop(group).stop()
            if not self.groups:
                await self._stop()

    async def say_goodbye(self) -> None:
        """Close every socket with 4009, so that its browser comes back, and let that leave."""
        everyone = [member for members in self.groups.values() for member in members]
        for connection in everyone:
            connection.link.close(SERVER_RESTARTING)
        deadline = time.monotonic() + GOODBYE_SECONDS
        while time.monotonic() < deadline and any(c.link.unsent_bytes for c in everyone):
            await asyncio.sleep(0.02)

    def resume(self, connection: Connection, wanted: Resume) -> None:
        """Replay what follows `wanted.after`, then say `RESUMED`; live frames wait meanwhile."""
        tail = self._tail
        if tail is None or connection.held is not None:
            return
        missing = tail.last - wanted.after
        if wanted.epoch != tail.epoch or not 0 <= missing <= settings.REPLAY_EVENTS_MAX:
            connection.deliver(_resumed(wanted.after, tail.last, complete=False))
            return
        kept = tail.after(wanted.after)
        if kept is not None:
            for frame in kept:
                connection.deliver(frame)
            connection.deliver(_resumed(wanted.after, tail.last, complete=True))
            return
        connection.held = []
        self._spawn(self._replay(connection, wanted.after, tail.last))

    async def _replay(self, connection: Connection, after: int, upto: int) -> None:
        """Read events (after, upto] and send them before what was held back."""
        try:
            rows = await self._in_thread(queries.events_after, after, upto - after)
            whole = [row.seq for row in rows] == list(range(after + 1, upto + 1))
            replayed = [frames.new_event(row) for row in rows] if whole else []
        except Exception:
            logger.exception("could not read the events after %s", after)
            whole, replayed = False, []
        held, connection.held = connection.held or [], None
        for frame in [*replayed, _resumed(after, upto, complete=whole), *held]:
            connection.deliver(frame)

    # ------------------------------------------------------------------ beginning and end

    async def _start(self) -> None:
        self._tail = await self._load_tail()
        self._stats = await self._in_thread(stats.collect)
        self._tasks = [
            asyncio.ensure_future(self._every(settings.STATS_INTERVAL_SECONDS, self._tick)),
            asyncio.ensure_future(self._every(settings.SOCKET_RECHECK_SECONDS, self.recheck)),
            asyncio.ensure_future(self._every(POLL_SECONDS, self._watch)),
        ]
        self._listen(LOG_GROUP)

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks = []
        for intake in self._intakes.values():
            await intake.stop()
        self._intakes.clear()
        self._tail = None

    async def _load_tail(self) -> Tail:
        def read() -> tuple[queries.Position, list[str]]:
            at = queries.position()
            newest = queries.latest_events(settings.REPLAY_EVENTS_MAX, at.head)
            return at, [frames.new_event(event) for event in reversed(newest)]

        at, newest = await self._in_thread(read)
        tail = Tail(epoch=at.epoch, last=at.head, keep=settings.REPLAY_EVENTS_MAX)
        tail.load(newest)
        return tail

    def _listen(self, group: str) -> None:
        if group not in self._intakes:
            intake = Intake(group, lambda message: self._take(group, message), self._on_hearing)
            self._intakes[group] = intake
            intake.start()

    # ------------------------------------------------------------------ what arrives

    def _take(self, group: str, message: Any) -> None:
        """Relay a message of the layer if it is a frame; ignore and count what is not."""
        if not isinstance(message, dict) or message.get("type") != "dashboard.frame":
            self.counts["ignored"] += 1
            return
        seq, frame = message.get("seq"), message.get("frame")
        if not isinstance(frame, str) or len(frame) > settings.SOCKET_UNSENT_MAX_BYTES:
            self.counts["ignored"] += 1
        elif seq is None:
            self._relay(group, [frame])
        elif type(seq) is int and self._tail is not None:
            self._relay(group, self._tail.offer(seq, frame))
            if self._tail.has_gap:
                self._start_repair(REORDER_SECONDS)
        else:
            self.counts["ignored"] += 1

    def _relay(self, group: str, ready: list[str]) -> None:
        self.counts["relayed"] += len(ready)
        for frame in ready:
            for connection in self.groups.get(group, ()):
                connection.deliver(frame)

    def _start_repair(self, after_seconds: float = 0.0) -> None:
        """Read what is missing from the database, unless that is under way."""
        if self._repair is None or self._repair.done():
            self._repair = self._spawn(self._read_missing(after_seconds))

    async def _read_missing(self, after_seconds: float) -> None:
        await asyncio.sleep(after_seconds)
        tail = self._tail
        while tail is not None and tail is self._tail:
            rows = await self._in_thread(queries.events_after, tail.last, READ_ROWS)
            rows = [row for row in rows if row.seq > tail.last]
            if rows and rows[0].seq > tail.last + 1 and tail is self._tail:
                await self._begin_again("events were pruned before they could be read")
                return
            for row in rows:
                ready = tail.offer(row.seq, frames.new_event(row))
                self.counts["repaired"] += len(ready)
                self._relay(LOG_GROUP, ready)
            if len(rows) < READ_ROWS:
                self.counts["ignored"] += tail.forget_early()  # nothing like it in the log
                return

    async def _begin_again(self, why: str) -> None:
        """Take the log as it is now; sockets learn from the snapshot that theirs has ended."""
        logger.warning("starting again from the database: %s", why)
        self._tail = await self._load_tail()
        self._stats = await self._in_thread(stats.collect)
        self._broadcast(self._snapshot())

    def _on_hearing(self, hears: bool) -> None:
        self._live = "live" if hears else "polling"
        self._start_repair()

    # ------------------------------------------------------------------ what is periodic

    async def _tick(self) -> None:
        """Collect the stats, send them, and notice events whose publish was lost."""
        tail, known = self._tail, self._tail.last if self._tail else 0
        try:
            self._stats = await self._in_thread(stats.collect)
        except Exception as error:  # noqa: BLE001 - whatever the database raises, sockets stay
            if self._live != "stale":
                logger.warning("the database does not answer: %s", error)
            self._live = "stale"
        else:
            hears = all(intake.hears for intake in self._intakes.values())
            self._live = "live" if hears else "polling"
            at = self._stats["stream"]
            if tail is not None and (at["epoch"] != tail.epoch or at["head"] < known):
                await self._begin_again("the log is another one")
                return
            if tail is not None and at["head"] > tail.last:
                self._start_repair()
        self._broadcast(self._snapshot())

    async def _watch(self) -> None:
        """Read the database while the layer is deaf; let go of sockets that take nothing."""
        if self._live == "polling":
            self._start_repair()
        now = time.monotonic()
        for connection in [member for members in self.groups.values() for member in members]:
            if connection.is_stalled(now):
                self.counts["stalled"] += 1
                connection.link.close(TOO_SLOW)

    async def recheck(self) -> None:
        """Close every socket whose session has ended or whose user may no longer look."""
        everyone = [member for members in self.groups.values() for member in members]
        keys = {connection.session_key for connection in everyone}
        verdicts = await self._in_thread(access.judge_sessions, keys)
        for connection in everyone:
            verdict = verdicts[connection.session_key]
            if verdict is access.Verdict.ENDED:
                connection.link.close(SESSION_ENDED)
            elif verdict is access.Verdict.FORBIDDEN:
                connection.link.close(NOT_ALLOWED)

    async def _every(self, seconds: float, work: Callable[[], Any]) -> None:
        """Do `work` at every multiple of `seconds` from now; a missed turn is skipped."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + seconds, loop.time())
            await asyncio.sleep(due - loop.time())
            try:
                await work()
            except Exception:
                logger.exception("%s failed; it runs again in %s s", work.__name__, seconds)

    # ------------------------------------------------------------------ helpers

    def _snapshot(self) -> str:
        """Return the stats as a frame whose events and position are exactly those of the tail."""
        tail = self._loaded()
        version = (tail, tail.last, self._live, id(self._stats))
        if self._stats_frame[0] != version:
            newest = tail.newest(stats.RECENT_EVENTS)
            body = self._stats | {
                "recentEvents": [frames.event_of(frame) for frame in newest],
                "stream": {"epoch": tail.epoch, "head": tail.last},
                "live": self._live,
            }
            self._stats_frame = (version, stats.encode(body))
        return self._stats_frame[1]

    def _loaded(self) -> Tail:
        """Return the tail of a hub that has begun."""
        if self._tail is None:
            raise RuntimeError("the hub has no socket and so no tail")
        return self._tail

    def _broadcast(self, frame: str) -> None:
        for connection in self.groups.get(LOG_GROUP, ()):
            connection.deliver(frame)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        task.add_done_callback(_report)
        return task

    async def _in_thread(self, function: Callable[..., Result], *args: Any) -> Result:
        def call() -> Result:
            close_old_connections()
            try:
                return function(*args)
            finally:
                close_old_connections()

        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("the hub could not read the log: %s", error)


def _resumed(after: int, last: int, *, complete: bool) -> str:
    return frames.encode("RESUMED", {"from": after + 1, "to": last, "complete": complete})


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def current_hub() -> Hub:
    """Return the hub of the running event loop: there is one in a process that serves."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
        before_server_stops(_hubs[loop].say_goodbye)
    return _hubs[loop]
