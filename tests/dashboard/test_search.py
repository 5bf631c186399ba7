"""Finding events: the same ones here, in the database and in the browser, at a bounded cost."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import QueryDict
from django.test import Client

from dashboard import search
from dashboard.filters import EventFilter, filter_data, matches, row_matches
from dashboard.models import Event, Level, Stream
from dashboard.parameters import EventPage, read_event_filter
from tests.environment import ROOT

TABLE = json.loads((ROOT / "tests/js/fixtures/filters.json").read_text())
CASES = [pytest.param(case, id=case["name"]) for case in TABLE["cases"]]


def row_of(event: dict[str, Any]) -> Event:
    guild, actor = event["guild"] or {}, event["actor"] or {}
    return Event(
        seq=event["seq"],
        timestamp=datetime.fromisoformat(event["timestamp"]),
        level=event["type"],
        kind=event["kind"],
        message=event["message"],
        guild_id=guild.get("id"),
        guild_name=guild.get("name", ""),
        actor_id=actor.get("id"),
        actor_name=actor.get("name", ""),
        command=event["command"] or "",
        data=event["data"],
    )


def write(rows: list[Event]) -> None:
    Event.objects.bulk_create(rows, batch_size=500)
    Stream.objects.update(head=rows[-1].seq)


def many(count: int, **special: Any) -> list[Event]:
    """Events 1 to `count`; the first one is `special`."""
    plain: dict[str, Any] = {"timestamp": datetime(2026, 1, 8, tzinfo=UTC), "level": Level.INFO}
    plain |= {"kind": "test.happened", "message": "nothing", "guild_id": 5, "actor_id": 6}
    return [
        Event(**(plain | (special if seq == 1 else {})), seq=seq) for seq in range(1, count + 1)
    ]


@pytest.mark.parametrize("case", CASES)
def test_a_filter_is_read_and_applied_as_the_browser_does_it(case: dict[str, Any]) -> None:
    wanted = read_event_filter(QueryDict(case["query"]))
    assert filter_data(wanted) == case["wanted"]
    assert [event["seq"] for event in TABLE["events"] if matches(event, wanted)] == case["seqs"]


@pytest.mark.django_db
def test_the_api_finds_in_the_database_what_the_browser_lets_through(client: Client, viewer: User):
    write([row_of(event) for event in TABLE["events"]])
    client.force_login(viewer)
    for case in TABLE["cases"]:
        for order in (1, -1):
            query = f"{case['query']}&{'after=0' if order == 1 else ''}"
            answer = client.get(f"/api/events?{query}").json()
            assert [event["seq"] for event in answer["events"]] == case["seqs"][::order], query
            assert answer["searched"] == {"reached": 11 if order == 1 else 1, "whole": True}


@pytest.mark.django_db
@pytest.mark.parametrize("forward", [False, True])
def test_every_way_through_the_log_finds_page_by_page_what_comparing_all_finds(forward: bool):
    kinds = ["a.x", "a.y", "a.z.deep", "b.x", "c"]
    rows = many(400)
    for row in rows:
        row.kind = kinds[row.seq * 7 % 5]
        row.level = Level.values[row.seq * 11 % 4]
        row.guild_id, row.actor_id = row.seq % 3 or None, row.seq % 7 or None
        row.command = ["", "daily", "transfer"][row.seq * 5 % 3]
        row.message = f"event {row.seq}"
    write(rows)
    filters = [
        EventFilter(levels, kind, guild, actor, command, text)
        for levels in ((), ("error",), ("warn", "error"), ("info", "error"))
        for kind in ("", "a.x", "a.*", "nothing.*")
        for guild, actor in ((None, None), (1, None), (None, 2), (1, 2))
        for command in ("", "daily")
        for text in ("", "event 1")
    ]
    for wanted in filters:
        found: list[int] = []
        edge, whole = (0 if forward else 401), False
        while not whole:
            page = EventPage(wanted, edge if forward else None, None if forward else edge, limit=17)
            step = search.search(page, upto=400)
            assert len(step.events) <= 17
            found += [event.seq for event in step.events]
            edge, whole = step.reached, step.whole
        expected = [row.seq for row in rows if row_matches(row, wanted)]
        assert found == (expected if forward else expected[::-1]), wanted


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wanted",
    [
        EventFilter(text="needle"),
        EventFilter(guild=5, text="needle"),
        EventFilter(actor=6, levels=("success",)),
        EventFilter(kind="test.*", text="needle"),
    ],
    ids=["text", "guild and text", "actor and level", "family and text"],
)
def test_a_search_looks_at_no_more_rows_than_bounded_and_goes_on_from_where_it_stopped(
    wanted: EventFilter,
):
    write(many(2 * search.ROWS_MAX + 1500, message="a needle", level=Level.SUCCESS))
    before: int | None = None
    steps: list[search.Found] = []
    while not steps or not steps[-1].whole:
        steps.append(search.search(EventPage(wanted, None, before, 50), upto=11_500))
        before = steps[-1].reached
    assert [len(step.events) for step in steps] == [0, 0, 1]
    assert [step.reached for step in steps] == [6_501, 1_501, 1]


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by what is there")
@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (EventFilter(), "(seq<?)"),
        (EventFilter(actor=6, kind="a.b", text="x"), "event_by_actor"),
        (EventFilter(levels=("error",), guild=5), "event_problems"),
        (EventFilter(levels=("warn", "error")), "event_problems"),
        (EventFilter(fingerprint="6f1c", command="daily"), "event_problems"),
        (EventFilter(command="daily", guild=5), "event_by_command"),
        (EventFilter(guild=5, kind="a.b"), "event_by_guild"),
        (EventFilter(kind="a.b"), "event_by_kind"),
    ],
)
@pytest.mark.parametrize("order", ["seq", "-seq"])
def test_a_search_follows_an_index_and_sorts_nothing(wanted: EventFilter, index: str, order: str):
    events = search.along(wanted)
    assert events is not None
    plan = events.filter(seq__lt=1000).order_by(order)[:500].explain()
    assert index in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.django_db
def test_a_fingerprint_is_looked_for_with_a_query_for_many_rows(
    django_assert_max_num_queries: Any,
):
    rows = many(1000)
    for row in rows:
        row.level, row.data = Level.ERROR, {"fingerprint": "6f1c" if row.seq % 400 == 1 else "77"}
    write(rows)
    wanted = EventFilter(fingerprint="6f1c")
    with django_assert_max_num_queries(6):
        found = search.search(EventPage(wanted, None, None, 50), upto=1000)
    assert [event.seq for event in found.events] == [801, 401, 1]


@pytest.mark.django_db
def test_the_slowest_event_of_a_stretch_of_time_is_found_else_what_went_wrong_in_it():
    begin = datetime(2026, 1, 8, tzinfo=UTC)
    rows = many(100)
    for row in rows:
        row.timestamp = begin + timedelta(seconds=row.seq)
    rows[19].level = Level.WARN
    rows[9].duration_ms = 9000.0  # before the stretch
    write(rows)
    until = begin + timedelta(seconds=60)
    assert search.slowest(begin + timedelta(seconds=15), until) == 20
    assert search.slowest(begin + timedelta(seconds=30), until) is None
    Event.objects.filter(seq=40).update(duration_ms=900.0)
    Event.objects.filter(seq=60).update(duration_ms=9000.0)  # at its end: of the next stretch
    assert search.slowest(begin + timedelta(seconds=15), until) == 40


@pytest.mark.django_db
def test_the_kinds_of_the_log_are_found_one_by_one():
    rows = many(50)
    for row in rows:
        row.kind = f"app{row.seq % 3}.happened"
    write(rows)
    assert search.kinds() == ["app0.happened", "app1.happened", "app2.happened"]
    Event.objects.all().delete()
    assert search.kinds() == []
