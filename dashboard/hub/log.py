"""The log, live: what the channel layer brings, in order, and whole by what the database has."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.utils import timezone

from dashboard import control, frames, queries, retention, services, stats
from dashboard.hub.background import collector, every, giving_way, in_thread, spawn
from dashboard.hub.intake import FRAME_MAX_CHARACTERS, Intake
from dashboard.hub.tail import Tail
from dashboard.models import Event

logger = logging.getLogger(__name__)

LOG_GROUP = "dashboard"
READ_ROWS = 500
DOUBTED_MAX_MESSAGES = 10_000
POLL_SECONDS = 1.0
COLLECT_SECONDS = 3.0
"""How long the stats may take before the last ones are sent: browsers wait 12.5 s for a frame."""
REORDER_SECONDS = 0.02
"""How long a frame that is missing may be on its way before it is read from the database."""

_Collected = tuple[dict[str, Any], int | None]


class Log:
    """Follows the log while somebody watches.

    `relay` is given each frame once, in order, gapless, and the stats, every interval. What is not
    an event is given to `take_other`, which returns what is to be relayed in its place.
    All state is touched in one event loop, and never across an `await` while it is inconsistent.
    """

    def __init__(
        self,
        relay: Callable[[list[str]], None],
        take_other: Callable[[Any], list[str]],
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._relay = relay
        self._take_other = take_other
        self._tail: Tail | None = None
        self._stats: dict[str, Any] = {}
        self._frame: tuple[object, str] = (None, "")
        self._live = "live"
        self._collecting: tuple[Tail, int, asyncio.Task[_Collected]] | None = None
        self._intake: Intake | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._wake = asyncio.Event()
        self._repair: asyncio.Task[None] | None = None
        self._unread = False  # whether there may be more than the read under way can see
        self._doubted: list[Any] | None = None  # what arrives while the log itself is in doubt

    @property
    def runs(self) -> bool:
        """Whether it follows the log now."""
        return self._tail is not None

    @property
    def tail(self) -> Tail:
        """The newest frames; only while it runs."""
        if self._tail is None:
            raise RuntimeError("the log is followed only while there is a socket")
        return self._tail

    @property
    def intake(self) -> Intake | None:
        """What it listens with, None while it does not run."""
        return self._intake

    async def start(self) -> None:
        """Begin to follow; raises what the database raises."""
        self._tail, self._stats = await in_thread(_read_all)
        self._live = "live"
        self._collecting = None
        self._intake = Intake(LOG_GROUP, self._take_all, self._on_hearing)
        self._intake.start()
        self._tasks = [
            asyncio.ensure_future(every(settings.STATS_INTERVAL_SECONDS, self._tick, self._wake)),
            asyncio.ensure_future(every(POLL_SECONDS, self._poll)),
        ]

    async def stop(self) -> None:
        """Stop following, and leave the group."""
        for task in self._tasks:
            task.cancel()
        self.counts["duplicate"] += self.tail.duplicates if self.runs else 0
        self._tail = None
        intake, self._intake = self._intake, None
        if intake is not None:
            await intake.stop()
            self.counts["garbled"] += intake.garbled

    def hasten(self) -> None:
        """Send the next stats now: once a second at most, however often this is said."""
        self._wake.set()

    def snapshot(self) -> str:
        """Return the stats as a frame whose events and position are exactly those of the tail."""
        tail = self.tail
        version = (tail, tail.last, self._live, id(self._stats))
        if self._frame[0] != version:
            newest = tail.newest(stats.RECENT_EVENTS)
            body = self._stats | {
                "recentEvents": [frames.event_of(frame) for frame in newest],
                "stream": {"epoch": tail.epoch, "head": tail.last},
                "live": self._live,
            }
            self._frame = (version, stats.encode(body))
        return self._frame[1]

    async def read_missing(self, after_seconds: float = 0.0) -> None:
        """Relay what the database has beyond the tail."""
        await asyncio.sleep(after_seconds)
        tail = self._tail
        while tail is not None and tail is self._tail:
            early = tail.newest_early
            # Ours again first: it tells whether this is still the same log.
            rows = await in_thread(queries.events_after, tail.last - 1, READ_ROWS)
            if tail is not self._tail:
                return
            if rows and tail.contradicts(rows[0].seq, frames.new_event(rows[0])):
                await self._begin_another("the log goes on from another past")
                return
            fresh = [row for row in rows if row.seq > tail.last]
            if fresh and fresh[0].seq > tail.last + 1:
                await self._begin_again("events were pruned before they could be read")
                return
            ready = tail.settle([(row.seq, frames.new_event(row)) for row in fresh])
            self.counts["repaired"] += len(ready)
            self._relay(ready)
            if len(rows) < READ_ROWS:
                # What was early before the read and is not in the log is nobody's event.
                self.counts["ignored"] += tail.forget_early(early)
                if not tail.has_gap:  # else it committed while we read
                    return

    # ------------------------------------------------------------------ from the layer

    def _take_all(self, messages: list[Any]) -> None:
        """Take what arrived together, and relay it together."""
        self._relay([frame for message in messages for frame in self._take(message)])

    def _take(self, message: Any) -> list[str]:
        """Take an event of the log, return what is in order now; the rest is somebody else's.

        Without its epoch and predecessor it is but a hint: what it tells is read, not believed.
        """
        seq, frame = message.get("seq"), message.get("frame")
        epoch, previous = message.get("epoch"), message.get("previous")
        if (
            message.get("type") != "dashboard.frame"
            or type(seq) is not int
            or not isinstance(frame, str)
            or len(frame) > FRAME_MAX_CHARACTERS
            or self._tail is None
        ):
            return self._take_other(message)
        if not (isinstance(epoch, str) and isinstance(previous, str)):
            self.counts["ignored"] += 1
            self._look_again()
            return []
        if self._doubted is not None:
            if len(self._doubted) < DOUBTED_MAX_MESSAGES:  # the rest is found in the database
                self._doubted.append(message)
            return []
        if epoch != self._tail.epoch or self._tail.contradicts(seq, frame):
            self._doubted = []
            spawn(self._settle_doubt(self._tail, seq))
            return []
        ready = self._tail.offer(seq, frame, previous)
        if self._tail.has_gap:
            self._start_repair(REORDER_SECONDS)
        return ready

    async def _settle_doubt(self, tail: Tail, seq: int) -> None:
        """Look whether the log has become another one: its events say so, or one was said twice."""
        try:
            at, rows = await in_thread(_look_up, seq)
            changed = at.epoch != tail.epoch or at.head < tail.last
            if tail is self._tail and (
                changed or any(tail.contradicts(row.seq, frames.new_event(row)) for row in rows)
            ):
                await self._begin_another("an event was written again: an older copy was restored")
            else:
                self.counts["ignored"] += 1  # forged
        finally:
            doubted, self._doubted = self._doubted or [], None
            self._take_all(doubted)

    def _on_hearing(self, hears: bool) -> None:
        self._live = "live" if hears else "polling"
        self._look_again()

    def _start_repair(self, after_seconds: float = 0.0) -> None:
        """Read what is missing, unless that is under way."""
        if self._repair is None or self._repair.done():
            self._repair = spawn(self._read_all_missing(after_seconds))

    def _look_again(self) -> None:
        """Read what is missing, and again after a read under way: it may have been too early."""
        self._unread = True
        self._start_repair()

    async def _read_all_missing(self, after_seconds: float) -> None:
        self._unread = True
        while self._unread:
            self._unread = False
            await self.read_missing(after_seconds)
            after_seconds = REORDER_SECONDS

    # ------------------------------------------------------------------ periodic

    async def _tick(self) -> None:
        """Collect the stats, announce them, and notice events whose publish was lost.

        The stats are the heartbeat as well: when they do not come in time, the last ones are sent.
        """
        if self._collecting is None:
            work = asyncio.create_task(_collect())
            work.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._collecting = (self.tail, self.tail.last, work)
        tail, known, work = self._collecting
        await asyncio.wait({work}, timeout=COLLECT_SECONDS)
        if work.done():
            self._collecting = None
        try:
            collected, oldest = work.result()  # raises `InvalidStateError` if it is still under way
        except Exception as error:  # noqa: BLE001 - whatever the database raises, sockets stay
            if self._live != "stale":
                logger.warning("the database does not answer: %r", error)
            self._live = "stale"
        else:
            if tail is not self._tail:
                return
            self._stats = collected
            self._live = "live" if self._intake is None or self._intake.hears else "polling"
            at = collected["stream"]
            if at["epoch"] == tail.epoch and at["head"] < known:
                await self._begin_another("the log lost its end: an older copy was restored")
                return
            if at["epoch"] != tail.epoch:
                await self._begin_again("the log is another one")
                return
            if at["head"] > tail.last:
                self._start_repair()
            tail.forget_before(oldest or at["head"] + 1)
        self._relay([self.snapshot()])

    async def _poll(self) -> None:
        """Read the database while the layer is deaf."""
        if self._live == "polling":
            self._start_repair()

    # ------------------------------------------------------------------ beginning

    async def _begin_another(self, why: str) -> None:
        """Give the log a new epoch, unless it has one already, and begin again."""
        if self._tail is not None:
            await in_thread(services.begin_epoch, self._tail.epoch)
            await self._begin_again(why)

    async def _begin_again(self, why: str) -> None:
        """Take the log as it is now; browsers learn from the snapshot that theirs has ended."""
        logger.warning("starting again from the database: %s", why)
        before = self._tail
        tail, found = await in_thread(_read_all)
        if before is not None and tail.departs_from(before):  # restored while it was read
            await in_thread(services.begin_epoch, before.epoch)
            tail, found = await in_thread(_read_all)
        if before is None or self._tail is not before:
            return  # stopped, or begun again, meanwhile
        self.counts["duplicate"] += before.duplicates
        self._tail, self._stats = tail, found
        self._relay([self.snapshot()])


async def _collect() -> _Collected:
    """Collect the stats, after what the bot did not answer in time; and the oldest event's seq."""

    def call() -> _Collected:
        control.settle(timezone.now())
        with giving_way():
            return stats.collect(), retention.oldest_event()

    return await in_thread(call, threads=collector)


def _look_up(seq: int) -> tuple[queries.Position, list[Event]]:
    return queries.position(), queries.events_after(seq - 1, 1)


def _read_all() -> tuple[Tail, dict[str, Any]]:
    collected = stats.collect()
    at = queries.position()
    tail = Tail(epoch=at.epoch, last=at.head, keep=settings.REPLAY_EVENTS_MAX)
    newest = queries.latest_events(settings.REPLAY_EVENTS_MAX, at.head)
    tail.load([frames.new_event(event) for event in reversed(newest)])
    return tail, collected
