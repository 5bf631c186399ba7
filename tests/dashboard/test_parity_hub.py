"""The log in the database == what every reader of the hub has, whatever becomes of the publishes.

The server's half of test_parity.py: a real hub on the real channel layer and real rows, read by
the rules of `dashboard.client.course`.
"""

import asyncio
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.db import transaction
from django.test import override_settings
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dashboard import frames, queries, services
from dashboard.client.course import Course, Verdict
from dashboard.frames import Resume
from dashboard.hub import LOG_GROUP, Connection, Hub
from dashboard.hub.background import in_thread
from dashboard.hub.batch import Batch
from dashboard.models import Event, Stream
from tests.broker import Broker
from tests.dashboard.plays import FATES, one_of_each_kind, row

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 15.0
SNAPSHOT_EVENTS = 50
KEPT_FRAMES = 8

Wire = dict[str, Any]
Message = dict[str, Any]


class Database:
    """The log, written as the bot writes it; `logs` are all that there ever were, oldest first."""

    def __init__(self) -> None:
        self.palette = one_of_each_kind()
        self.logs: list[list[Wire]] = [[]]
        self.turn = 0
        Event.objects.all().delete()
        Stream.objects.update(head=0)
        services.begin_epoch(queries.position().epoch)

    @transaction.atomic
    def write(self, count: int) -> list[Message]:
        """Commit so many events; return what `record_event` would publish."""
        rows = []
        log = self.logs[-1]
        for _ in range(count):
            self.turn += 1
            rows.append(row(self.palette, len(log) + 1, self.turn))
            log.append(frames.event_data(rows[-1]))
        Event.objects.bulk_create(rows)
        Stream.objects.update(head=len(log))
        epoch = queries.position().epoch
        return [
            {
                "type": "dashboard.frame",
                "seq": row.seq,
                "frame": frames.new_event(row),
                "epoch": epoch,
                "previous": log[row.seq - 2]["timestamp"] if row.seq > 1 else "",
            }
            for row in rows
        ]

    @transaction.atomic
    def restore(self, lost: int, told: bool) -> None:
        """Put back an older copy; the operator may have `told`, by `manage.py reset_epoch`."""
        self.logs.append(self.logs[-1][: max(0, len(self.logs[-1]) - lost)])
        Event.objects.filter(seq__gt=len(self.logs[-1])).delete()
        Stream.objects.update(head=len(self.logs[-1]))
        if told:
            services.begin_epoch(queries.position().epoch)

    def prune(self, keep: int) -> None:
        """Forget all but the newest rows."""
        Event.objects.filter(seq__lte=len(self.logs[-1]) - keep).delete()

    @transaction.atomic
    def snapshot(self) -> tuple[queries.Position, list[Wire]]:
        """Return what a page begins with, oldest first."""
        at = queries.position()
        newest = queries.latest_events(SNAPSHOT_EVENTS, at.head)
        return at, [frames.event_data(event) for event in reversed(newest)]


class Reader:
    """A page: a link of the hub's, what it shows, and the rules."""

    unsent_bytes = 0

    def __init__(self, hub: Hub, database: Database) -> None:
        self.hub, self.database = hub, database
        self.course = Course("", 0)
        self.shown: list[Wire] = []
        self.news: asyncio.Queue[str] = asyncio.Queue()
        self.changed = asyncio.Event()
        self.landed = 0
        self.now = 0.0  # in seconds, by the stats: half a second each
        self.connection: Connection | None = None
        self.task: asyncio.Task[None] | None = None
        self.epochs: list[str] = []  # of each snapshot

    def write(self, text: str) -> None:
        self.news.put_nowait(text)

    straight = None

    def pass_on(self, batch: Batch, sent_bytes: int = 0) -> int:
        for text in batch.texts:
            self.write(text)
        return 0

    def close(self, code: int) -> None:
        raise AssertionError(f"closed with {code}")

    async def join(self) -> None:
        if not self.course.epoch:
            await self.begin()
        self.connection = Connection(self, user_id=1, session_key="")
        self.course.begin()
        await self.hub.join(LOG_GROUP, self.connection, self.resume)
        self.task = asyncio.ensure_future(self.follow())

    async def leave(self) -> None:
        if self.connection is None or self.task is None:
            return
        await self.hub.leave(LOG_GROUP, self.connection)
        self.connection = None
        self.task.cancel()
        await asyncio.wait([self.task])
        if not self.task.cancelled() and (error := self.task.exception()):
            raise error
        self.news = asyncio.Queue()  # what was on the way is lost with the connection

    @property
    def resume(self) -> Resume:
        return Resume(epoch=self.course.epoch, after=self.course.last)

    async def begin(self) -> None:
        """Show a snapshot."""
        at, self.shown = await in_thread(self.database.snapshot)
        self.course = Course(at.epoch, at.head)
        self.epochs.append(at.epoch)

    async def follow(self) -> None:
        while True:
            frame = json.loads(await self.news.get())
            if frame["type"] == "STATS_UPDATE":
                self.now += 0.5
            elif frame["type"] == "LANDED":
                self.landed = frame["data"]
            verdict = self.course.take(frame, self.now)
            if verdict is Verdict.NOTHING:
                verdict = self.course.overdue(self.now)
            assert verdict is not Verdict.RECONNECT, "a replay said to be whole was not"
            if verdict is Verdict.SHOW:
                self.shown.append(frame["data"])
            elif verdict in {Verdict.TOO_FAR, Verdict.OTHER_LOG}:
                self.check()
                await self.begin()
                self.news = asyncio.Queue()  # nothing else is taken while a snapshot is loaded
            if verdict in {Verdict.ASK, Verdict.TOO_FAR, Verdict.OTHER_LOG}:
                assert self.connection is not None
                self.course.asked(self.now)
                self.hub.resume(self.connection, self.resume)
            self.changed.set()

    async def wait(self, seconds: float) -> None:
        """Return when something was received, or after so long."""
        self.changed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self.changed.wait()
        except TimeoutError:
            return

    def check(self) -> None:
        """Fail unless what is shown is a piece of one log, whichever."""
        if self.shown:
            first, last = self.shown[0]["seq"], self.shown[-1]["seq"]
            pieces = [log[first - 1 : last] for log in self.database.logs]
            assert self.shown in pieces, f"{marks(self.shown)} is of none of {marks(*pieces)}"

    async def until_whole(self) -> None:
        """Return when the position and the events are those of the database."""
        if self.connection is None:
            return
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while (self.course.epoch, self.course.last) != await in_thread(queries.position):
                    await self.wait(0.1)
        except TimeoutError:
            at = await in_thread(queries.position)
            pytest.fail(f"at {self.course.last} of {self.course.epoch}, the log is at {at}")
        self.check()
        last = self.course.last
        first = self.shown[0]["seq"] if self.shown else last + 1
        assert self.shown == self.database.logs[-1][first - 1 : last]


GARBAGE: list[Any] = [
    {"type": "dashboard.frame", "seq": "3", "frame": "{}"},
    {"type": "dashboard.frame", "seq": 10**9, "frame": '{"type":"NEW_EVENT","data":{"seq":1}}'},
    {"type": "dashboard.frame", "seq": True, "frame": 3},
    {"type": "unheard.of"},
    {},
]
STEPS = st.one_of(
    st.tuples(st.just("write"), st.integers(1, 6), FATES),
    st.tuples(st.just("write"), st.integers(1, 6), FATES),
    st.tuples(st.just("write"), st.integers(9, 40), FATES),
    st.tuples(st.just("settle")),
    st.tuples(st.just("go")),
    st.tuples(st.just("come")),
    st.tuples(st.just("garbage"), st.sampled_from(GARBAGE)),
    st.tuples(st.just("prune"), st.integers(1, 6)),
    st.tuples(st.just("restore"), st.integers(0, 12), st.booleans()),
)


def marks(*logs: list[Wire]) -> list[str]:
    """Return logs as they are best compared: which event, written when."""
    return [" ".join(f"{each['seq']}:{each['timestamp'][11:]}" for each in log) for log in logs]


class World:
    """A hub with one page that stays and one that comes and goes; publishes with a fate."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database = database
        self.layer = get_channel_layer()
        hub = Hub()
        self.stays, self.comes = Reader(hub, database), Reader(hub, database)
        self.late: list[dict[str, Any]] = []
        self.chance = random.Random(seed)
        self.flights = 0

    async def write(self, count: int, fates: list[str]) -> None:
        waiting, self.late = self.late, []
        for number, message in enumerate(await in_thread(self.database.write, count)):
            fate = fates[number] if number < len(fates) else "arrives"
            if fate == "late":
                self.late.append(message)
            waiting += {"arrives": [message], "twice": [message] * 2}.get(fate, [])
        if self.chance.random() < 0.3:
            self.chance.shuffle(waiting)
        for message in waiting:
            await self.garbage(message)

    async def garbage(self, message: dict[str, Any]) -> None:
        await self.layer.group_send(LOG_GROUP, message)

    async def land(self) -> None:
        """Have all that was published arrive: what is on its way belongs to the log as it is."""
        self.flights += 1
        frame = frames.encode("LANDED", self.flights)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.stays.landed < self.flights:  # the hub may not be subscribed yet
                await self.garbage({"type": "dashboard.frame", "seq": None, "frame": frame})
                await self.stays.wait(0.1)

    async def settle(self) -> None:
        await self.stays.until_whole()

    async def come(self) -> None:
        if self.comes.connection is None:
            await self.comes.join()

    async def go(self) -> None:
        await self.comes.leave()

    async def prune(self, keep: int) -> None:
        await in_thread(self.database.prune, keep)

    async def restore(self, lost: int, told: bool) -> None:
        self.late = []
        await self.land()
        await self.stays.until_whole()
        await in_thread(self.database.restore, lost, told)
        if not told:  # then nothing but the lost end tells, at the next stats
            await self.stays.until_whole()
            await self.comes.until_whole()

    async def play(self, steps: list[Any]) -> None:
        await self.stays.join()
        try:
            for name, *values in steps:
                await getattr(self, name)(*values)
                self.stays.check()
            await self.write(0, [])
            await self.come()
            await self.stays.until_whole()
            await self.comes.until_whole()
            if not {"restore", "prune"} & {name for name, *_ in steps}:
                assert len({*self.stays.epochs, *self.comes.epochs}) == 1, "it is one log"
                assert len(self.stays.epochs) == 1, "nothing was out of reach of who stayed"
        finally:
            await self.land()
            await self.stays.leave()
            await self.comes.leave()


async def play(steps: list[Any], seed: int) -> None:
    await World(await in_thread(Database), seed).play(steps)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    """One loop for all examples: the layer keeps its connections for each."""
    with asyncio.Runner() as runner:
        yield runner
        runner.run(get_channel_layer().flush())


@settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # to shrink what waits takes too long
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
@given(steps=st.lists(STEPS, min_size=4, max_size=20), seed=st.integers(0, 2**16))
def test_readers_have_the_log_whatever_becomes_of_the_publishes(
    broker: Broker,
    loop: asyncio.Runner,
    steps: list[Any],
    seed: int,
) -> None:
    with override_settings(
        STATS_INTERVAL_SECONDS=0.1, REPLAY_EVENTS_MAX=KEPT_FRAMES, SOCKET_RECHECK_SECONDS=3600
    ):
        loop.run(play(steps, seed))
