"""Giving something to everybody: in order, to each once, whatever one of them is like."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from dashboard.hub import codes
from dashboard.hub.audience import Audience
from dashboard.hub.batch import Batch
from dashboard.hub.connection import HELD_MAX_FRAMES, Connection
from dashboard.hub.daphne import Tracked


class Reactor:
    """Names what has something in its buffer."""

    def __init__(self) -> None:
        self.writers: list[Any] = []

    def getWriters(self) -> list[Any]:
        return self.writers


class Way:
    """A link that keeps what it is given; `takes_bytes` are what its kernel takes at a time."""

    def __init__(self, reactor: Reactor | None, takes_bytes: int = 1 << 30) -> None:
        self.reactor = reactor
        self.transport = object()
        self.takes_bytes = takes_bytes
        self.straightly: list[bytes] = []
        self.taken = b""
        self.texts: list[str] = []
        self.closed: list[int] = []
        self.is_open = True
        self.unsent_bytes = 0
        self.fails = False

    @property
    def straight(self) -> Any:
        return self if self.reactor is not None and self.is_open else None

    def send(self, wire: bytes) -> int:
        if self.fails:
            raise BrokenPipeError
        self.straightly.append(wire)
        self.taken += wire[: self.takes_bytes]
        return min(len(wire), self.takes_bytes)

    def write(self, text: str) -> None:
        self.taken += Batch([text]).wire
        self.texts.append(text)

    def pass_on(self, batch: Batch, sent_bytes: int = 0) -> int:
        if self.fails:
            raise RuntimeError("broken in its own way")
        self.taken += batch.wire[sent_bytes:]
        return self.unsent_bytes

    def close(self, code: int) -> None:
        self.closed.append(code)


def connect(audience: Audience, way: Way) -> Connection:
    connection = Connection(way, user_id=1, session_key="")
    audience.add(connection)
    return connection


def test_what_leaves_at_once_leaves_straight_and_the_rest_behind_it():
    reactor, audience = Reactor(), Audience(Counter())
    ways = [Way(reactor), Way(reactor, takes_bytes=2), Way(None)]
    for way in ways:
        connect(audience, way)
    for number in range(3):
        audience.pass_on(Batch([f"event {number}"]))
    told = Batch([f"event {number}" for number in range(3)]).wire
    assert [way.taken for way in ways] == [told] * 3
    assert [len(way.straightly) for way in ways] == [3, 3, 0]


@pytest.mark.parametrize("behind", [[], [0], [4], [1, 3], [0, 1, 2, 3, 4]])
def test_nothing_overtakes_what_waits_in_a_buffer_and_nobody_waits_for_another(behind: list[int]):
    reactor, audience = Reactor(), Audience(Counter())
    ways = [Way(reactor) for _ in range(5)]
    for way in ways:
        connect(audience, way)
    reactor.writers = ["a transport of a page", *(ways[place].transport for place in behind)]
    audience.pass_on(Batch(["first"]))
    assert [place for place, way in enumerate(ways) if not way.straightly] == behind
    reactor.writers = []
    audience.pass_on(Batch(["second"]))
    assert [way.straightly[-1] for way in ways] == [Batch(["second"]).wire] * 5
    assert [way.taken for way in ways] == [Batch(["first", "second"]).wire] * 5


def test_who_comes_goes_or_stops_being_open_is_known_at_the_next_batch():
    reactor, audience = Reactor(), Audience(Counter())
    goes, ends, comes = Way(reactor), Way(reactor), Way(reactor)
    leaving = connect(audience, goes)
    connect(audience, ends)
    audience.pass_on(Batch(["1"]))
    audience.remove(leaving)
    connect(audience, comes)
    ends.is_open = False
    Tracked().state = 2  # as a protocol does whose connection ends
    audience.pass_on(Batch(["2"]))
    assert [len(way.straightly) for way in (goes, ends, comes)] == [1, 1, 1]
    assert comes.taken == Batch(["2"]).wire


async def test_one_that_cannot_be_written_to_is_closed_and_keeps_nothing_from_the_others():
    counts: Counter[str] = Counter()
    reactor, audience = Reactor(), Audience(counts)
    ways = [Way(reactor), Way(reactor), Way(None), Way(None)]
    for way in ways:
        connect(audience, way)
    ways[0].fails = ways[2].fails = True
    audience.pass_on(Batch(["1"]))
    await asyncio.sleep(0)
    assert [way.closed for way in ways] == [[codes.RESYNC], [], [codes.RESYNC], []]
    assert ways[1].taken == ways[3].taken == Batch(["1"]).wire
    assert counts == {"failed": 2}


def test_who_is_held_back_gets_it_later_after_what_was_missed():
    reactor, audience = Reactor(), Audience(Counter())
    way = Way(reactor)
    connection = connect(audience, way)
    audience.pass_on(Batch(["0"]))
    connection.hold()
    audience.held_changed()
    audience.pass_on(Batch(["3", "4"]))
    connection.deliver("5")
    connection.put_first(["1", "2"])
    assert connection.send_held(1000)
    audience.held_changed()
    audience.pass_on(Batch(["6"]))
    assert way.taken == Batch(list("0123456")).wire


def test_what_is_held_back_is_sent_piece_by_piece_as_it_leaves():
    connection = Connection(way := Way(None), user_id=1, session_key="")
    connection.hold()
    connection.put_first(["1", "2", "3"])
    way.unsent_bytes = 11
    assert not connection.send_held(10)
    assert way.texts == []
    way.unsent_bytes = 10
    assert connection.send_held(10)
    assert way.texts == ["1", "2", "3"]
    assert not connection.holds
    assert way.closed == []


def test_who_falls_too_far_behind_while_held_back_is_closed():
    connection = Connection(way := Way(None), user_id=1, session_key="")
    connection.hold()
    for _ in range(3):
        connection.pass_on(Batch(["event"] * (HELD_MAX_FRAMES // 2)))
    assert way.closed == [codes.TOO_SLOW]


@pytest.mark.parametrize("how", ["alone", "with everybody"])
def test_a_socket_with_too_much_unsent_is_closed_once(settings: Any, how: str):
    settings.SOCKET_UNSENT_MAX_BYTES = 1000
    connection = Connection(way := Way(None), user_id=1, session_key="")

    def give() -> None:
        if how == "alone":
            connection.deliver("event")
        else:
            connection.pass_on(Batch(["event"]))

    way.unsent_bytes = 1000
    give()
    assert way.closed == []
    way.unsent_bytes = 1001
    give()
    give()
    assert way.closed == [codes.TOO_SLOW]


def test_a_socket_is_stalled_when_nothing_has_left_for_so_long(settings: Any):
    settings.SOCKET_STALLED_SECONDS = 30
    connection = Connection(way := Way(None), user_id=1, session_key="")
    begun = connection._left_at
    way.unsent_bytes = 500
    connection.pass_on(Batch(["x" * 500]))
    assert not connection.is_stalled(begun + 29)
    way.unsent_bytes = 400
    assert not connection.is_stalled(begun + 40), "it takes something"
    assert not connection.is_stalled(begun + 69)
    assert connection.is_stalled(begun + 71)
    way.unsent_bytes = 0
    assert not connection.is_stalled(begun + 80)
    assert not connection.is_stalled(begun + 109), "there is nothing to take"
