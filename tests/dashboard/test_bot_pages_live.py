"""The pages of commands, shards and guilds in a real Chromium: they follow what happens."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from dashboard.events import Origin, Ref, record_event
from dashboard.models import BotProcess
from dashboard.runs import Run, count_runs
from dashboard.services import GuildState, guild_left, record_guilds
from tests.browser import beside, open_page
from tests.dashboard.test_page import HOSTILE, TOO_WIDE
from tests.web import LiveWeb

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HARBOUR = Ref(11, "Harbour")


def ran(command: str, times: int = 1, duration_ms: float = 50.0) -> None:
    count_runs([Run(command, "completed", duration_ms, timezone.now(), None, HARBOUR)] * times)


def commands(page: Page) -> list[str]:
    return page.locator(".usage [data-slot=name]").all_inner_texts()


@pytest.fixture
def web(start_web: Callable[..., LiveWeb]) -> LiveWeb:
    return start_web(STATS_INTERVAL_SECONDS="1")


def test_the_commands_follow_what_is_run_and_are_ordered_without_leaving_the_page(
    chromium: str, web: LiveWeb, staff: User
):
    ran("daily", 9)
    ran("slow", 5, duration_ms=900.0)
    with open_page(chromium, web, web.cookie(staff)) as page:
        page.goto(f"{web.url}/commands")
        expect(page.locator("[data-live=live]")).to_be_visible()
        assert commands(page) == ["/daily", "/slow"]
        page.get_by_role("link", name="p95").click()
        expect(page.locator(".usage th[aria-sort=descending]")).to_have_text("p95")
        expect(page.locator(".usage [data-slot=name]").first).to_have_text("/slow")
        assert page.url.endswith("?sort=p95")
        beside(lambda: ran("slower", 5, duration_ms=5000.0))
        expect(page.locator(".usage [data-slot=name]").first).to_have_text("/slower")


def test_the_shards_follow_their_heartbeats(chromium: str, web: LiveWeb, staff: User):
    def beat(**shard: object) -> None:
        now = timezone.now()
        tile = {"id": 0, "state": "connected", "latencyMs": 61.0, "lastAckSeconds": 3, "guilds": 5}
        values = {"started_at": now, "heartbeat_at": now, "connected": True}
        BotProcess.objects.update_or_create(
            name="bot", defaults={**values, "shards": [tile | shard]}
        )

    with open_page(chromium, web, web.cookie(staff)) as page:
        page.goto(f"{web.url}/shards")
        expect(page.locator("[data-slot=no-processes]")).to_be_visible()
        beside(beat)
        expect(page.locator(".process .shard")).to_contain_text("61 ms")
        expect(page.locator("[data-slot=shards-up]")).to_have_text("1 of 1 connected")
        beside(lambda: beat(state="resuming"))
        expect(page.locator(".process .shard")).to_have_attribute("data-state", "resuming")


def test_the_list_of_guilds_follows_and_says_which_was_left(
    chromium: str, web: LiveWeb, staff: User
):
    record_guilds([GuildState(11, "Harbour", 40)], bot="bot")
    with open_page(chromium, web, web.cookie(staff)) as page:
        page.goto(f"{web.url}/guilds?q=harb")
        expect(page.locator("[data-live=live]")).to_be_visible()
        beside(lambda: ran("daily", 1204))
        beside(lambda: guild_left(11))
        row = page.locator("[data-guild='11']")
        expect(row).to_contain_text("1,204")
        expect(row.locator("[data-slot=word]")).to_have_text("left")
        row.get_by_role("link").click()
        expect(page.locator("h1")).to_have_text("Harbour")


def test_the_list_of_guilds_leads_on_from_its_last_as_they_change(
    chromium: str, web: LiveWeb, staff: User
):
    record_guilds([GuildState(id, f"guild {id}", 100) for id in range(1, 51)], bot="bot")
    with open_page(chromium, web, web.cookie(staff)) as page:
        page.goto(f"{web.url}/guilds?q=guild")
        expect(page.locator("[data-live=live]")).to_be_visible()
        following = page.get_by_role("link", name="Next 50")
        expect(following).to_be_hidden()
        beside(lambda: record_guilds([GuildState(51, "guild 51", 200)], bot="bot"))
        expect(following).to_be_visible()
        following.click()
        expect(page).to_have_url(f"{web.url}/guilds?q=guild&after=100_49")
        expect(page.locator("[data-guild]")).to_have_count(1)
        expect(page.locator("[data-guild='50']")).to_be_visible()


def test_the_page_of_a_guild_shows_its_events_the_moment_they_happen_and_no_others(
    chromium: str, web: LiveWeb, staff: User
):
    def happened(message: str, guild: Ref) -> None:
        record_event(kind="test.happened", message=message, origin=Origin(guild))

    record_guilds([GuildState(11, "Harbour", 40)], bot="bot")
    with open_page(chromium, web, web.cookie(staff)) as page:
        page.goto(f"{web.url}/guilds/11")
        expect(page.locator("[data-live=live]")).to_be_visible()
        beside(lambda: happened("Elsewhere.", Ref(12, "Library")))
        beside(lambda: happened("Here.", HARBOUR))
        expect(page.locator(".event")).to_have_count(1)
        expect(page.locator(".event")).to_contain_text("Here.")
        beside(lambda: ran("daily", 3))
        expect(page.locator(".used tbody")).to_contain_text("/daily")


def test_hostile_names_of_guilds_stay_text_and_no_page_scrolls_sideways(
    chromium: str, web: LiveWeb, staff: User
):
    names = HOSTILE.values()
    record_guilds([GuildState(id, name, 5) for id, name in enumerate(names, 1)], bot="bot")
    for command in ("daily", "x" * 32):
        ran(command, 1_000)
    with open_page(
        chromium, web, web.cookie(staff), viewport={"width": 360, "height": 800}
    ) as page:
        page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
        for path in ("/guilds", "/guilds/1", "/guilds/7", "/commands", "/shards"):
            page.goto(web.url + path)
            expect(page.locator("[data-live=live]")).to_be_visible()
            assert page.evaluate(TOO_WIDE) == [], path
            assert page.locator("bdi img, bdi script").count() == 0


def test_without_javascript_the_pages_are_complete(chromium: str, web: LiveWeb, staff: User):
    record_guilds([GuildState(id, f"guild {id}", id) for id in range(1, 61)], bot="bot")
    ran("daily", 3)
    with open_page(chromium, web, web.cookie(staff), java_script_enabled=False) as page:
        page.goto(f"{web.url}/guilds")
        page.get_by_role("link", name="Next 50").click()
        expect(page.locator("[data-guild]")).to_have_count(10)
        page.get_by_role("searchbox").fill("guild 33")
        page.keyboard.press("Enter")
        page.get_by_role("link", name="guild 33").click()
        expect(page.locator("h1")).to_have_text("guild 33")
        page.get_by_role("link", name="Commands", exact=True).click()
        page.get_by_role("link", name="30 d").click()
        assert commands(page) == ["/daily"]
        expect(page.locator(".notice")).to_contain_text("not live")
