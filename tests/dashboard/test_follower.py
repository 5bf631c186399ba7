"""What `manage.py tail` does about a server that misbehaves, and how it filters."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from django.contrib.auth.models import User
from django.test import Client

from dashboard import frames
from dashboard.client import follower
from dashboard.client.course import Course, Verdict
from dashboard.client.follower import Follower
from dashboard.client.news import CameBack, Happened, News, WentAway
from dashboard.client.server import Server
from dashboard.client.wanted import OPTIONS, read_wanted
from dashboard.events import Origin, Ref, record_event
from dashboard.filters import matches
from dashboard.models import Event, Level
from dashboard.parameters import event_parameters
from tests.web import free_port

PATIENCE_SECONDS = 15.0
FINGERPRINT = "6f1c09d2a7b34e58"


def event(seq: int) -> dict[str, Any]:
    return {"seq": seq, "message": f"event {seq}"}


def stats(head: int, epoch: str = "log") -> dict[str, Any]:
    return {"type": "STATS_UPDATE", "data": {"stream": {"epoch": epoch, "head": head}}}


def happened(seq: int) -> dict[str, Any]:
    return {"type": "NEW_EVENT", "data": event(seq)}


def resumed(first: int, to: int, *, complete: bool = True) -> dict[str, Any]:
    return {"type": "RESUMED", "data": {"from": first, "to": to, "complete": complete}}


# ---------------------------------------------------------------------------- the rules


def live_course(last: int = 10) -> Course:
    course = Course("log", last)
    course.begin()
    assert course.take(stats(last), 0.0) is Verdict.NOTHING
    assert course.take(resumed(last + 1, last), 0.0) is Verdict.CAUGHT_UP
    return course


def test_only_the_next_event_is_shown():
    course = live_course()
    assert course.take(happened(11), 1.0) is Verdict.SHOW
    assert course.take(happened(11), 1.0) is Verdict.NOTHING
    assert course.take(happened(3), 1.0) is Verdict.NOTHING
    assert course.last == 11


def test_what_has_no_place_in_the_log_is_passed_by():
    course = live_course()
    for data in ({"message": "said to everybody"}, {"seq": None}):
        assert course.take({"type": "NEW_EVENT", "data": data}, 1.0) is Verdict.NOTHING
    assert course.take(happened(11), 1.0) is Verdict.SHOW


def test_a_gap_is_asked_for_once():
    course = live_course()
    assert course.take(happened(13), 1.0) is Verdict.ASK
    course.asked(1.0)
    assert course.take(happened(14), 1.0) is Verdict.NOTHING
    assert [course.take(happened(seq), 2.0) for seq in (11, 12, 13)] == [Verdict.SHOW] * 3
    assert course.take(resumed(11, 13), 2.0) is Verdict.CAUGHT_UP


def test_stats_that_are_ahead_for_two_seconds_are_believed():
    course = live_course()
    course.take(stats(12), 1.0)
    assert course.due == 3.0
    assert course.overdue(2.9) is Verdict.NOTHING
    assert course.overdue(3.0) is Verdict.ASK


def test_stats_that_are_ahead_for_a_moment_are_not():
    course = live_course()
    course.take(stats(11), 1.0)
    course.take(happened(11), 1.1)
    assert course.overdue(3.0) is Verdict.NOTHING


def test_a_replay_that_is_said_to_be_whole_and_is_not_ends_the_connection():
    course = live_course()
    course.asked(1.0)
    course.take(happened(11), 1.0)
    assert course.take(resumed(11, 12), 1.0) is Verdict.RECONNECT


def test_a_replay_that_does_not_come_ends_the_connection():
    course = live_course()
    course.asked(1.0)
    course.take(happened(11), 5.0)
    assert course.overdue(11.0) is Verdict.NOTHING, "it moved on"
    assert course.overdue(15.0) is Verdict.RECONNECT


def test_another_log_is_never_mixed_with_this_one():
    assert live_course().take(stats(12, "other"), 1.0) is Verdict.OTHER_LOG


def test_a_frame_of_a_kind_that_is_yet_to_be_invented_is_ignored():
    assert live_course().take({"type": "NEWER", "data": None}, 1.0) is Verdict.NOTHING


def test_the_back_off_grows_to_twenty_seconds_and_is_spread_over_all_of_it():
    longest = [follower.backoff(attempt, lambda: 1.0) for attempt in (0, 1, 2, 5, 6, 1000)]
    assert longest == [0.5, 1.0, 2.0, 16.0, 20.0, 20.0]
    assert follower.backoff(6, lambda: 0.0) == 0.0


# ---------------------------------------------------------------------------- a bad server


class BadServer:
    """A web process with a log, whose sockets do what a test says."""

    def __init__(self, serve: Callable[[web.WebSocketResponse, int], Any]) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self.head = 0
        self.connections = 0
        self._serve = serve

    async def socket(self, request: web.Request) -> web.StreamResponse:
        self.connections += 1
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await self._serve(socket, int(request.query["after"]))
        return socket

    async def events(self, request: web.Request) -> web.Response:
        after = int(request.query.get("after", 0))
        found = [event(seq) for seq in range(after + 1, self.head + 1)]
        return web.json_response(
            {
                "events": found,
                "stream": {"epoch": "log", "head": self.head},
                "searched": {"reached": self.head, "whole": True},
            }
        )


@asynccontextmanager
async def followed(server: BadServer) -> AsyncIterator[asyncio.Queue[News]]:
    """Run `server` and a follower of it without patience."""
    app = web.Application()
    app.router.add_get("/ws", server.socket)
    app.router.add_get("/api/events", server.events)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(server.url.rpartition(":")[2])).start()
    told: asyncio.Queue[News] = asyncio.Queue()

    async def nothing() -> None:
        return

    async with aiohttp.ClientSession() as http:
        run = Follower(
            Server(http, server.url),
            Course("log", 0),
            told.put_nowait,
            before_trying=nothing,
            stale_seconds=0.2,
            chance=lambda: 0.0,
        ).run()
        task = asyncio.ensure_future(run)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                yield told
        finally:
            task.cancel()
            await asyncio.wait([task])
            await runner.cleanup()


async def until(told: asyncio.Queue[News], kind: type[News]) -> tuple[Any, list[int]]:
    """Return the next news of `kind`, and the events before it."""
    seqs = []
    while not isinstance(news := await told.get(), kind):
        if isinstance(news, Happened):
            seqs.append(news.event["seq"])
    return news, seqs


async def test_a_socket_that_falls_silent_is_given_up():
    async def serve(socket: web.WebSocketResponse, after: int) -> None:
        for frame in (stats(after), resumed(after + 1, after)):
            await socket.send_json(frame)
        if server.connections == 1:
            await socket.receive()  # says nothing more
        else:
            await socket.send_json(happened(after + 1))
            await socket.receive()

    server = BadServer(serve)
    async with followed(server) as told:
        lost, _ = await until(told, WentAway)
        assert "nothing was heard" in lost.why
        await until(told, CameBack)
        found, _ = await until(told, Happened)
        assert found.event["seq"] == 1


async def test_a_log_is_read_over_http_while_no_socket_lives():
    async def serve(socket: web.WebSocketResponse, after: int) -> None:
        await socket.close(code=4009)

    server = BadServer(serve)
    server.head = 3
    async with followed(server) as told:
        back, seqs = await until(told, CameBack)
        assert (back.polling, back.events, back.whole) == (True, 3, True)
        assert seqs == [1, 2, 3]
        server.head = 5
        for seq in (4, 5):
            found, _ = await until(told, Happened)
            assert found.event["seq"] == seq


async def test_what_is_no_frame_is_ignored():
    async def serve(socket: web.WebSocketResponse, after: int) -> None:
        for text in ("what", "[1]", "null", '{"type": 3}'):
            await socket.send_str(text)
        for frame in (stats(after), resumed(after + 1, after), happened(after + 1)):
            await socket.send_str(json.dumps(frame))
        await socket.receive()

    async with followed(BadServer(serve)) as told:
        found, _ = await until(told, Happened)
        assert found.event["seq"] == 1


# ---------------------------------------------------------------------------- the filter


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"level": "warn,error"},
        {"kind": "economy.*"},
        {"kind": "economy"},
        {"kind": "bot.started"},
        {"guild": "1001"},
        {"guild": "0"},
        {"actor": "2001"},
        {"command": "/daily"},
        {"text": "ADA"},
        {"text": "100%"},
        {"text": "a_a"},
        {"fingerprint": FINGERPRINT},
        {"fingerprint": FINGERPRINT[::-1]},
        {"text": "Harb", "level": "info", "guild": "1001"},
    ],
)
@pytest.mark.django_db
def test_a_filter_means_the_same_on_both_sides_of_the_wire(
    options: dict[str, str], client: Client, staff: User
):
    everywhere = Origin(guild=Ref(1001, "Harbour"), actor=Ref(2001, "ada"), command="daily")
    for kind in ("economy.daily_claimed", "economy", "economical.fact", "bot.started"):
        for level in Level:
            for origin in (everywhere, Origin(), Origin(guild=Ref(1002, "adamant"))):
                for message in ("100 coins", "100% of a_a", "ada smiled"):
                    record_event(kind=kind, message=message, level=level, origin=origin)
    for level in Level:
        fault = {"fingerprint": FINGERPRINT, "error": "KeyError"}
        record_event(kind="bot.command_failed", message="failed", level=level, data=fault)
    wanted = read_wanted(dict.fromkeys(OPTIONS) | options)
    client.force_login(staff)
    query = {"limit": "200", "after": "0"} | event_parameters(wanted)
    answer = client.get("/api/events", query).json()
    rows = [frames.event_data(row) for row in Event.objects.order_by("seq")]
    here = [row["seq"] for row in rows if matches(row, wanted)]
    assert [row["seq"] for row in answer["events"]] == here
