"""The log as a file: what was asked for, bounded, and inert in every spreadsheet."""

import csv
import io
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from dashboard import event_export
from dashboard.events import Origin, Ref, record_event
from dashboard.filters import ALL
from dashboard.models import Event, Stream
from dashboard.parameters import EventPage

pytestmark = pytest.mark.django_db

BIG = 9_223_372_036_854_775_807


@pytest.fixture
def exporter(client: Client, viewer: User) -> Client:
    viewer.user_permissions.add(Permission.objects.get(codename="export_events"))
    client.force_login(viewer)
    return client


def rows(client: Client, query: str = "") -> list[list[str]]:
    answer = client.get(f"/events.csv?{query}")
    assert answer.status_code == 200
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def write(count: int) -> None:
    at = datetime(2026, 1, 8, tzinfo=UTC)
    Event.objects.bulk_create(
        [
            Event(seq=seq, timestamp=at, level="info", kind="test.happened", message="hay")
            for seq in range(1, count + 1)
        ],
        batch_size=500,
    )
    Stream.objects.update(head=count)


def test_the_file_holds_what_the_filter_lets_through_newest_first(exporter: Client):
    origin = Origin(Ref(BIG, "=Harbour()"), Ref(6, "@ada"), "daily", "r1")
    record_event(kind="test.other", message="no")
    for number in (1, 2):
        record_event(kind="test.happened", message=f"-{number}+cmd|' /C calc'!A0", origin=origin)
    header, *found = rows(exporter, "kind=test.happened")
    assert header == list(event_export.COLUMNS)
    assert [row[0] for row in found] == ["3", "2"]
    assert found[0][4:9] == ["'-2+cmd|' /C calc'!A0", f"id {BIG}", "'=Harbour()", "id 6", "'@ada"]


def test_the_file_is_read_in_pieces_and_ends_where_it_began(exporter: Client):
    write(1250)
    found = rows(exporter)[1:]
    assert [int(row[0]) for row in found] == list(range(1250, 0, -1))
    assert [int(row[0]) for row in rows(exporter, "before=4")[1:]] == [3, 2, 1]


def test_a_file_that_is_cut_says_where_to_go_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(event_export, "EVENTS_MAX", 700)
    write(1000)
    page = EventPage(ALL, None, None, limit=1)
    found = [row for batch in event_export.batches(page, upto=1000) for row in batch]
    assert len(found) == 701
    assert found[-1] == ("Older events are not in this file: ask again with before=301.",)


def test_the_log_is_taken_away_only_by_those_who_may(client: Client, viewer: User, admin: User):
    assert client.get("/events.csv").status_code == 302
    client.force_login(viewer)
    assert client.get("/events.csv").status_code == 403
    assert "events.csv" not in client.get("/events").content.decode()
    client.force_login(admin)
    assert client.get("/events.csv").status_code == 200
    assert 'href="/events.csv?level=error"' in client.get("/events?level=error").content.decode()
    assert client.get("/events.csv?level=fatal").status_code == 400
    assert client.post("/events.csv").status_code == 405
