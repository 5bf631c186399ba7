"""What browsers hear while the database is slow."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer

from dashboard import stats
from dashboard.events import record_event
from dashboard.hub import LOG_GROUP, Connection, Hub, log
from dashboard.hub.batch import Batch

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 20.0


class Listener:
    """A link whose frames can be waited for."""

    straight = None
    unsent_bytes = 0

    def __init__(self) -> None:
        self.frames: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def write(self, text: str) -> None:
        self.frames.put_nowait(json.loads(text))

    def pass_on(self, batch: Batch, sent_bytes: int = 0) -> int:
        for text in batch.texts:
            self.write(text)
        return 0

    def close(self, code: int) -> None:
        raise AssertionError(f"closed with {code}")

    async def next(self, type: str) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (frame := await self.frames.get())["type"] != type:
                pass
        data: dict[str, Any] = frame["data"]
        return data


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    hub, link = Hub(), Listener()
    connection = Connection(link, user_id=1, session_key="")
    await hub.join(LOG_GROUP, connection)
    try:
        yield link
    finally:
        await hub.leave(LOG_GROUP, connection)
        await get_channel_layer().flush()


@pytest.fixture
def slow() -> Iterator[threading.Event]:
    """A section of the stats that takes until the event is set; at first it is."""
    goes_on = threading.Event()
    goes_on.set()

    def wait() -> dict[str, Any]:
        assert goes_on.wait(PATIENCE_SECONDS)
        return {}

    stats.register("slow", wait)
    yield goes_on
    goes_on.set()
    del stats._providers["slow"]


async def test_the_last_stats_are_sent_on_time_when_new_ones_take_too_long(
    slow: threading.Event, settings: Any, monkeypatch: pytest.MonkeyPatch
):
    settings.STATS_INTERVAL_SECONDS = 0.2
    monkeypatch.setattr(log, "COLLECT_SECONDS", 0.2)
    async with listening() as link:
        assert (await link.next("STATS_UPDATE"))["live"] == "live"
        slow.clear()
        while (await link.next("STATS_UPDATE"))["live"] != "stale":
            pass
        for _ in range(3):
            assert (await link.next("STATS_UPDATE"))["live"] == "stale"
        await sync_to_async(record_event)(kind="test.happened", message="Meanwhile.")
        assert (await link.next("NEW_EVENT"))["kind"] == "test.happened"
        slow.set()
        while (now := await link.next("STATS_UPDATE"))["live"] != "live":
            pass
        assert now["stream"]["head"] == 1
