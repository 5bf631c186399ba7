"""The log: what `record_event` promises, on the database that the suite runs on."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from dashboard import queries
from dashboard.errors import EventTooLarge
from dashboard.events import (
    DATA_MAX_BYTES,
    INSERT_MAX_EVENTS,
    Fact,
    Origin,
    Ref,
    arecord_event,
    record_event,
    record_events,
)
from dashboard.models import ActiveActor, ActiveDay, Event, HourlyCount, Level, Stream
from dashboard.publisher import publisher
from tests.broker import Broker


def record(kind: str = "test.happened", **fields: object) -> Event:
    return record_event(kind=kind, message="Something happened.", **fields)  # type: ignore[arg-type]


@pytest.mark.django_db
def test_the_first_event_has_seq_1_and_each_next_one_more():
    assert [record().seq for _ in range(3)] == [1, 2, 3]
    assert Stream.objects.get().head == 3


@pytest.mark.django_db(transaction=True)
def test_an_event_rolls_back_with_the_change_it_tells_of_and_leaves_no_hole():
    with pytest.raises(RuntimeError, match="on purpose"), transaction.atomic():
        record()
        raise RuntimeError("on purpose")
    assert record().seq == 1
    assert HourlyCount.objects.get().count == 1


@pytest.mark.django_db(transaction=True)
def test_eight_writers_with_delays_before_their_commit_make_a_gapless_log():
    seen_heads: list[int] = []
    writing = threading.Event()
    writing.set()

    def write(writer: int) -> None:
        chance = random.Random(writer)
        for _ in range(150):
            with transaction.atomic():
                record(origin=Origin(actor=Ref(writer, f"writer {writer}")))
                time.sleep(chance.random() * 0.002)
        connection.close()

    def read() -> None:
        last = 0
        while writing.is_set():
            for event in queries.events_after(last, 1000):
                assert event.seq == last + 1, "a reader that follows the log met a hole"
                last = event.seq
            seen_heads.append(last)
            time.sleep(0.01)  # a busy loop would keep the interpreter from the writers
        connection.close()

    with ThreadPoolExecutor(9) as pool:
        reader = pool.submit(read)
        for done in [pool.submit(write, number) for number in range(8)]:
            done.result()
        writing.clear()
        reader.result()
    assert list(Event.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, 1201))
    assert Stream.objects.get().head == 1200
    assert HourlyCount.objects.filter(kind="test.happened").count() in {1, 2}
    assert sum(HourlyCount.objects.values_list("count", flat=True)) == 1200
    assert len(set(seen_heads)) > 1, "the reader did not read while it was written"


@pytest.mark.django_db(transaction=True)
async def test_it_records_from_an_event_loop():
    event = await arecord_event(kind="test.happened", message="From the loop.")
    assert await Event.objects.aget(seq=event.seq) is not None


@pytest.mark.django_db
def test_text_is_cut_and_cleaned_of_what_hides_or_reorders():
    event = record_event(
        kind="test.happened",
        message="x" * 6000,
        origin=Origin(
            actor=Ref(1, "a\u202eb\u200b\0c\ud800"), guild=Ref(2, "n" * 500), command="d" * 99
        ),
        data={"reason": "a \0 byte, \ud800 half, a typed \\u0000", "list": [{"\0": 1}]},
    )
    event.refresh_from_db()
    assert len(event.message) == 500
    assert event.message.endswith("…")
    assert event.actor_name == "abc"
    assert len(event.guild_name) == 100
    assert event.data == {"reason": "a  byte, ? half, a typed \\u0000", "list": [{"": 1}]}


@pytest.mark.django_db
def test_data_that_is_too_large_is_refused_and_nothing_is_recorded():
    with pytest.raises(EventTooLarge) as refused:
        record(data={"x": "y" * DATA_MAX_BYTES})
    assert refused.value.limit == DATA_MAX_BYTES
    assert Event.objects.count() == 0
    assert Stream.objects.get().head == 0


@pytest.mark.django_db
def test_the_database_refuses_a_second_event_with_the_same_seq_and_a_second_stream():
    event = record()
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.create(seq=event.seq, timestamp=event.timestamp, level="info", kind="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        Stream.objects.create(id=2)


@pytest.mark.django_db
def test_events_are_counted_by_utc_hour_kind_and_level():
    with time_machine.travel(datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC), tick=False) as clock:
        record()
        record(level=Level.ERROR)
        clock.shift(timedelta(seconds=1))
        record()
    counts = HourlyCount.objects.order_by("hour", "level").values_list("hour", "level", "count")
    assert list(counts) == [
        (datetime(2026, 3, 1, 23, tzinfo=UTC), "error", 1),
        (datetime(2026, 3, 1, 23, tzinfo=UTC), "info", 1),
        (datetime(2026, 3, 2, 0, tzinfo=UTC), "info", 1),
    ]


@pytest.mark.django_db
def test_an_actor_is_counted_once_in_any_window_that_holds_one_of_their_days():
    ada, noor = Origin(actor=Ref(1, "ada")), Origin(actor=Ref(2, "noor"))
    days = [datetime(2026, 3, day, 12, tzinfo=UTC) for day in (1, 2, 9)]
    for day, who in [(0, ada), (0, noor), (1, ada), (1, ada), (2, ada)]:
        with time_machine.travel(days[day], tick=False):
            record(origin=who)
    assert ActiveActor.objects.get(actor_id=1).last_day == date(2026, 3, 9)
    assert queries.active_actors(days[2], 30) == 2
    assert queries.active_actors(days[2], 7) == 1
    assert sum(ActiveDay.objects.values_list("actors", flat=True)) == 2


def counted() -> list[list[tuple[object, ...]]]:
    return [
        sorted(HourlyCount.objects.values_list("hour", "kind", "level", "count")),
        sorted(ActiveActor.objects.values_list("actor_id", "last_day")),
        sorted(ActiveDay.objects.exclude(actors=0).values_list("day", "actors")),
    ]


@pytest.mark.django_db
def test_many_recorded_at_once_are_numbered_and_counted_as_one_after_the_other():
    chance = random.Random(8)
    days = [datetime(2026, 3, day, 12, tzinfo=UTC) for day in range(1, 9)]
    batches = [
        [
            Fact(
                chance.choice(["test.happened", "test.repeated"]),
                f"Something happened {number} times.",
                chance.choice(list(Level)),
                Origin(actor=Ref(10**17 + chance.randrange(9), "ada")) if number % 4 else Origin(),
                data={"number": number},
            )
            for number in range(chance.randrange(1, 20))
        ]
        for _ in days
    ]
    found = []
    for at_once in (False, True):
        with transaction.atomic():
            for day, batch in zip(days, batches, strict=True):
                with time_machine.travel(day, tick=False):
                    if at_once:
                        events = record_events(batch)
                        assert [event.seq for event in events] == list(
                            Event.objects.filter(timestamp=day)
                            .order_by("seq")
                            .values_list("seq", flat=True)
                        )
                    else:
                        for fact in batch:
                            record_event(**fact._asdict())
            rows = list(Event.objects.order_by("seq").values_list())
            found.append((rows, counted()))
            transaction.set_rollback(True)
    one_by_one, together = found
    assert [row[0] for row in together[0]] == list(range(1, 1 + sum(map(len, batches))))
    assert together == one_by_one


@pytest.mark.django_db
def test_more_than_fit_a_statement_are_recorded_as_well_and_none_as_none():
    assert record_events([]) == []
    number = 2 * INSERT_MAX_EVENTS + 1
    facts = [Fact("test.happened", "x", origin=Origin(actor=Ref(n))) for n in range(number)]
    assert [event.seq for event in record_events(facts)] == list(range(1, number + 1))
    assert Event.objects.count() == Stream.objects.get().head == HourlyCount.objects.get().count
    assert ActiveDay.objects.get().actors == ActiveActor.objects.count() == number


@pytest.mark.django_db
def test_one_that_is_too_large_keeps_all_those_with_it_out_of_the_log():
    large = Fact("test.happened", "x", data={"x": "y" * DATA_MAX_BYTES})
    with pytest.raises(EventTooLarge):
        record_events([Fact("test.happened", "x"), large])
    assert Event.objects.count() == Stream.objects.get().head == 0


@pytest.mark.django_db(transaction=True)
def test_the_writer_does_not_feel_that_the_broker_is_down(broker: Broker):
    record()
    assert publisher.flush(5)
    failed = publisher.failed
    broker.stop()
    assert record().seq == 2
    assert publisher.flush(10)
    assert publisher.failed > failed
    broker.start()
    sent = publisher.sent
    record()
    assert publisher.flush(10)
    assert publisher.sent == sent + 1, "the first publish after a restart was lost"
