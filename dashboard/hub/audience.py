"""The sockets of one group, and the shortest way to give something to all of them."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any

from dashboard.hub import codes
from dashboard.hub.batch import Batch
from dashboard.hub.connection import Connection
from dashboard.hub.daphne import Tracked

logger = logging.getLogger(__name__)


class Audience:
    """Who is given what a group is given, in the order they came.

    A thousand connections lie all over the memory, and to look at each costs as much as a third of
    the system call that it is about. So those that may be written to straight are kept in a list of
    nothing but their `send`, made anew when a socket comes, goes, is held back or stops being open.
    """

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts  # whose `failed` are the sockets that could not be written to
        self._members: dict[Connection, None] = {}
        self._others: list[Connection] = []
        self._straight: list[tuple[Any, Connection]] = []
        self._places: dict[Any, int] = {}  # by transport, where in `_straight`
        self._reactors: set[Any] = set()
        self._as_of: int | None = None  # `Tracked.changes` when the lists were made

    def __iter__(self) -> Iterator[Connection]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, connection: Connection) -> bool:
        return connection in self._members

    def add(self, connection: Connection) -> None:
        """Let `connection` in."""
        self._members[connection] = None
        self._as_of = None

    def remove(self, connection: Connection) -> None:
        """Let `connection` go."""
        del self._members[connection]
        self._as_of = None

    def held_changed(self) -> None:
        """Take note that some `Connection` holds back what it did not before, or the reverse."""
        self._as_of = None

    def pass_on(self, batch: Batch) -> None:
        """Give `batch` to everybody. What cannot be given to one is no matter of the others."""
        if self._as_of != Tracked.changes:
            self._sort()
        begin = 0
        for position in self._behind():
            self._send(self._straight[begin:position], batch)
            self._give(self._straight[position][1], batch)
            begin = position + 1
        self._send(self._straight[begin:], batch)
        for connection in self._others:
            self._give(connection, batch)

    def _behind(self) -> list[int]:
        """Return where in `_straight` those are with something in their buffer: it goes first."""
        waiting = (transport for reactor in self._reactors for transport in reactor.getWriters())
        return sorted(self._places[each] for each in waiting if each in self._places)

    def _send(self, straight: list[tuple[Any, Connection]], batch: Batch) -> None:
        wire, size = batch.wire, len(batch.wire)
        for send, connection in straight:
            try:
                sent = send(wire)
            except OSError:  # full, or broken: the transport finds out which, and sees to it
                sent = 0
            if sent != size:
                self._give(connection, batch, sent)

    def _sort(self) -> None:
        self._as_of = Tracked.changes
        self._straight, self._others, self._places, self._reactors = [], [], {}, set()
        for connection in self._members:
            way = connection.straight
            if way is None:
                self._others.append(connection)
            else:
                self._places[way.transport] = len(self._straight)
                self._straight.append((way.send, connection))
                self._reactors.add(way.reactor)

    def _give(self, connection: Connection, batch: Batch, sent_bytes: int = 0) -> None:
        try:
            connection.pass_on(batch, sent_bytes)
        except Exception:
            self._counts["failed"] += 1
            logger.exception("a socket could not be written to; it is closed, and may resume")
            asyncio.get_running_loop().call_soon(connection.link.close, codes.RESYNC)
