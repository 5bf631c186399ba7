"""`/ws` through a real Daphne, a real broker and the database that the suite runs on."""

import asyncio
import json
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone
from redis.asyncio import Redis

from dashboard import access
from dashboard.events import record_event
from dashboard.models import Event, Stream
from dashboard.services import mark_stopped, record_heartbeat, tell_at_once
from tests.broker import Broker
from tests.dashboard.sockets import arecord, browser, status_of
from tests.web import LiveWeb

pytestmark = pytest.mark.django_db(transaction=True)

Web = Callable[..., LiveWeb]


async def test_the_first_frame_is_the_whole_stats_and_one_follows_every_interval(
    start_web: Web, staff: User
):
    web = start_web(STATS_INTERVAL_SECONDS="0.5")
    await arecord(3)
    async with browser(web, await sync_to_async(web.cookie)(staff)) as page:
        began = time.monotonic()
        first = await page.receive()
        times = []
        for _ in range(4):
            await page.receive_until("STATS_UPDATE")
            times.append(time.monotonic() - began)
    assert first["type"] == "STATS_UPDATE"
    stats = first["data"]
    assert set(stats) >= {
        "guilds", "users", "commands", "ping", "recentEvents", "activityOverview",
        "stream", "live", "bot", "cards", "headline", "generatedAt", "economy",
    }  # fmt: skip
    assert [event["seq"] for event in stats["recentEvents"]] == [3, 2, 1]
    assert len(stats["activityOverview"]) == 24
    assert stats["stream"] == {"epoch": str((await Stream.objects.aget()).epoch), "head": 3}
    assert stats["live"] == "live"
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert 0.25 < sum(gaps) / len(gaps) < 0.75, "the stats do not come every half second"
    assert len(page.frames) == 5, "something other than stats came, or they came too often"


async def test_an_event_arrives_by_its_publish_alone_and_in_order(start_web: Web, staff: User):
    web = start_web(STATS_INTERVAL_SECONDS="300")  # no repair could bring it while we wait
    async with browser(web, await sync_to_async(web.cookie)(staff)) as page:
        await page.receive()
        await arecord(20)
        events = await page.events(20)
    assert [event["seq"] for event in events] == list(range(1, 21))
    assert events[0]["kind"] == "test.happened"
    assert events[0]["timestamp"].endswith("Z")


async def test_a_turn_of_the_bot_brings_the_stats_at_once_and_a_flood_of_turns_few(
    start_web: Web, staff: User
):
    run: dict[str, Any] = {"name": "bot", "started_at": timezone.now()}
    beat = sync_to_async(partial(record_heartbeat, emulated=True, **run))
    at_once = sync_to_async(tell_at_once)
    web = start_web(STATS_INTERVAL_SECONDS="300")
    async with browser(web, await sync_to_async(web.cookie)(staff)) as page:
        assert (await page.receive())["data"]["bot"]["state"] == "never"
        await arecord()
        await page.events(1)  # it hears the layer
        began = time.monotonic()
        await beat(connected=True)
        await at_once()
        assert (await page.receive_until("STATS_UPDATE"))["bot"]["state"] == "online"
        for _ in range(50):
            await at_once()
        await sync_to_async(mark_stopped)(**run)
        while (await page.receive_until("STATS_UPDATE"))["bot"]["state"] != "stopped":
            pass
        took = time.monotonic() - began
    assert len(page.frames) <= 4 + took


@pytest.mark.parametrize(("direct", "link"), [("true", "DirectLink"), ("false", "DaphneLink")])
async def test_events_arrive_in_order_straight_from_the_hub_and_through_daphne(
    start_web: Web, staff: User, direct: str, link: str
):
    web = start_web(SOCKET_DIRECT_WRITES=direct, LOG_LEVEL="DEBUG")
    async with browser(web, await sync_to_async(web.cookie)(staff)) as page:
        await page.receive()
        await arecord(30)
        await page.send("PING", id=1)
        assert [event["seq"] for event in await page.events(30)] == list(range(1, 31))
    assert any(f"through a {link}" in line for line in web.lines)


async def test_a_publish_that_never_came_is_read_from_the_database(
    start_web: Web, staff: User, broker: Broker
):
    web = start_web(STATS_INTERVAL_SECONDS="0.5")
    async with browser(web, await sync_to_async(web.cookie)(staff)) as page:
        await page.receive()
        await arecord()
        await page.events(1)
        at = (await Event.objects.aget()).timestamp
        lost = Event(seq=2, timestamp=at, level="info", kind="test.unpublished", message="Lost.")
        await lost.asave(force_insert=True)
        await Stream.objects.aupdate(head=2)
        assert [event["kind"] for event in await page.events(1)] == ["test.unpublished"]
        await arecord()
        assert [event["seq"] for event in await page.events(1)] == [3]


async def test_a_publish_that_names_no_log_is_read_in_the_database_and_not_believed(
    live_web: LiveWeb, cookie: dict[str, str], broker: Broker
):
    async with browser(live_web, cookie) as page:
        await page.receive()
        await arecord()
        await page.events(1)
        at = (await Event.objects.aget()).timestamp
        row = Event(seq=2, timestamp=at, level="info", kind="test.written", message="As it is.")
        await row.asave(force_insert=True)
        await Stream.objects.aupdate(head=2)
        told = '{"type":"NEW_EVENT","data":{"seq":2,"kind":"test.told"}}'
        hint = {"type": "dashboard.frame", "seq": 2, "frame": told}
        await get_channel_layer().group_send("dashboard", hint)
        assert [event["kind"] for event in await page.events(1)] == ["test.written"]
    assert [frame["type"] for frame in page.frames] == ["STATS_UPDATE", "NEW_EVENT", "NEW_EVENT"]


async def test_what_is_not_of_the_log_is_relayed_as_it_is(
    live_web: LiveWeb, cookie: dict[str, str], broker: Broker
):
    async with browser(live_web, cookie) as page:
        await page.receive()
        await arecord()
        await page.events(1)  # it listens now
        said = {"type": "NEW_EVENT", "data": {"bench": 7, "text": "ü"}}
        frame = {"type": "dashboard.frame", "seq": None, "frame": json.dumps(said)}
        await get_channel_layer().group_send("dashboard", frame)
        assert await page.receive_until("NEW_EVENT") == said["data"]


async def test_without_the_broker_events_still_arrive_and_the_stats_say_polling(
    start_web: Web, staff: User, broker: Broker
):
    web = start_web(STATS_INTERVAL_SECONDS="0.5")
    async with browser(web, await sync_to_async(web.cookie)(staff)) as page:
        await page.receive()
        broker.stop()
        await arecord(2)
        assert [event["seq"] for event in await page.events(2)] == [1, 2]
        while (await page.receive_until("STATS_UPDATE"))["live"] != "polling":
            pass
        await arecord()
        assert [event["seq"] for event in await page.events(1)] == [3]
        broker.start()
        while (await page.receive_until("STATS_UPDATE"))["live"] != "live":
            pass
        await arecord()
        assert [event["seq"] for event in await page.events(1)] == [4]


@pytest.mark.parametrize("said_in", ["frame", "address"])
async def test_resume_replays_exactly_what_was_missed(
    live_web: LiveWeb, cookie: dict[str, str], said_in: str
):
    await arecord(2)
    async with browser(live_web, cookie) as page:
        stream = (await page.receive())["data"]["stream"]
    await arecord(5)
    where = f"?epoch={stream['epoch']}&after={stream['head']}" if said_in == "address" else ""
    async with browser(live_web, cookie, where) as page:
        if said_in == "frame":
            await page.send("RESUME", epoch=stream["epoch"], after=stream["head"])
        assert (await page.receive())["type"] == "STATS_UPDATE"
        assert await page.receive_until("RESUMED") == {"from": 3, "to": 7, "complete": True}
        replayed = [frame["data"]["seq"] for frame in page.frames if frame["type"] == "NEW_EVENT"]
        assert replayed == [3, 4, 5, 6, 7]
        await arecord()
        assert [event["seq"] for event in await page.events(1)] == [8]


async def test_each_resume_of_several_at_once_is_answered_in_order(
    live_web: LiveWeb, cookie: dict[str, str]
):
    await arecord(4)
    async with browser(live_web, cookie) as page:
        epoch = (await page.receive())["data"]["stream"]["epoch"]
        for after in (1, 9, 2, 4):
            await page.send("RESUME", epoch=epoch, after=after)
        answers = [await page.receive_until("RESUMED") for _ in range(4)]
        assert answers == [
            {"from": 2, "to": 4, "complete": True},
            {"from": 10, "to": 4, "complete": False},
            {"from": 3, "to": 4, "complete": True},
            {"from": 5, "to": 4, "complete": True},
        ]
        replayed = [frame["data"]["seq"] for frame in page.frames if frame["type"] == "NEW_EVENT"]
        assert replayed == [2, 3, 4, 3, 4]
        await arecord()
        assert [event["seq"] for event in await page.events(1)] == [5]


async def test_resume_reads_from_the_database_what_the_hub_does_not_keep(
    start_web: Web, staff: User
):
    web = start_web()
    cookie = await sync_to_async(web.cookie)(staff)
    async with browser(web, cookie) as page:
        epoch = (await page.receive())["data"]["stream"]["epoch"]
        await arecord(3)
        await page.events(3)
        await page.send("RESUME", epoch=epoch, after=0)  # before the hub began
        assert [event["seq"] for event in await page.events(3)] == [1, 2, 3]
        assert await page.receive_until("RESUMED") == {"from": 1, "to": 3, "complete": True}


async def test_a_browser_that_missed_more_than_may_be_unsent_is_replayed_all_of_it(
    live_web: LiveWeb, cookie: dict[str, str]
):
    async with browser(live_web, cookie) as page:
        stream = (await page.receive())["data"]["stream"]
    text = {"text": "x" * 7_000}
    for _ in range(300):
        await sync_to_async(record_event)(kind="test.happened", message="Long.", data=text)
    where = f"?epoch={stream['epoch']}&after=0"
    async with browser(live_web, cookie, where) as page:
        assert [event["seq"] for event in await page.events(300)] == list(range(1, 301))
        assert await page.receive_until("RESUMED") == {"from": 1, "to": 300, "complete": True}
        await sync_to_async(record_event)(kind="test.happened", message="Live again.")
        assert [event["seq"] for event in await page.events(1)] == [301]


@pytest.mark.parametrize(
    "wanted",
    [
        {"after": 0},  # too far behind for REPLAY_EVENTS_MAX=3
        {"after": 99},  # ahead of the log
        {"after": 4, "epoch": "another"},
    ],
)
async def test_a_resume_that_cannot_be_whole_replays_nothing_and_says_so(
    start_web: Web, staff: User, wanted: dict[str, object]
):
    web = start_web(REPLAY_EVENTS_MAX="3")
    await arecord(5)
    async with browser(web, await sync_to_async(web.cookie)(staff)) as page:
        epoch = (await page.receive())["data"]["stream"]["epoch"]
        await page.send("RESUME", **{"epoch": epoch, **wanted})
        assert not (await page.receive_until("RESUMED"))["complete"]
    assert [frame["type"] for frame in page.frames] == ["STATS_UPDATE", "RESUMED"]


SENSELESS = [
    "after=3", "epoch=e", "epoch=e&after=", "epoch=e&after=-1", "epoch=e&after=x",
    f"epoch=e&after={2**63}", f"epoch=e&after={'9' * 5000}", f"epoch={'e' * 65}&after=1",
    "epoch=e&after=1.5", "epoch=e&after=true",
]  # fmt: skip


async def test_an_address_whose_position_makes_no_sense_is_told_so_after_the_snapshot(
    live_web: LiveWeb, cookie: dict[str, str]
):
    for said in SENSELESS:
        async with browser(live_web, cookie, f"?{said}") as page:
            assert (await page.receive_until("ERROR"))["code"] == "bad_data", said
            assert [frame["type"] for frame in page.frames] == ["STATS_UPDATE", "ERROR"], said
            await page.send("PING", id=1)
            assert await page.receive_until("PONG") == {"id": 1}, said


async def test_an_anonymous_handshake_is_refused_with_403(live_web: LiveWeb):
    assert await status_of(live_web, None, live_web.url) == 403


async def test_while_the_database_cannot_tell_who_it_is_a_browser_is_told_to_come_back(
    live_web: LiveWeb, cookie: dict[str, str]
):
    await sync_to_async(_execute)("ALTER TABLE django_session RENAME TO away")
    try:
        async with browser(live_web, cookie) as page:
            assert await page.close_code() == 4001
        assert page.frames == []
    finally:
        await sync_to_async(_execute)("ALTER TABLE away RENAME TO django_session")
    async with browser(live_web, cookie) as page:
        assert (await page.receive())["type"] == "STATS_UPDATE"
    assert not [line for line in live_web.lines if "Traceback" in line]


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


async def test_a_user_without_the_right_is_told_4503(live_web: LiveWeb, stranger: User):
    async with browser(live_web, await sync_to_async(live_web.cookie)(stranger)) as page:
        assert await page.close_code() == 4503
    assert page.frames == []


async def test_another_socket_address_is_refused(live_web: LiveWeb, cookie: dict[str, str]):
    live_web.socket_url += "/other"
    assert await status_of(live_web, cookie, live_web.url) == 403


@pytest.mark.parametrize(
    ("change", "code"),
    [("session deleted", 4501), ("session expired", 4501), ("user disabled", 4501),
     ("user deleted", 4501), ("password changed", 4501), ("permission removed", 4503),
     ("role removed", 4503), ("group loses the right", 4503), ("group deleted", 4503)],
)  # fmt: skip
async def test_a_socket_does_not_outlive_its_right_to_be_there(
    start_web: Web, viewer: User, change: str, code: int
):
    web = start_web(SOCKET_RECHECK_SECONDS="0.3")
    if change == "role removed" or change.startswith("group"):
        await sync_to_async(_be_in)(viewer, access.OPERATOR if "role" in change else "Guests")
    async with browser(web, await sync_to_async(web.cookie)(viewer)) as page:
        await page.receive()
        await sync_to_async(_take_away)(viewer, change)
        assert await page.close_code() == code


def _take_away(user: User, change: str) -> None:
    session, mine = Session.objects.all(), User.objects.filter(pk=user.pk)
    guests = Group.objects.filter(name="Guests")
    deeds: dict[str, Callable[[], object]] = {
        "session deleted": session.delete,
        "session expired": lambda: session.update(expire_date=timezone.now()),
        "user disabled": lambda: mine.update(is_active=False),
        "user deleted": mine.delete,
        "password changed": lambda: mine.update(password="!another"),
        "permission removed": user.user_permissions.clear,
        "role removed": user.groups.clear,
        "group loses the right": lambda: guests.get().permissions.clear(),
        "group deleted": guests.delete,
    }
    deeds[change]()


def _be_in(user: User, name: str) -> None:
    """Let a group be all that the user has."""
    group, made = Group.objects.get_or_create(name=name)
    if made:
        group.permissions.set(user.user_permissions.all())
    user.user_permissions.clear()
    user.groups.add(group)


async def test_signing_out_closes_the_sockets_of_that_session_at_once_and_no_others(
    live_web: LiveWeb, staff: User
):
    here, elsewhere = [await sync_to_async(live_web.cookie)(staff) for _ in range(2)]
    async with browser(live_web, here) as left, browser(live_web, elsewhere) as stays:
        await left.receive()
        await stays.receive()
        await sync_to_async(_sign_out)(here["value"])
        assert await left.close_code() == 4501
        await arecord()
        assert [event["seq"] for event in await stays.events(1)] == [1]


def _sign_out(session_key: str) -> None:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session_key
    assert client.post("/logout/").status_code == 302


async def test_a_log_that_lost_its_end_gets_a_new_epoch_and_is_shown_anew(
    start_web: Web, staff: User
):
    web = start_web(STATS_INTERVAL_SECONDS="0.5")
    await arecord(5)
    async with browser(web, await sync_to_async(web.cookie)(staff)) as page:
        before = (await page.receive())["data"]["stream"]
        await Event.objects.filter(seq__gt=2).adelete()  # as a restored backup would
        await Stream.objects.aupdate(head=2)
        while (now := (await page.receive_until("STATS_UPDATE")))["stream"]["head"] != 2:
            pass
        assert now["stream"]["epoch"] != before["epoch"]
        assert [event["seq"] for event in now["recentEvents"]] == [2, 1]
        await arecord()
        assert [event["seq"] for event in await page.events(1)] == [3]


async def test_a_log_that_was_restored_and_written_on_is_never_mixed_with_the_one_before(
    start_web: Web, staff: User
):
    web = start_web(STATS_INTERVAL_SECONDS="60")
    await arecord(5)
    async with browser(web, await sync_to_async(web.cookie)(staff)) as page:
        before = (await page.receive())["data"]["stream"]
        await Event.objects.filter(seq__gt=2).adelete()  # as a restored backup would
        await Stream.objects.aupdate(head=2)
        await arecord(6)
        now = await page.receive_until("STATS_UPDATE")
        assert now["stream"]["epoch"] != before["epoch"]
    shown = [event["seq"] for event in now["recentEvents"]]
    assert shown[-2:] == [2, 1]
    assert "NEW_EVENT" not in [frame["type"] for frame in page.frames]


async def test_what_was_pruned_is_neither_shown_nor_replayed_from_memory(
    start_web: Web, staff: User
):
    web = start_web(STATS_INTERVAL_SECONDS="0.5")
    await arecord(5)
    async with browser(web, await sync_to_async(web.cookie)(staff)) as page:
        epoch = (await page.receive())["data"]["stream"]["epoch"]
        await Event.objects.filter(seq__lte=3).adelete()
        while len((now := await page.receive_until("STATS_UPDATE"))["recentEvents"]) > 2:
            pass
        assert [event["seq"] for event in now["recentEvents"]] == [5, 4]
        await page.send("RESUME", epoch=epoch, after=2)
        assert not (await page.receive_until("RESUMED"))["complete"]
        await page.send("RESUME", epoch=epoch, after=3)
        assert await page.receive_until("RESUMED") == {"from": 4, "to": 5, "complete": True}


async def test_forged_and_garbage_messages_are_ignored_and_disturb_nobody(
    live_web: LiveWeb, cookie: dict[str, str], broker: Broker
):
    async with browser(live_web, cookie) as page:
        epoch = (await page.receive())["data"]["stream"]["epoch"]
        await arecord()
        await page.events(1)
        layer = get_channel_layer()
        for forged in FORGED:
            await layer.group_send("dashboard", forged)
        redis = Redis.from_url(settings.REDIS_URL)
        for garbage in [b"", b"\xc1\xff", b"hello", b"\x80", b"\x93\x01\x02\x03", b"\x00" * 5000]:
            await redis.publish("asgi__group__dashboard", garbage)
        await redis.aclose()
        await arecord()
        assert [event["seq"] for event in await page.events(1)] == [2]
        await page.send("RESUME", epoch=epoch, after=0)
        assert [event["kind"] for event in await page.events(2)] == ["test.happened"] * 2
    assert not [frame for frame in page.frames if "forged" in str(frame)]


FORGED: list[dict[str, object]] = [
    {"type": "dashboard.frame", "seq": 10**12, "frame": '{"type":"NEW_EVENT","data":"forged"}'},
    {"type": "dashboard.frame", "seq": 1, "frame": '{"type":"NEW_EVENT","data":"forged"}'},
    {"type": "dashboard.frame", "seq": "2", "frame": '{"type":"NEW_EVENT","data":"forged"}'},
    {"type": "dashboard.frame", "seq": True, "frame": '{"type":"NEW_EVENT","data":"forged"}'},
    {"type": "dashboard.frame", "seq": 2, "frame": {"not": "forged text"}},
    {
        "type": "dashboard.frame",
        "seq": 2,
        "frame": '{"type":"NEW_EVENT","data":{"seq":2,"kind":"forged"}}',
    },
    {
        "type": "dashboard.frame",
        "seq": None,
        "frame": '{"type":"NEW_EVENT","data":{"seq":2,"kind":"forged"}}',
    },
    {
        "type": "dashboard.frame",
        "seq": None,
        "frame": '{"type":"STATS_UPDATE","data":{"live":"forged"}}',
    },
    {"type": "dashboard.frame", "seq": None, "frame": '{"type":"RESUMED","data":"forged"}'},
    {"type": "dashboard.frame", "seq": None, "frame": "forged" * 100_000},
    {"type": "dashboard.frame"},
    {"type": "websocket.close", "code": 1000},
    {"type": "dashboard.session_ended", "session": 7},
    {"no": "type"},
]


async def test_a_web_process_that_stops_says_4009_and_its_successor_replays(
    live_web: LiveWeb, cookie: dict[str, str]
):
    await arecord()
    async with browser(live_web, cookie) as page, browser(live_web, cookie) as other:
        stream = (await page.receive())["data"]["stream"]
        await other.receive()
        stopping = asyncio.ensure_future(sync_to_async(live_web.stop)())
        assert [await page.close_code(), await other.close_code()] == [4009, 4009]
        await stopping
    await arecord(3)
    live_web.start()
    where = f"?epoch={stream['epoch']}&after={stream['head']}"
    async with browser(live_web, cookie, where) as again:
        assert await again.receive_until("RESUMED") == {"from": 2, "to": 4, "complete": True}
