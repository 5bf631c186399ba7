"""The charts in a real Chromium: ranges, figures of a point, the way to the log, news."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from dashboard.events import record_event
from dashboard.models import HourlyCount, MetricSample
from dashboard.runs import Run, count_runs
from tests.browser import beside, open_page
from tests.web import LiveWeb

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def counted(commands: int, hours_ago: int = 0) -> None:
    hour = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours_ago)
    HourlyCount.objects.update_or_create(
        hour=hour, kind="bot.command_completed", level="info", defaults={"count": commands}
    )


def sampled() -> None:
    """Half an hour of quiet samples, and one that is far from it."""
    now = timezone.now().replace(second=0, microsecond=0)
    for ago in range(1, 30):
        latency_ms = 900.0 if ago == 10 else 60.0
        MetricSample.objects.create(
            at=now - timedelta(minutes=ago), bot="bot", latency_ms=latency_ms, active_actors=0
        )


def point_at(page: Page, chart: str, share: float) -> None:
    box = page.locator(f".{chart} .u-over").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)


@pytest.fixture
def web(start_web: Callable[..., LiveWeb]) -> LiveWeb:
    return start_web(STATS_INTERVAL_SECONDS="1")


def test_a_range_is_chosen_without_leaving_the_page_and_stays_after_a_reload(
    chromium: str, web: LiveWeb, staff: User
):
    counted(1204, hours_ago=60)
    counted(3)
    with open_page(chromium, web, web.cookie(staff)) as page:
        expect(page.locator("[data-live=live]")).to_be_visible()
        page.evaluate("window.stayed = true")
        expect(page.locator(".activity tbody tr")).to_have_count(24)
        page.locator(".activity").get_by_role("link", name="7 d").click()
        expect(page.locator(".activity tbody tr")).to_have_count(28)
        expect(page.locator(".activity tbody")).to_contain_text("1,204")
        expect(page.locator(".activity [aria-current=true]")).to_have_text("7 d")
        assert page.evaluate("window.stayed")
        page.reload()
        expect(page.locator(".activity tbody tr")).to_have_count(28)
        page.locator(".latency").get_by_role("link", name="24 h").click()
        expect(page).to_have_url(f"{web.url}/?activity=7d&latency=24h")


def test_a_range_that_cannot_be_had_is_not_marked_and_going_back_moves_ranges_too(
    chromium: str, web: LiveWeb, staff: User
):
    counted(3)
    with open_page(chromium, web, web.cookie(staff)) as page:
        expect(page.locator("[data-live=live]")).to_be_visible()
        page.route("**/api/stats/activity?range=7d", lambda route: route.abort())
        week = page.locator(".activity").get_by_role("link", name="7 d")
        week.click()
        expect(page.locator(".activity .range-said")).to_have_text("no answer, try again")
        expect(page.locator(".activity [aria-current=true]")).to_have_text("24 h")
        expect(page).to_have_url(f"{web.url}/")
        page.unroute("**/api/stats/activity?range=7d")
        page.locator("#chip-errors").click()
        expect(page).to_have_url(f"{web.url}/?level=error")
        week.click()
        expect(page.locator(".activity tbody tr")).to_have_count(28)
        expect(page.locator(".activity .range-said")).to_be_empty()
        expect(page).to_have_url(f"{web.url}/?level=error&activity=7d")
        page.go_back()
        expect(page.locator(".activity tbody tr")).to_have_count(24)
        expect(page.locator(".activity [aria-current=true]")).to_have_text("24 h")
        page.go_forward()
        expect(page.locator(".activity tbody tr")).to_have_count(28)


def test_pointing_at_an_hour_tells_its_exact_counts_and_news_change_them(
    chromium: str, web: LiveWeb, staff: User
):
    counted(41)
    counted(12, hours_ago=24)
    with open_page(chromium, web, web.cookie(staff)) as page:
        expect(page.locator("[data-live=live]")).to_be_visible()
        point_at(page, "activity", 0.99)
        tip = page.locator(".activity .chart-tip")
        expect(tip).to_contain_text("41 commands (12 before) · 0 transactions (0 before)")
        beside(lambda: counted(1042))
        expect(tip).to_contain_text("1,042 commands")
        expect(page.locator(".activity tbody tr").last).to_contain_text("1,042")


def test_a_spike_is_marked_and_leads_to_the_events_of_its_time(
    chromium: str, web: LiveWeb, staff: User
):
    sampled()
    step = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=10)
    with time_machine.travel(step + timedelta(seconds=2), tick=False):
        record_event(kind="test.happened", message="This made it slow.", duration_ms=900.0)
        for number in range(60):  # in the same step: its end is not where the spike is
            record_event(kind="test.happened", message=f"Quick {number}.", duration_ms=9.0)
    for number in range(60):  # so many since that the feed does not show it
        record_event(kind="test.happened", message=f"Later {number}.")
    with open_page(chromium, web, web.cookie(staff)) as page:
        expect(page.locator("[data-live=live]")).to_be_visible()
        row = page.locator(".latency tbody tr[data-unusual=yes]")
        expect(row).to_have_count(1)
        expect(page.locator(".latency .unusual")).to_contain_text("unusual at")
        expect(page.locator(".feed")).not_to_contain_text("This made it slow.")
        page.locator(".latency figure").focus()
        page.keyboard.press("End")
        said = page.locator(".latency [data-slot=said]")
        while "900 ms" not in said.inner_text():
            page.keyboard.press("ArrowLeft")
        page.keyboard.press("Enter")
        expect(page.locator(".event.here")).to_contain_text("This made it slow.")
        page.go_back()
        expect(page.locator(".feed")).not_to_contain_text("This made it slow.")
        points = page.locator(".latency tbody tr").count()
        at = row.evaluate("row => [...row.parentNode.children].reverse().indexOf(row)")
        point_at(page, "latency", (at + 0.5) / points)
        page.mouse.down()
        page.mouse.up()
        expect(page.locator(".event.here")).to_contain_text("This made it slow.")
        page.goto(f"{web.url}{row.locator('a').get_attribute('href')}")
        expect(page.locator(".event.here")).to_contain_text("This made it slow.")


def test_the_last_minute_of_the_latency_is_live(chromium: str, web: LiveWeb, staff: User):
    with open_page(chromium, web, web.cookie(staff)) as page:
        expect(page.locator("[data-live=live]")).to_be_visible()
        expect(page.locator(".latency [data-slot=nothing]")).to_be_visible()
        beside(lambda: count_runs([Run("daily", "completed", 50.0, timezone.now())] * 9))
        expect(page.locator(".latency [data-slot=p95Ms]", has_text="49 ms")).to_have_count(1)
        expect(page.locator(".latency [data-slot=nothing]")).to_be_hidden()


def test_without_javascript_a_range_is_a_link(chromium: str, web: LiveWeb, staff: User):
    counted(1204, hours_ago=60)
    with open_page(chromium, web, web.cookie(staff), java_script_enabled=False) as page:
        page.locator(".activity").get_by_role("link", name="30 d").click()
        expect(page.locator(".activity .chart-bars g")).to_have_count(30)
        expect(page.locator(".activity tbody tr")).to_have_count(30)
        expect(page.locator(".latency tbody tr")).to_have_count(60)
