"""The hub: the sockets of one process, what they are given, and how long they may stay."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Coroutine
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings

from dashboard import access, frames, queries
from dashboard.frames import Resume
from dashboard.hub import codes
from dashboard.hub.audience import Audience
from dashboard.hub.background import every, in_thread, spawn
from dashboard.hub.batch import Batch
from dashboard.hub.connection import Connection
from dashboard.hub.daphne import before_server_stops, unknown
from dashboard.hub.intake import FRAME_MAX_CHARACTERS, Intake
from dashboard.hub.log import LOG_GROUP, Log

logger = logging.getLogger(__name__)

WATCH_SECONDS = 1.0
GOODBYE_SECONDS = 1.0
PIECE_SECONDS = 0.02

_CLOSING = {
    access.Verdict.ENDED: codes.SESSION_ENDED,
    access.Verdict.FORBIDDEN: codes.NOT_ALLOWED,
}


class TooManySockets(Exception):
    """The process, or the user, has as many sockets as it may have."""


class Hub:
    """Passes groups of the channel layer on to sockets: one subscription each, however many join.

    The group `dashboard` carries the log, and who joins it gets the stats first.
    """

    def __init__(self) -> None:
        self.groups: dict[str, Audience] = {}
        self.counts: Counter[str] = Counter()
        self.log = Log(lambda ready: self._pass_on(LOG_GROUP, ready), self.take)
        self._intakes: dict[str, Intake] = {}
        self._users: Counter[int] = Counter()
        self._changing = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._stops = False

    # ------------------------------------------------------------------ coming and going

    async def join(self, group: str, connection: Connection, resume: Resume | None = None) -> None:
        """Take `connection` into `group`: snapshot first, then what it missed, then live.

        Raises `TooManySockets`, and what the database raises if the log cannot be read.
        """
        user = connection.user_id
        if (
            self._users.total() >= settings.SOCKETS_PER_PROCESS_MAX
            or self._users[user] >= settings.SOCKETS_PER_USER_MAX
        ):
            raise TooManySockets
        self._users[user] += 1
        try:
            async with self._changing:
                await self._open(group)
        except BaseException:
            self._users -= Counter([user])
            if not self.groups.get(group):
                spawn(self._close_if_empty(group))
            raise
        # No await from here on: what is live now is exactly what the snapshot does not hold.
        self.groups.setdefault(group, Audience(self.counts)).add(connection)
        if group == LOG_GROUP:
            connection.deliver(self.log.snapshot())
            if resume is not None:
                self.resume(connection, resume)
        if self._stops:
            connection.link.close(codes.SERVER_RESTARTING)

    async def leave(self, group: str, connection: Connection) -> None:
        """Let `connection` go; the last one of a group ends the subscription to it."""
        audience = self.groups.get(group)
        if audience is None or connection not in audience:
            return
        audience.remove(connection)
        self._users -= Counter([connection.user_id])
        if not audience:
            # The consumer may be cancelled any moment; the group is to be left all the same.
            await asyncio.shield(spawn(self._close_if_empty(group)))

    async def _open(self, group: str) -> None:
        if not self._tasks:
            self._tasks = [
                asyncio.ensure_future(every(WATCH_SECONDS, self._watch)),
                asyncio.ensure_future(every(settings.SOCKET_RECHECK_SECONDS, self.recheck)),
            ]
        if group == LOG_GROUP:
            if not self.log.runs:
                await self.log.start()
        elif group not in self._intakes:
            self._intakes[group] = Intake(
                group,
                lambda messages: self._pass_on(group, [f for m in messages for f in self.take(m)]),
                lambda hears: None,
            )
            self._intakes[group].start()

    async def _close_if_empty(self, group: str) -> None:
        async with self._changing:
            if self.groups.get(group):
                return  # somebody came meanwhile
            self.groups.pop(group, None)
            if group == LOG_GROUP:
                await self.log.stop()
            elif group in self._intakes:
                await self._intakes.pop(group).stop()
            if not self.groups:
                for task in self._tasks:
                    task.cancel()
                self._tasks = []

    def say_goodbye(self) -> Coroutine[Any, Any, None]:
        """Close every socket with 4009, so that its browser comes back; await what it returns.

        Closed before anything is awaited, and whoever comes later is closed as well.
        """
        self._stops = True
        everyone = self._everyone()
        for connection in everyone:
            connection.link.close(codes.SERVER_RESTARTING)
        return _until_sent(everyone)

    # ------------------------------------------------------------------ what is missed

    def resume(self, connection: Connection, wanted: Resume) -> None:
        """Replay what follows `wanted.after`, then say `RESUMED`; live frames wait meanwhile.

        So does another wish: each gets its answer, in order.
        """
        if not self.log.runs:
            return
        if connection.holds:
            connection.ask_later(wanted)
            return
        tail = self.log.tail
        missing = tail.last - wanted.after
        if wanted.epoch != tail.epoch or missing > settings.REPLAY_EVENTS_MAX:
            connection.deliver(_resumed(wanted.after, tail.last, complete=False))
        elif missing >= 0 and (kept := tail.after(wanted.after)) is not None:
            self._hold(connection)
            spawn(self._replay(connection, kept, wanted.after, tail.last))
        elif missing < 0:  # another process was ahead of this one: look before saying no
            self._hold(connection)
            spawn(self._catch_up(connection, wanted))
        else:
            self._hold(connection)
            spawn(self._replay_rows(connection, wanted.after, tail.last))

    async def _catch_up(self, connection: Connection, wanted: Resume) -> None:
        kept: list[str] | None = None
        last = wanted.after
        try:
            await self.log.read_missing()
        finally:
            if self.log.runs:
                last = self.log.tail.last
                if self.log.tail.epoch == wanted.epoch:
                    kept = self.log.tail.after(wanted.after)
            await self._replay(connection, kept, wanted.after, last)

    async def _replay_rows(self, connection: Connection, after: int, upto: int) -> None:
        """Read events (after, upto] and send them, or none of them."""
        replayed: list[str] | None = None
        try:
            rows = await in_thread(queries.events_after, after, upto - after)
            if [row.seq for row in rows] == list(range(after + 1, upto + 1)):
                replayed = [frames.new_event(row) for row in rows]
        finally:
            await self._replay(connection, replayed, after, upto)

    def _hold(self, connection: Connection) -> None:
        connection.hold()
        self.groups[LOG_GROUP].held_changed()

    async def _replay(
        self, connection: Connection, missed: list[str] | None, after: int, upto: int
    ) -> None:
        """Send `missed`, all events of (after, upto] or None, then what was held back meanwhile.

        Piece by piece: who has missed more than may be unsent at once is not a slow reader yet.
        """
        whole = missed is not None
        connection.put_first([*(missed or []), _resumed(after, upto, complete=whole)])
        while connection in self.groups.get(LOG_GROUP, ()):
            if connection.send_held(settings.SOCKET_UNSENT_MAX_BYTES // 4):
                self.groups[LOG_GROUP].held_changed()
                for wanted in connection.asked():
                    self.resume(connection, wanted)
                return
            await asyncio.sleep(PIECE_SECONDS)

    # ------------------------------------------------------------------ what is passed on

    def take(self, message: Any) -> list[str]:
        """Return the frame in `message`, not part of the log; ignore and count what is not ours."""
        kind = message.get("type")
        frame = message.get("frame")
        if kind == "dashboard.session_ended":
            self._end_session(message.get("session"))
        elif kind == "dashboard.hasten":
            self.log.hasten()
        elif (
            kind == "dashboard.frame"
            and message.get("seq") is None
            and isinstance(frame, str)
            and len(frame) <= FRAME_MAX_CHARACTERS
            and not frames.is_reserved(frame)
        ):
            return [frame]
        else:
            self.counts["ignored"] += 1
        return []

    def _pass_on(self, group: str, ready: list[str]) -> None:
        audience = self.groups.get(group)
        if ready and audience is not None:
            audience.pass_on(Batch(ready))

    # ------------------------------------------------------------------ how long they stay

    async def recheck(self) -> None:
        """Close every socket whose session has ended or whose user may no longer look."""
        everyone = self._everyone()
        keys = {connection.session_key for connection in everyone}
        verdicts = await in_thread(access.judge_sessions, keys)
        for connection in everyone:
            code = _CLOSING.get(verdicts[connection.session_key])
            if code is not None:
                connection.link.close(code)

    def _end_session(self, digest: Any) -> None:
        """Close the sockets of a session that somebody signed out of, in whichever process."""
        for connection in self._everyone():
            if access.session_digest(connection.session_key) == digest:
                connection.link.close(codes.SESSION_ENDED)

    async def _watch(self) -> None:
        """Let go of sockets that take nothing."""
        now = time.monotonic()
        for connection in self._everyone():
            if connection.is_stalled(now) and connection.close_as_too_slow():
                self.counts["stalled"] += 1

    def intakes(self) -> list[Intake]:
        """Return what listens to the layer for its groups, now."""
        own = [self.log.intake] if self.log.intake is not None else []
        return [*own, *self._intakes.values()]

    def _everyone(self) -> list[Connection]:
        return [member for members in self.groups.values() for member in members]


async def _until_sent(connections: list[Connection]) -> None:
    """Wait until what was written to `connections` has left, but not for long."""
    deadline = time.monotonic() + GOODBYE_SECONDS
    for connection in connections:
        while connection.link.unsent_bytes and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def _resumed(after: int, last: int, *, complete: bool) -> str:
    return frames.encode("RESUMED", {"from": after + 1, "to": last, "complete": complete})


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def running_hub() -> Hub | None:
    """Return the hub of the running event loop, if it has one by now."""
    return _hubs.get(asyncio.get_running_loop())


def current_hub() -> Hub:
    """Return the hub of the running event loop: there is one in a process that serves."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
        before_server_stops(_hubs[loop].say_goodbye)
        unknown()
    return _hubs[loop]
