"""The commands of the day in a real Chromium, before and after JavaScript took over."""

from collections.abc import Callable
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from dashboard.runs import Run, count_runs
from tests.browser import beside, open_page
from tests.web import LiveWeb

expect.set_options(timeout=20_000)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def runs(command: str, number: int = 1, duration_ms: float = 50.0, failed: bool = False) -> None:
    outcome = "failed" if failed else "completed"
    count_runs([Run(command, outcome, duration_ms, timezone.now())] * number)  # type: ignore[arg-type]


def rows(page: Page) -> list[str]:
    return [
        text.replace("\t", " ") for text in page.locator(".commands tbody tr").all_inner_texts()
    ]


def test_commands_of_today_are_there_and_stay_fresh(
    chromium: str, start_web: Callable[..., LiveWeb], staff: User
):
    web = start_web(STATS_INTERVAL_SECONDS="0.5")
    runs("daily", 1204)
    with open_page(chromium, web, web.cookie(staff)) as page:
        expect(page.locator(".overview")).to_have_attribute("data-live", "live")
        assert rows(page) == ["/daily 1,204 49 ms 0"]
        beside(partial(runs, "transfer", 2000, 640.0, failed=True))
        expect(page.locator(".commands tbody tr")).to_have_count(2)
        live = rows(page)
        assert live[0].startswith("/transfer 2,000 6")
        assert live[1] == "/daily 1,204 49 ms 0"
        page.reload()
        assert rows(page) == live


def test_no_command_today_teaches_until_the_first_one(
    chromium: str, start_web: Callable[..., LiveWeb], staff: User
):
    web = start_web(STATS_INTERVAL_SECONDS="0.5")
    with open_page(chromium, web, web.cookie(staff)) as page:
        expect(page.locator(".commands-empty")).to_be_visible()
        expect(page.locator(".commands table")).to_be_hidden()
        beside(partial(runs, "daily"))
        expect(page.locator(".commands table")).to_be_visible()
        expect(page.locator(".commands-empty")).to_be_hidden()


def test_long_names_and_figures_fit_a_phone_without_javascript(
    chromium: str, live_web: LiveWeb, staff: User
):
    runs("a" * 32, 123_456, 59_000.0, failed=True)
    with open_page(
        chromium, live_web, live_web.cookie(staff),
        java_script_enabled=False, viewport={"width": 360, "height": 800},
    ) as page:  # fmt: skip
        (row,) = rows(page)
        assert "123,456" in row
        panel, table = page.locator(".commands").bounding_box(), page.locator(".commands table")
        box = table.bounding_box()
        assert panel is not None
        assert box is not None
        assert box["x"] + box["width"] <= panel["x"] + panel["width"] <= 360
