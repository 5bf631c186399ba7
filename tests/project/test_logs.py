"""One event a line, nothing secret in it, and nothing that somebody typed acts on its reader."""

import asyncio
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from asgiref.sync import sync_to_async
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import RequestFactory
from django.views.debug import get_exception_reporter_class

from dashboard_project import logs
from tests.dashboard.sockets import browser
from tests.dashboard.test_headers import ask
from tests.project.processes import manage, short_folder
from tests.web import LiveWeb

DATABASE_PASSWORD = "pa'ss w/rd"
BOT_TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA.GhIjKl.abcdefghijklmnopqrstuvwxyz0123456789AB"
SECRETS = [
    "Yc3Vv0pQ8rT1uW5xZ7aB2dE4fG6hJ9kL-mN_oPqRsTuVwXyZ012345",  # SECRET_KEY
    BOT_TOKEN,
    DATABASE_PASSWORD,
    "redis-hunter2",
    "metrics-hunter2-metrics",
]


@pytest.fixture
def _secrets(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.SECRET_KEY, settings.DISCORD_TOKEN = SECRETS[:2]
    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", DATABASE_PASSWORD)
    settings.REDIS_URL = f"redis://aurora:{SECRETS[3]}@cache:6379/0"
    settings.METRICS_TOKEN = SECRETS[4]
    logs._known_secrets.cache_clear()
    yield
    logs._known_secrets.cache_clear()


def written(form: str, message: str, *args: object, **fields: Any) -> str:
    record = logging.LogRecord("test", logging.ERROR, __file__, 1, message, args, None)
    record.__dict__.update(fields)
    return logs.formatter(form).format(record)


FORMS = pytest.mark.parametrize("form", ["json", "text"])


@FORMS
@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.usefixtures("_secrets")
def test_our_own_secrets_are_in_no_line(form: str, secret: str) -> None:
    def broken() -> None:
        try:
            raise KeyError(secret)
        except KeyError as error:
            raise RuntimeError(f"while {secret!r}: {error}") from error

    with pytest.raises(RuntimeError) as caught:
        broken()
    fields = {"exc_info": caught._excinfo, "path": f"/{secret}"}
    line = written(form, "in %s", f"x{secret}y", **fields)
    for shown in (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1]):
        assert shown not in line
    assert "RuntimeError" in line
    assert "broken" in line


@pytest.mark.usefixtures("_secrets")
def test_our_own_secrets_are_not_on_the_page_that_debug_shows_of_an_error(
    settings: LazySettings,
) -> None:
    settings.CHANNEL_LAYERS = {"default": {"CONFIG": {"hosts": [{"address": settings.REDIS_URL}]}}}
    reporter: Any = get_exception_reporter_class(RequestFactory().get("/"))
    for secret in SECRETS:
        try:
            raise RuntimeError(f"while {secret}")
        except RuntimeError:
            report = reporter(None, *sys.exc_info())
        for text in (report.get_traceback_html(), report.get_traceback_text()):
            assert "RuntimeError" in text
            assert [shown for shown in SECRETS if shown in text] == []


SOMEBODYS = [
    ("cannot reach postgres://aurora:hunter2@db:5432/aurora", "hunter2"),
    ("rediss://:hunter2@cache.example.org", "hunter2"),
    ("redis://cache/0?password=hunter2&x=1", "hunter2"),
    ("Cookie: sessionid=k3j5h2l4k6j7h8g9f0d1s2a3p4o5i6u7; csrftoken=Abc123Def456", "k3j5h2l4"),
    ("Cookie: a=b; csrftoken=Abc123Def456ghi", "Abc123Def456"),
    ("session k3j5h2l4k6j7h8g9f0d1s2a3p4o5i6u7 was renewed", "k3j5h2l4"),
    ("Authorization: Bot MTIzNDU2Nzg5.abcdef.ghijklmno", "MTIzNDU2Nzg5"),
    ("{'Authorization': 'Bearer abcdefghijklmnopqrstuvwxyz'}", "abcdefghijklm"),
    (f"401 for {BOT_TOKEN}", "abcdefghijklmnopqrstuvwxyz"),
    ("POST https://discord.com/api/v10/webhooks/123/aW50ZXJhY3Rpb246MTIz/messages", "aW50ZXJhY3"),
    ("POST /interactions/123456/aW50ZXJhY3Rpb246MTIzNDU2/callback 404", "aW50ZXJhY3"),
    ("token aW50ZXJhY3Rpb24" + "x1Y_" * 40, "aW50ZXJhY3"),
    ("{'password': 'hunter2', 'token': \"hunter3\"}", "hunter"),
    ('{"password": "hunter2"}', "hunter2"),
]


@FORMS
@pytest.mark.parametrize(("text", "secret"), SOMEBODYS)
def test_what_looks_like_a_secret_is_in_no_line(form: str, text: str, secret: str) -> None:
    line = written(form, "%s", text, path=text)
    assert secret not in line
    assert logs.HIDDEN in line


@pytest.mark.parametrize(
    "text",
    [
        "event 4182 of 6f1c2a34-0d5e-4f67-8a9b-0c1d2e3f4a5b",
        "request 9f2c61d0a4be9f2c61d0a4be9f2c61d0 took 12 ms",
        "the database does not answer: connection to server at db, port 5432 failed",
        "/transfer failed in economy.ledger.lock for guild 1234567890123456789",
    ],
)
def test_what_only_resembles_a_secret_stays(text: str) -> None:
    assert text in written("text", "%s", text)


HOSTILE = (
    "ada\n2026-01-01 00:00:00 INFO root: forged\r\x1b[2J\x9b31m\u202eevil\u2028\u200b\ud800\x00"
)


def test_a_hostile_name_forges_no_line_and_moves_no_cursor() -> None:
    with pytest.raises(ValueError, match="forged") as caught:
        raise ValueError(HOSTILE)
    error = caught._excinfo
    (line,) = written("json", "%s", HOSTILE, path=HOSTILE, exc_info=error).splitlines()
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["event"].startswith("ada\n")
    first, *below = written("text", "%s", HOSTILE, path=HOSTILE, exc_info=error).splitlines()
    assert "ada\\n2026" in first
    assert below
    assert all(row.startswith("    | ") for row in below)
    assert all(row.isprintable() for row in [first, *below])


def test_a_line_is_bounded_and_carries_what_is_bound_to_its_request() -> None:
    with structlog.contextvars.bound_contextvars(request="abc-123"):
        line = json.loads(written("json", "x" * 1_000_000, request_object=object()))
    assert line["request"] == "abc-123"
    assert len(line["event"]) < 30_000
    assert set(line) == {"event", "level", "logger", "timestamp", "request"}


def test_a_command_that_breaks_tells_it_in_the_log() -> None:
    with short_folder() as folder:
        code = "from django.conf import settings; raise RuntimeError(settings.SECRET_KEY)"
        ended = manage(folder, "shell", "-v", "0", "-c", code, LOG_FORMAT="json")
        assert ended.returncode == 1
        (line,) = ended.stderr.splitlines()
        assert json.loads(line)["level"] == "critical"
        assert (Path(folder) / "secret_key").read_text() not in line


# ---------------------------------------------------------------------------- requests


def test_a_request_is_one_line_with_an_id_and_without_what_was_searched_for(
    start_web: Callable[..., LiveWeb], viewer: User
) -> None:
    web = start_web(ACCESS_LOG="true", LOG_FORMAT="json")
    cookie = web.cookie(viewer)
    headers = {"Cookie": f"{cookie['name']}={cookie['value']}", "X-Request-ID": "proxy-0123456789"}
    answer = ask(web, "/api/events?q=somebodys-name", **headers)
    assert (answer.status, answer.headers["X-Request-ID"]) == (200, "proxy-0123456789")
    forged = ask(web, "/nowhere%0aforged%1b[2J", **{"X-Request-ID": "x\ty"})
    assert forged.status == 404
    assert forged.headers["X-Request-ID"] != "x\ty"
    ask(web, "/", Origin="http://evil.example", Upgrade="websocket", Connection="Upgrade")
    web.stop()
    lines = [json.loads(line) for line in web.lines if line.startswith("{")]
    ((told),) = [line for line in lines if line.get("request") == "proxy-0123456789"]
    expected = {"event": "request", "method": "GET", "path": "/api/events", "status": 200}
    assert expected.items() <= told.items()
    assert told["client"] == "127.0.0.1"
    assert [line["status"] for line in lines if line["event"] == "refused"] == [403]
    for secret in ("somebodys-name", cookie["value"]):
        assert not [line for line in web.lines if secret in line]


def test_whoever_sends_what_is_refused_writes_no_error_and_no_stack_into_the_log(
    start_web: Callable[..., LiveWeb], viewer: User
) -> None:
    web = start_web(LOG_FORMAT="json")
    cookie = web.cookie(viewer)
    assert ask(web, "/", Host="evil.example").status == 400
    assert ask(web, "/events.csv", Cookie=f"{cookie['name']}={cookie['value']}").status == 403
    assert ask(web, "/admin/nowhere/").status in {302, 404}
    web.stop()
    lines = [json.loads(line) for line in web.lines if line.startswith("{")]
    (told,) = [line for line in lines if "evil.example" in line["event"]]
    assert told["level"] == "warning"
    assert not [line for line in lines if line["level"] == "error" or "exception" in line]


def test_the_line_of_a_request_has_the_address_that_a_proxy_of_ours_heard(
    start_web: Callable[..., LiveWeb], viewer: User
) -> None:
    spoofed = {"X-Forwarded-For": "6.6.6.6, 203.0.113.5", "X-Real-IP": "7.7.7.7"}
    for proxies, client in (("127.0.0.1", "203.0.113.5"), ("10.0.0.0/8", "127.0.0.1")):
        web = start_web(ACCESS_LOG="true", LOG_FORMAT="json", TRUSTED_PROXIES=proxies)
        assert ask(web, "/login/", **spoofed).status == 200
        foreign = {"Origin": "http://evil.example", "Upgrade": "websocket"}
        assert ask(web, "/ws", **spoofed, **foreign, Connection="Upgrade").status == 403
        deadline = time.monotonic() + 20
        while len(told := access_lines(web)) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert {line["event"] for line in told} == {"request", "refused"}
        assert {line["client"] for line in told} == {client}


@pytest.mark.django_db(transaction=True)
async def test_the_line_of_a_socket_has_that_address_too_and_how_it_ended(
    start_web: Callable[..., LiveWeb], viewer: User
) -> None:
    web = start_web(ACCESS_LOG="true", LOG_FORMAT="json", TRUSTED_PROXIES="127.0.0.1")
    cookie = await sync_to_async(web.cookie)(viewer)
    seen = {"X-Forwarded-For": "203.0.113.5"}
    async with browser(web, cookie, **seen) as page, browser(web, cookie, **seen) as open_still:
        await page.receive()
        await page.socket.close(code=4007)
        stopping = asyncio.ensure_future(sync_to_async(web.stop)())
        assert await open_still.close_code() == 4009
        await stopping
    told = access_lines(web)
    expected = {"event": "socket", "path": "/ws", "client": "203.0.113.5"}
    assert all(expected.items() <= line.items() for line in told)
    assert sorted(line["code"] for line in told) == [4007, 4009]


def access_lines(web: LiveWeb) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in list(web.lines) if line.startswith("{")]
    return [line for line in lines if line["logger"] == "aurora.access"]
