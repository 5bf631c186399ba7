"""The overview in a real Chromium, served by a real web process."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from dashboard.events import Origin, Ref, record_event
from dashboard.models import BotProcess, Level
from tests.browser import beside, open_page
from tests.web import LiveWeb

expect.set_options(timeout=20_000)  # pages are patient: back-off takes its time

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def claim(number: int, name: str = "ada") -> None:
    origin = Origin(Ref(5, "Harbour"), Ref(number, name), "daily", f"request-{number}")
    record_event(
        kind="economy.daily_claimed",
        message=f"{name} claimed {number} coins",
        level=Level.SUCCESS,
        origin=origin,
    )
    record_event(
        kind="bot.command_completed", message=f"/daily for {name}", origin=origin, duration_ms=84.0
    )


def claims(numbers: range) -> None:
    for number in numbers:
        claim(number)


def heartbeat(seconds_ago: float = 0.0) -> None:
    now = timezone.now()
    values = {
        "started_at": now - timedelta(hours=1),
        "heartbeat_at": now - timedelta(seconds=seconds_ago),
        "connected": True,
        "latency_ms": 61.0,
        "guilds": 5,
        "members": 120,
        "shards": [{"id": 0, "state": "connected", "latencyMs": 61.0, "guilds": 5}],
    }
    BotProcess.objects.update_or_create(name="bot", defaults=values)


def sentences(page: Page) -> list[str]:
    return page.locator(".event [data-slot=sentence]").all_inner_texts()


def link(page: Page, name: str) -> str:
    return page.locator(f".link[data-link={name}] [data-slot=word]").inner_text()


def test_an_event_appears_without_a_reload_with_the_duration_of_its_command(
    chromium: str, start_web: Callable[..., LiveWeb], staff: User
):
    web = start_web(STATS_INTERVAL_SECONDS="9")  # longer than we wait: only the publish brings it
    with open_page(chromium, web, web.cookie(staff)) as page:
        expect(page.locator(".overview")).to_have_attribute("data-live", "live")
        expect(page.locator("[data-slot=empty]")).to_be_visible()
        beside(lambda: claim(150))
        row = page.locator(".event").first
        expect(row).to_contain_text("ada claimed 150 coins", timeout=5000)
        expect(row).to_contain_text("Harbour")
        expect(row.locator("[data-slot=duration]")).to_have_text("84 ms")
        expect(page.locator(".event")).to_have_count(1)  # the outcome is folded into the change
        expect(page.locator("[data-slot=empty]")).to_be_hidden()


def test_after_an_outage_the_page_comes_back_and_shows_each_missed_event_once(
    chromium: str, live_web: LiveWeb, cookie: dict[str, str]
):
    claims(range(1, 4))
    with open_page(chromium, live_web, cookie) as page:
        expect(page.locator(".overview")).to_have_attribute("data-live", "live")
        live_web.kill()
        expect(page.locator(".overview")).not_to_have_attribute("data-live", "live")
        beside(lambda: claims(range(4, 16)))
        live_web.start()
        expect(page.locator(".overview")).to_have_attribute("data-live", "live")
        expect(page.locator(".event")).to_have_count(15)
        expect(page.locator(".feed")).to_contain_text("24 events while you were away")
        beside(lambda: claim(16))
        expect(page.locator(".event")).to_have_count(16)
        assert sentences(page) == [f"ada claimed {number} coins" for number in range(16, 0, -1)]


def test_the_lamp_tells_the_bot_from_the_page_and_a_silent_bot_is_said(
    chromium: str, start_web: Callable[..., LiveWeb], staff: User
):
    web = start_web(STATS_INTERVAL_SECONDS="1", BOT_OFFLINE_AFTER_SECONDS="10")
    heartbeat()
    with open_page(chromium, web, web.cookie(staff)) as page:
        expect(page.locator(".link[data-link=bot]")).to_contain_text("online")
        expect(page.locator(".link[data-link=discord]")).to_contain_text("61 ms")
        beside(lambda: heartbeat(seconds_ago=9))
        expect(page.locator(".link[data-link=bot]")).to_contain_text("offline", timeout=10_000)
        assert link(page, "page") == "page live"
        expect(page.locator(".headline")).to_contain_text("bot does not answer")
        beside(heartbeat)
        expect(page.locator(".link[data-link=bot]")).to_contain_text("online")


def test_a_paused_feed_stands_still_counts_and_loses_nothing(
    chromium: str, live_web: LiveWeb, cookie: dict[str, str]
):
    claim(1)
    with open_page(chromium, live_web, cookie) as page:
        expect(page.locator(".overview")).to_have_attribute("data-live", "live")
        page.keyboard.press("p")
        beside(lambda: claims(range(2, 5)))
        expect(page.locator("[data-slot=pause-word]")).to_have_text("Resume · 3 new")
        assert sentences(page) == ["ada claimed 1 coins"]
        page.keyboard.press("p")
        expect(page.locator(".event")).to_have_count(4)


TOO_WIDE = """[...document.querySelectorAll("body *")]
    .filter((element) => document.documentElement.scrollWidth > innerWidth
        && element.getBoundingClientRect().right > innerWidth + 0.5)
    .map((element) => `${element.tagName}.${element.className}`)"""
"""The elements that make a page scroll sideways, if it does."""

HOSTILE = {
    "markup": "<img src=x onerror=alert(1)>",
    "script": "</script><script>alert(1)</script>",
    "template": "{{7*7}}${7*7}<%= 7*7 %>",
    "right to left": "\u202eevil\u2066 \u202d",
    "zero width": "a\u200bd\u200ba\ufeff",
    "combining": "a" + "\u0301" * 300,
    "long": "x" * 6000,
}


def test_hostile_names_are_shown_as_bounded_text_live_and_after_a_reload(
    chromium: str, live_web: LiveWeb, cookie: dict[str, str]
):
    with open_page(chromium, live_web, cookie, viewport={"width": 360, "height": 800}) as page:
        page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
        expect(page.locator(".overview")).to_have_attribute("data-live", "live")
        for number, name in enumerate(HOSTILE.values(), start=1):
            beside(partial(claim, number, name))
        expect(page.locator(".event")).to_have_count(len(HOSTILE))
        live = sentences(page)
        page.reload()
        expect(page.locator(".overview")).to_have_attribute("data-live", "live")
        assert sentences(page) == live
        assert max(map(len, live)) < 600
        assert page.locator(".event img, .event script").count() == 0
        assert page.evaluate(TOO_WIDE) == []


def test_without_javascript_the_page_is_complete_and_says_that_it_is_not_live(
    chromium: str, live_web: LiveWeb, cookie: dict[str, str]
):
    claim(150)
    with open_page(chromium, live_web, cookie, java_script_enabled=False) as page:
        assert sentences(page) == ["ada claimed 150 coins"]
        expect(page.locator(".card")).to_have_count(7)
        expect(page.locator(".notice")).to_contain_text("not live")


def test_signing_in_through_the_form_leads_to_the_living_page(chromium: str, live_web: LiveWeb):
    User.objects.create_user("mira", password="correct horse", is_staff=True)
    with open_page(chromium, live_web, None) as page:
        page.fill("input[name=username]", "mira")
        page.fill("input[name=password]", "wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_visible()
        page.fill("input[name=password]", "correct horse")
        page.keyboard.press("Enter")
        expect(page.locator(".overview")).to_have_attribute("data-live", "live")


SEND_AND_WAIT = """(size) => new Promise((resolve) => {
    const socket = new WebSocket("/ws");
    socket.onopen = () => socket.send("x".repeat(size));
    socket.onclose = (ended) => resolve(ended.code);
})"""


def test_a_browser_that_sends_too_much_is_told_so_and_the_page_beside_it_stays_live(
    chromium: str, live_web: LiveWeb, cookie: dict[str, str]
):
    with open_page(chromium, live_web, cookie) as page:
        expect(page.locator(".overview")).to_have_attribute("data-live", "live")
        assert page.evaluate(SEND_AND_WAIT, 3_000_000) == 1009
        beside(partial(claim, 7))
        expect(page.locator(".event")).to_have_count(1)
        expect(page.locator(".overview")).to_have_attribute("data-live", "live")
