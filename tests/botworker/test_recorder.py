"""From the bot into the log."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from django.db import connection

from botworker.database import in_database
from botworker.recorder import Recorder
from botworker.records import Record
from botworker.spool import MAX_RECORDS
from dashboard.events import Origin
from tests.botworker.running import database_away, events, missing

pytestmark = pytest.mark.django_db(transaction=True)


@asynccontextmanager
async def running(recorder):
    task = asyncio.create_task(recorder.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def messages():
    return [event.message for event in await events("bot.*")]


async def test_records_get_into_the_log_in_their_order():
    recorder = Recorder()
    for number in range(50):
        recorder.add(Record(kind="bot.tested", message=f"number {number}"))

    async with running(recorder):
        assert await recorder.flush(10)

    assert await messages() == [f"number {number}" for number in range(50)]


async def test_of_two_outcomes_of_one_request_the_first_counts():
    recorder = Recorder()
    origin = Origin(request_id="77")
    for kind in ("bot.command_completed", "bot.command_failed"):
        recorder.add(Record(kind=kind, message=kind, origin=origin, once="bot.command_"))
    recorder.add(Record(kind="bot.command_completed", message="another", once="bot.command_"))

    async with running(recorder):
        assert await recorder.flush(10)

    assert await messages() == ["bot.command_completed", "another"]


async def test_one_bad_record_does_not_take_the_others_with_it(caplog):
    recorder = Recorder()
    recorder.add(Record(kind="bot.tested", message="before"))
    recorder.add(Record(kind="bot.tested", message="bad", data={"text": "x" * 10_000}))
    recorder.add(Record(kind="bot.tested", message="after"))

    async with running(recorder):
        assert await recorder.flush(10)

    assert await messages() == ["before", "after"]
    assert recorder.lost == 1
    assert "cannot record bot.tested" in caplog.text


async def test_records_wait_for_a_database_that_is_away():
    recorder = Recorder()
    recorder.add(Record(kind="bot.tested", message="kept"))

    async with running(recorder):
        with database_away():
            assert not await recorder.flush(0.5)
        assert await recorder.flush(10)

    assert await messages() == ["kept"]
    assert recorder.lost == 0


async def test_records_wait_for_a_database_that_lacks_a_table():
    recorder = Recorder()
    recorder.add(Record(kind="bot.tested", message="one"))
    recorder.add(Record(kind="bot.tested", message="two"))

    async with missing("dashboard_hourlycount"), running(recorder):
        assert not await recorder.flush(0.5)
    async with running(recorder):
        assert await recorder.flush(10)

    assert await messages() == ["one", "two"]
    assert recorder.lost == 0


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no standby")
async def test_records_wait_for_a_database_that_only_reads():
    recorder = Recorder()
    recorder.add(Record(kind="bot.tested", message="one"))
    await in_database(read_only, "on")
    try:
        async with running(recorder):
            assert not await recorder.flush(0.5)
    finally:
        await in_database(read_only, "off")

    async with running(recorder):
        assert await recorder.flush(10)

    assert await messages() == ["one"]


def read_only(how):
    """Let every later connection to the database of the test only read."""
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = off")
        name = connection.ops.quote_name(connection.settings_dict["NAME"])
        cursor.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {how}")


async def test_a_full_spool_lets_the_oldest_go():
    recorder = Recorder()

    for number in range(MAX_RECORDS + 3):
        recorder.add(Record(kind="bot.tested", message=str(number)))

    assert recorder.lost == 3
