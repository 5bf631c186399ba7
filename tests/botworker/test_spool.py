"""What waits to be recorded, in a file that outlives its process."""

import asyncio
import os
import signal
import sys

import pytest

from botworker.database import in_database
from botworker.recorder import Recorder
from botworker.records import Record, write
from botworker.spool import MAX_RECORDS, Spool
from dashboard.events import Origin, Ref
from dashboard.runs import Fault
from tests.botworker.running import event, events, eventually, manage, process
from tests.botworker.test_recorder import messages, running


def record(number, **fields):
    return Record(kind="bot.tested", message=f"number {number}", **fields)


def kill(spool: Spool) -> None:
    """Let go of the file as the end of the process does: as it is."""
    assert spool._file is not None
    os.close(spool._file)


def waiting(spool):
    return [item.record.message for item in spool.first(len(spool))]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "spool" / "bot.jsonl"


def test_what_was_not_recorded_is_there_for_the_next_process_as_it_was(path):
    origin = Origin(Ref(5, "Harbour"), Ref(7, "ada"), "daily", "77")
    fault = Fault("f00", "ValueError", "somewhere")
    told = record(1, origin=origin, data={"n": "1"}, duration_ms=3.5, outcome="failed", fault=fault)
    first = Spool(path)
    first.append(told)
    first.append(record(2))
    kill(first)

    second = Spool(path)

    assert second.id == first.id
    assert waiting(second) == ["number 1", "number 2"]
    assert second.first(1)[0].record == told
    assert [item.number for item in second.first(2)] == [1, 2]


def test_numbers_go_on_after_everything_was_recorded(path):
    first = Spool(path)
    for number in (1, 2, 3):
        first.append(record(number))
    first.drop(upto=3)
    first.close()

    second = Spool(path)
    second.append(record(4))

    assert [item.number for item in second.first(9)] == [4]


def test_a_line_that_was_cut_by_the_end_of_the_process_costs_that_record_alone(path):
    first = Spool(path)
    first.append(record(1))
    first.append(record(2))
    kill(first)
    path.write_bytes(path.read_bytes()[:-5])

    assert waiting(Spool(path)) == ["number 1"]


def test_a_file_of_something_else_is_no_reason_to_fail(path):
    path.parent.mkdir()
    path.write_bytes(b"\xff\x00 garbage\n{}\n")

    spool = Spool(path)
    spool.append(record(1))

    assert waiting(spool) == ["number 1"]


def test_neither_file_nor_memory_grows_beyond_its_bound_and_the_newest_are_kept(path):
    spool = Spool(path, max_bytes=20_000)

    for number in range(500):
        spool.append(record(number))
        assert path.stat().st_size <= 20_000

    kept = waiting(spool)
    assert kept == [f"number {number}" for number in range(500 - len(kept), 500)]
    assert spool.lost == 500 - len(kept)
    kill(spool)
    assert waiting(Spool(path)) == kept


@pytest.mark.parametrize(("recorded", "lost"), [(True, 0), (False, 5)])
def test_what_gives_way_while_it_is_written_is_lost_only_if_that_fails(recorded, lost):
    spool = Spool()
    for number in range(MAX_RECORDS):
        spool.append(record(number))

    written = spool.first(20)
    for number in range(5):
        spool.append(record(MAX_RECORDS + number))
    if recorded:
        spool.drop(written[-1].number)
    after = spool.first(1)

    assert spool.lost == lost
    assert after[0].record.message == ("number 20" if recorded else "number 5")


def test_a_file_in_use_is_left_alone_and_said_once(path, caplog):
    first = Spool(path)
    first.append(record(1))

    second = Spool(path)
    second.append(record(2))

    assert waiting(second) == ["number 2"]
    assert "cannot keep what happens" in caplog.text
    kill(first)
    assert waiting(Spool(path)) == ["number 1"]


def test_a_folder_that_cannot_be_made_leaves_a_spool_in_memory(tmp_path, caplog):
    (tmp_path / "spool").write_text("a file")

    spool = Spool(tmp_path / "spool" / "bot.jsonl")
    spool.append(record(1))

    assert waiting(spool) == ["number 1"]
    assert "cannot keep what happens" in caplog.text


def test_only_its_owner_reads_the_file(path):
    Spool(path).append(record(1))

    assert path.stat().st_mode & 0o777 == 0o600


def test_text_that_no_database_keeps_does_not_stop_the_spool(path):
    spool = Spool(path)

    spool.append(record(1, origin=Origin(actor=Ref(1, "\ud800\0ada"))))

    kill(spool)
    assert len(Spool(path)) == 1


@pytest.mark.django_db(transaction=True)
async def test_what_was_recorded_before_a_kill_is_not_recorded_again(path):
    spool = Spool(path)
    for number in (1, 2, 3):
        spool.append(record(number))
    await in_database(write, spool.first(2))
    kill(spool)  # killed after the commit, before anything else

    recorder = Recorder()
    recorder.use(Spool(path))
    recorder.add(record(4))
    async with running(recorder):
        assert await recorder.flush(10)

    assert await messages() == [f"number {number}" for number in (1, 2, 3, 4)]


KILLED = """
import os, signal, sys
from pathlib import Path
from tests import environment
environment.load_django()
from botworker.records import Record
from botworker.spool import MAX_RECORDS, Spool
spool = Spool(Path(sys.argv[1]))
for number in range(1, 101):
    spool.append(Record(kind="bot.tested", message=f"number {number}"))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.django_db(transaction=True)
async def test_a_killed_process_leaves_everything_it_had_taken(path):
    killed = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, str(path))
    assert await killed.wait() == -signal.SIGKILL

    recorder = Recorder()
    recorder.use(Spool(path))
    async with running(recorder):
        assert await recorder.flush(10)

    assert await messages() == [f"number {number}" for number in range(1, 101)]


@pytest.mark.django_db(transaction=True)
async def test_commands_of_a_killed_bot_without_a_database_get_into_the_log_once(
    there, emulated, guild, ada, tmp_path
):
    async with manage("runbot", **there) as first:
        await emulated.wait_for_command("ping", within=30)
        await event("gateway.connected")
        await in_database(rename, "dashboard_stream", "away")
        for _ in range(3):
            call = await emulated.run_command("ping", member=ada, guild=guild)
            assert "Pong" in (await call.reply()).text

        async def kept():
            return (tmp_path / "spool" / "bot.jsonl").read_text().count("/ping for") == 3

        await eventually(kept)
        first.kill()
        await first.communicate()
    await in_database(rename, "away", "dashboard_stream")

    async with manage("runbot", **there):
        await event("bot.started", number=2)

        async def heard():
            return (row := await process()) is not None and row.connected

        await eventually(heard)

    done = await events("bot.command_completed")
    assert [one.message for one in done] == [f"/ping for {ada.display_name}"] * 3
    assert [one.seq for one in done] == sorted(one.seq for one in done)
    restarted = (await events("bot.started"))[1]
    assert done[-1].seq < restarted.seq


def rename(old, new):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")
