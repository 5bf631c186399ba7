"""The control panel, as an operator uses it: with and without JavaScript."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page

from dashboard import access, control, stats
from dashboard.models import BotMode, ControlAction, ControlRequest, Event
from dashboard.services import record_heartbeat
from tests.browser import beside, open_page
from tests.web import LiveWeb

pytestmark = pytest.mark.django_db

ON, CACHE = ControlAction.MAINTENANCE_ON, ControlAction.CLEAR_CACHE
HOSTILE = "<script>alert(1)</script> {{ 7*7 }} \u202egnp.exe & \"'><img src=x onerror=alert(1)>"


@pytest.fixture
def operator(db: None) -> User:
    user = User.objects.create_user("olu")
    user.groups.add(Group.objects.get(name=access.OPERATOR))
    return user


@pytest.fixture
def client(operator: User) -> Client:
    client = Client(REMOTE_ADDR="192.0.2.7")
    client.force_login(operator)
    return client


def alive() -> None:
    record_heartbeat(name="bot", started_at=timezone.now(), emulated=True, connected=True)


def send(client: Client, action: str = ON, **more: Any) -> Any:
    given: dict[str, Any] = {"action": action, "reason": "new database", "request": uuid4()}
    return client.post("/control", given | more)


def offered(client: Client) -> UUID:
    """Return the request id of the form that is shown."""
    page = client.get("/control").content.decode()
    (found,) = re.findall(r'name="request" value="([\w-]+)"', page)
    return UUID(found)


def test_a_request_is_asked_about_before_it_is_made(client: Client):
    given = offered(client)
    question = send(client, request=given)
    assert question.status_code == 200
    text = question.content.decode()
    assert "Turn maintenance mode on?" in text
    assert "new database" in text
    assert not ControlRequest.objects.exists()

    done = send(client, request=given, confirm="yes")
    assert (done.status_code, done["Location"]) == (303, "/control")
    asked = ControlRequest.objects.get()
    assert (asked.id, asked.action, asked.requested_by) == (given, ON, "olu")
    page = client.get("/control").content.decode()
    assert "… waiting" in page
    assert "left to answer" in page


def test_a_form_that_is_sent_twice_is_one_request(client: Client):
    given = offered(client)
    for _ in range(3):
        assert send(client, request=given, confirm="yes").status_code == 303
    assert ControlRequest.objects.count() == 1
    assert Event.objects.filter(kind="control.requested").count() == 1


def test_each_form_has_an_id_of_its_own(client: Client):
    assert offered(client) != offered(client)


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "drop_tables"},
        {"action": ""},
        {"reason": ""},
        {"reason": "\u200b\u202e"},
        {"reason": "x" * 201},
        {"reason": "a\x00b"},
        {"request": "7"},
        {"request": ""},
    ],
)
def test_what_makes_no_sense_is_refused_and_the_form_kept(client: Client, wrong: dict[str, str]):
    answer = send(client, **wrong, confirm="yes")
    assert answer.status_code in {400, 409}
    assert 'role="alert"' in answer.content.decode()
    assert not ControlRequest.objects.exists()


def test_a_second_request_about_the_same_waits_for_the_first(client: Client):
    alive()
    send(client, confirm="yes")
    refused = send(client, ControlAction.MAINTENANCE_OFF, confirm="yes")
    assert refused.status_code == 409
    assert "it has not answered yet" in refused.content.decode()


def test_too_many_requests_are_refused_for_a_while(client: Client):
    alive()
    for _ in range(control.REQUESTS_PER_MINUTE_MAX):
        given = uuid4()
        send(client, CACHE, request=given, confirm="yes")
        control.answer(given, bot="bot", ok=True)
    refused = send(client, CACHE, confirm="yes")
    assert refused.status_code == 429
    assert "You asked 6 times within a minute" in refused.content.decode()


def test_what_the_bot_did_not_answer_in_time_is_shown_as_failed(client: Client):
    alive()
    send(client, confirm="yes")
    late = timezone.now() - timedelta(seconds=11)
    ControlRequest.objects.update(requested_at=late)
    page = client.get("/control").content.decode()
    assert "✕ failed" in page
    assert "no answer from bot" in page
    assert "waiting" not in page


def test_older_requests_are_paged_by_key_and_none_is_shown_twice(client: Client):
    now = timezone.now()
    ControlRequest.objects.bulk_create(
        ControlRequest(
            id=uuid4(),
            action=CACHE,
            reason=f"reason {number:02}",
            requested_by="olu",
            requested_at=now - timedelta(minutes=number // 3),  # several at one moment
            state="done",
        )
        for number in range(60)
    )
    address, seen = "/control", []
    while address:
        page = client.get(address).content.decode()
        seen += re.findall(r"reason \d\d", page)
        older = re.search(r'href="(/control\?before=[\w-]+)"', page)
        address = older[1] if older else ""
    assert sorted(seen) == [f"reason {number:02}" for number in range(60)]


@pytest.mark.parametrize("before", ["x", "9" * 40, "\x00", str(UUID(int=7))])
def test_an_impossible_place_in_the_past_shows_the_newest(client: Client, before: str):
    assert client.get("/control", {"before": before}).status_code == 200


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(client: Client, method: str):
    assert getattr(client, method)("/control").status_code == 405


def test_a_form_from_elsewhere_does_nothing(operator: User):
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)
    answer = send(client, confirm="yes")
    assert answer.status_code == 403
    assert "Please try again" in answer.content.decode()
    assert not ControlRequest.objects.exists()


def test_a_viewer_finds_no_panel(viewer: User):
    client = Client()
    client.force_login(viewer)
    assert client.get("/control").status_code == 403
    assert send(client, confirm="yes").status_code == 403
    assert 'href="/control"' not in client.get("/").content.decode()
    assert not ControlRequest.objects.exists()


def test_maintenance_is_the_headline_of_every_page(client: Client):
    alive()
    assert stats.collect()["bot"]["maintenance"] is None
    since = timezone.now()
    BotMode.objects.create(id=1, maintenance=True, reason="Moving <b>house</b>.", since=since)
    now = stats.collect()
    assert now["headline"]["tone"] == "warn"
    assert now["headline"]["text"] == "The bot is in maintenance."
    assert now["headline"]["detail"][:3] == [
        {"role": "", "text": f"Since {since:%H:%M} UTC: "},
        {"role": "text", "text": "Moving <b>house</b>"},
        {"role": "", "text": ". No commands yet: try /daily."},
    ]
    assert now["bot"]["maintenance"]["reason"] == "Moving <b>house</b>."
    page = client.get("/").content.decode()
    assert "The bot is in maintenance." in page
    assert "<b>house" not in page


# ---------------------------------------------------------------------------- in a browser


def _ask(page: Page, action: str, reason: str) -> None:
    page.get_by_role("radio", name=action).check()
    page.get_by_label("Why").fill(reason)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Yes, ask the bot").click()
    page.wait_for_url("**/control")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_answer_of_the_bot_appears_by_itself_and_hostile_text_is_text(
    chromium: str, start_web: Callable[..., LiveWeb], operator: User
):
    alive()
    web = start_web()
    with open_page(chromium, web, web.cookie(operator)) as page:
        page.goto(f"{web.url}/control")
        _ask(page, "Turn maintenance mode on", HOSTILE)
        row = page.locator(".asked-row")
        row.get_by_text("… waiting").wait_for()
        assert re.fullmatch(r"\d+ s", row.locator("[data-deadline]").inner_text())
        shown = row.locator(".asked-why").inner_text()
        assert shown == HOSTILE.replace("\u202e", "")

        page.get_by_label("Why").fill("what I write meanwhile")
        (asked,) = beside(lambda: control.pending("bot"))
        assert beside(lambda: control.answer(asked.id, bot="bot", ok=True, detail="<b>on</b>"))
        row.get_by_text("✓ done").wait_for()
        assert row.locator(".asked-detail").inner_text() == "done by bot (<b>on</b>)"
        page.locator('.mode[data-mode="maintenance"]').wait_for()
        assert page.get_by_label("Why").input_value() == "what I write meanwhile"
        assert page.locator(".news script, .news img").count() == 0


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_panel_works_without_javascript_on_a_narrow_screen(
    chromium: str, start_web: Callable[..., LiveWeb], operator: User
):
    alive()
    web = start_web()
    context = {"java_script_enabled": False, "viewport": {"width": 360, "height": 740}}
    with open_page(chromium, web, web.cookie(operator), **context) as page:
        page.goto(f"{web.url}/control")
        _ask(page, "Clear cache", "x" * 200)
        (asked,) = beside(lambda: control.pending("bot"))
        beside(lambda: control.answer(asked.id, bot="bot", ok=False, detail="y" * 200))
        page.reload()
        assert "✕ failed" in page.locator(".asked-row").inner_text()
        box = page.locator("html").bounding_box()
        assert box is not None
        assert box["width"] <= 360
