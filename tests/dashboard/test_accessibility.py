"""Every page under axe-core: 0 violations, in both themes, on a phone and on a desk."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from dashboard.events import record_event
from tests.browser import beside, open_page
from tests.environment import ROOT
from tests.screenshots import THEMES, ask_to_confirm, pages, states
from tests.story import tell
from tests.web import LiveWeb

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SIZES = {"phone": (360, 800), "desk": (1440, 1000)}
FOUND = """async () => (await axe.run()).violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(" ")}: ${node.any.concat(node.all, node.none)
        .map((check) => check.message).join("; ")}`))"""


def violations(page: Page) -> list[str]:
    found = []
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.wait_for_timeout(50)
            found += [f"{theme}, {size}: {each}" for each in page.evaluate(FOUND)]
    return found


def test_no_page_has_a_violation(
    chromium: str, start_web: Callable[..., LiveWeb], admin: User, stranger: User
):
    tell()
    wanted = pages()
    web = start_web(BOT_OFFLINE_AFTER_SECONDS="600")
    found: list[str] = []
    source = AXE.read_text()
    with open_page(chromium, web, web.cookie(admin)) as page:

        def look(name: str, path: str) -> None:
            page.goto(web.url + path)
            if page.locator("[data-live]").count():
                expect(page.locator("[data-live]")).to_have_attribute("data-live", "live")
            page.evaluate(source)
            found.extend(f"{name}, {told}" for told in violations(page))

        for name, path in wanted.items():
            look(name, path)
        page.context.clear_cookies()
        look("login", "/login/")
        page.context.add_cookies([beside(lambda: web.cookie(stranger))])  # type: ignore[list-item]
        look("forbidden", "/")
    assert not found, "\n".join(found)


def test_no_state_of_a_page_has_a_violation(
    chromium: str, start_web: Callable[..., LiveWeb], admin: User
):
    tell()
    wanted = states()
    web = start_web(BOT_OFFLINE_AFTER_SECONDS="600")
    found: list[str] = []
    source = AXE.read_text()
    with open_page(chromium, web, web.cookie(admin)) as page:

        def look(name: str) -> None:
            found.extend(f"{name}, {told}" for told in violations(page))

        for name, path in wanted.items():
            page.goto(web.url + path)
            page.evaluate(source)
            look(name)
        ask_to_confirm(page, web.url)
        page.evaluate(source)
        look("control confirm")
        page.goto(f"{web.url}/events")
        expect(page.locator("[data-live]")).to_have_attribute("data-live", "live")
        page.evaluate(source)
        page.keyboard.press("p")
        expect(page.locator(".feed[data-paused]")).to_be_visible()
        look("paused")
        page.keyboard.press("p")
        page.route("**/events?level=error", lambda route: route.abort())
        page.locator("#chip-errors").click()
        expect(page.get_by_role("alert")).to_be_visible()
        look("not answered")
        web.stop()
        expect(page.locator("[data-live]")).not_to_have_attribute("data-live", "live")
        look("without a server")
        beside(lambda: record_event(kind="test.happened", message="Meanwhile."))
        web.start()
        expect(page.locator(".away")).to_be_visible()
        look("caught up")
    assert not found, "\n".join(found)
