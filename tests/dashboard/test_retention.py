"""Old events go in small pieces; what is left is whole, and nobody is told that nothing went."""

import threading
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.test import override_settings
from django.utils import timezone

from dashboard import retention
from dashboard.events import record_event
from dashboard.models import DurationMinute, Event, HourlyCount, MetricSample, Stream
from tests.dashboard.sockets import browser
from tests.web import LiveWeb

pytestmark = pytest.mark.django_db(transaction=True)


def record() -> Event:
    return record_event(kind="test.happened", message="Something happened.")


def write_old(count: int, *, days: int = 40) -> None:
    """Write `count` events, a second apart, that ended `days` ago."""
    end = timezone.now() - timedelta(days=days)
    Event.objects.bulk_create(
        [
            Event(
                seq=seq,
                timestamp=end - timedelta(seconds=count - seq),
                level="info",
                kind="test.happened",
                message="old",
            )
            for seq in range(1, count + 1)
        ],
        batch_size=500,
    )
    Stream.objects.update(head=count)


def prune(*options: str, **settings: int) -> str:
    out = StringIO()
    with override_settings(**settings):
        call_command("prune_events", *options, stdout=out)
    return out.getvalue()


def seqs() -> list[int]:
    return list(Event.objects.order_by("seq").values_list("seq", flat=True))


def test_what_is_older_goes_and_what_is_younger_and_every_counter_stays():
    write_old(1300)
    HourlyCount.objects.create(hour=timezone.now(), kind="test.old", level="info", count=1300)
    younger = [record().seq for _ in range(3)]
    said = prune(EVENT_RETENTION_DAYS=30)
    assert seqs() == [*younger, 1304]
    assert "1,300 of 1,300 events deleted" in said
    assert HourlyCount.objects.get(kind="test.old").count == 1300
    pruned = Event.objects.get(seq=1304)
    assert pruned.kind == "dashboard.events_pruned"
    assert pruned.data == {"events": 1300, "oldestKept": 1301}
    assert prune(EVENT_RETENTION_DAYS=30).startswith("0 events")
    assert seqs() == [*younger, 1304]  # nothing was done, so nothing is recorded


def test_by_default_events_are_kept_for_ever():
    write_old(3)
    assert "for ever" in prune()
    assert seqs() == [1, 2, 3]


def test_a_dry_run_tells_and_deletes_nothing():
    write_old(7)
    MetricSample.objects.create(at=datetime(2020, 1, 1, tzinfo=UTC), bot="b", active_actors=0)
    said = prune("--dry-run", "--days", "30")
    assert said.startswith("7 events are older than ")
    assert "1 samples are older" in said
    assert seqs() == list(range(1, 8))
    assert MetricSample.objects.count() == 1


@pytest.mark.parametrize("days", ["0", "-1", "36501"])
def test_an_impossible_number_of_days_is_refused(days: str):
    with pytest.raises(CommandError, match=r"from 1 to 36,500"):
        call_command("prune_events", f"--days={days}")


def test_samples_and_minutes_have_their_own_time():
    now = timezone.now()
    for days in (1, 89, 91, 400):
        at = now - timedelta(days=days)
        MetricSample.objects.create(at=at, bot="b", active_actors=0)
        DurationMinute.objects.create(minute=at, bucket=1, runs=2)
    assert "4 samples deleted" in prune()
    assert (MetricSample.objects.count(), DurationMinute.objects.count()) == (2, 2)
    assert "kept for ever" in prune(SAMPLE_RETENTION_DAYS=0)


def test_an_event_stamped_before_its_neighbour_is_kept_with_it():
    write_old(10)
    now = timezone.now()
    Event.objects.filter(seq__in=[6, 8]).update(timestamp=now)
    Event.objects.filter(seq=5).update(timestamp=now + timedelta(seconds=2))
    assert retention.first_to_keep(now - timedelta(days=1), 10) == 5
    prune("--days", "1")
    assert seqs()[:2] == [5, 6]


def test_when_everything_is_old_everything_goes_and_the_numbers_go_on():
    write_old(4)
    prune("--days", "1")
    assert seqs() == [5]
    assert record().seq == 6


def test_stopped_half_way_the_rest_is_whole():
    write_old(1700)

    def stop(deleted: int) -> None:
        if deleted >= 1000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retention.prune_events(1701, stop)
    assert seqs() == list(range(1001, 1701))


def test_writers_go_on_meanwhile_and_lose_nothing():
    write_old(3000)
    written: list[int] = []
    stop = threading.Event()

    def write() -> None:
        try:
            while not stop.is_set():
                written.append(record().seq)
        finally:
            connections.close_all()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        retention.prune_events(3001)
    finally:
        stop.set()
        writer.join()
    assert written
    assert seqs() == list(range(3001, 3001 + len(written)))


@pytest.mark.parametrize(("after", "whole"), [(20, False), (49, False), (50, True), (60, True)])
async def test_a_reader_from_before_the_oldest_event_is_told_to_begin_again(
    live_web: LiveWeb, staff: User, after: int, whole: bool
):
    def past() -> str:
        for _ in range(70):
            record()
        Event.objects.filter(seq__lte=50).update(timestamp=timezone.now() - timedelta(days=9))
        retention.prune_events(retention.first_to_keep(timezone.now() - timedelta(days=5), 70))
        return str(Stream.objects.get().epoch)

    epoch = await sync_to_async(past)()
    cookie = await sync_to_async(live_web.cookie)(staff)
    async with browser(live_web, cookie, f"?epoch={epoch}&after={after}") as page:
        resumed = await page.receive_until("RESUMED")
    replayed = [frame["data"]["seq"] for frame in page.frames if frame["type"] == "NEW_EVENT"]
    assert resumed["complete"] is whole
    assert replayed == (list(range(after + 1, 71)) if whole else [])


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_the_lock_of_the_stream_is_not_waited_for():
    write_old(1200)
    ends = threading.Event()
    holds = threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                record()
                holds.set()
                ends.wait(timeout=30)
        finally:
            connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert holds.wait(timeout=30)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '5s'")
        assert retention.prune_events(1201) == 1200
    finally:
        ends.set()
        holder.join()
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
    assert seqs() == [1201]
