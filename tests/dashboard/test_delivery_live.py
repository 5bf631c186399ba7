"""What a page does in a real Chromium when its ways to the server break."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from playwright.sync_api import Page, WebSocketRoute, expect

from dashboard import queries, services
from dashboard.models import Event, Stream
from tests.browser import beside, open_page
from tests.dashboard.test_page import claim, claims, sentences
from tests.web import LiveWeb

expect.set_options(timeout=20_000)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PATIENT = "Math.random = () => 0.999"  # each back-off takes as long as it may: 0.5 s, 1 s ... 20 s
SHOWN = """(state) => {
    Object.defineProperty(document, "visibilityState", { get: () => state, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
STATES = """() => {
    window.states = new Set();
    const root = document.querySelector("[data-live]");
    const note = () => window.states.add(root.dataset.live);
    new MutationObserver(note).observe(root, { attributeFilter: ["data-live"] });
}"""


def is_(state: str, page: Page, timeout: float = 20_000) -> None:
    expect(page.locator("[data-live]")).to_have_attribute("data-live", state, timeout=timeout)


def claimed(*numbers: int) -> list[str]:
    return [f"ada claimed {number} coins" for number in numbers]


class Tries:
    """The connections that a page tried."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.made = 0
        page.on("websocket", lambda _: self._count())

    def _count(self) -> None:
        self.made += 1

    def wait_for(self, number: int) -> None:
        """Return when so many were tried."""
        while self.made < number:
            self._page.wait_for_event("websocket")


def test_a_page_whose_sockets_are_blocked_polls_after_three_failures_and_comes_back(
    chromium: str, live_web: LiveWeb, cookie: dict[str, str]
):
    blocked, tries = True, 0

    def meet(route: WebSocketRoute) -> None:
        nonlocal tries
        tries += 1
        if blocked:
            route.close(code=1011)
        else:
            route.connect_to_server()

    claim(1)
    with open_page(chromium, live_web, cookie) as page:
        page.route_web_socket("**/ws?*", meet)
        page.reload()
        is_("polling", page)
        assert tries >= 3
        beside(lambda: claim(2))
        expect(page.locator(".event")).to_have_count(2)
        expect(page.locator(".link[data-link=page]")).to_contain_text("page polling")
        blocked = False
        is_("live", page, timeout=30_000)
        beside(lambda: claim(3))
        expect(page.locator(".event")).to_have_count(3)
        assert sentences(page) == claimed(3, 2, 1)


def test_a_tab_too_many_polls_without_a_flicker_and_follows_when_another_is_closed(
    chromium: str, start_web: Callable[..., LiveWeb], staff: User
):
    web = start_web(SOCKETS_PER_USER_MAX="1")
    claim(1)
    with open_page(chromium, web, web.cookie(staff)) as first:
        is_("live", first)
        second = first.context.new_page()
        second.goto(web.url)
        is_("polling", second)
        tries = Tries(second)
        second.evaluate(STATES)
        for number in range(2, 5):
            beside(lambda number=number: claim(number))  # type: ignore[misc]
            expect(second.locator(".event")).to_have_count(number)
            expect(first.locator(".event")).to_have_count(number)
        tries.wait_for(2)  # each was answered with ERROR, then closed with 4029
        assert second.evaluate("[...window.states]") == ["polling"]
        expect(second.locator(".feed")).not_to_contain_text("while you were away")
        first.close()
        is_("live", second, timeout=40_000)
        assert sentences(second) == claimed(4, 3, 2, 1)


@pytest.mark.parametrize("shown", ["visible", "hidden"])
def test_a_page_tries_at_once_when_the_network_is_back_seen_or_not(
    chromium: str, live_web: LiveWeb, cookie: dict[str, str], shown: str
):
    claim(1)
    with open_page(chromium, live_web, cookie) as page:
        page.add_init_script(PATIENT)
        page.reload()
        is_("live", page)
        tries = Tries(page)
        page.evaluate(SHOWN, shown)
        page.context.set_offline(True)
        live_web.kill()
        tries.wait_for(4)  # the next one comes in 8 s
        beside(lambda: claim(2))
        live_web.start()
        before = tries.made
        page.context.set_offline(False)
        is_("live", page, timeout=4_000)
        assert tries.made == before + 1
        expect(page.locator(".event")).to_have_count(2)


def test_a_hidden_tab_follows_and_tries_at_once_when_it_is_looked_at(
    chromium: str, live_web: LiveWeb, cookie: dict[str, str]
):
    with open_page(chromium, live_web, cookie) as page:
        page.add_init_script(PATIENT)
        page.reload()
        is_("live", page)
        tries = Tries(page)
        page.evaluate(SHOWN, "hidden")
        beside(lambda: claim(1))
        expect(page.locator(".event")).to_have_count(1)
        live_web.kill()
        tries.wait_for(4)
        beside(lambda: claim(2))
        live_web.start()
        before = tries.made
        page.evaluate(SHOWN, "visible")
        is_("live", page, timeout=4_000)
        assert tries.made == before + 1
        expect(page.locator(".event")).to_have_count(2)


@transaction.atomic
def restore(head: int) -> None:
    """Become another log: the first events of this one."""
    Event.objects.filter(seq__gt=head).delete()
    Stream.objects.update(head=head)
    services.begin_epoch(queries.position().epoch)


def test_a_page_follows_another_log_and_says_when_it_cannot_have_it(
    chromium: str, start_web: Callable[..., LiveWeb], staff: User
):
    web = start_web(STATS_INTERVAL_SECONDS="1")
    claims(range(1, 5))
    with open_page(chromium, web, web.cookie(staff)) as page:
        is_("live", page)
        expect(page.locator(".event")).to_have_count(4)
        page.route("**/api/events?*", lambda route: route.fulfill(status=500))
        beside(lambda: restore(4))
        word = page.locator(".link[data-link=page]")
        expect(word).to_contain_text("page reloading")
        expect(word).to_contain_text("page stale since")
        expect(page.locator(".headline")).to_contain_text("Not live since")
        is_("reloading", page)
        beside(lambda: claim(9))
        assert sentences(page) == claimed(4, 3, 2, 1)  # as it was, and said to be old
        page.unroute("**/api/events?*")
        is_("live", page, timeout=40_000)
        assert sentences(page) == claimed(9, 2, 1)
        beside(lambda: claim(10))
        expect(page.locator(".event")).to_have_count(4)
