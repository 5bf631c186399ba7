"""The feed in a real Chromium: filters that hold live, the past, the keys, events of their own."""

import re
from collections.abc import Callable
from functools import partial

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from dashboard.events import Fact, Origin, Ref, record_event, record_events
from dashboard.models import Level
from tests.browser import beside, open_page
from tests.dashboard.test_page import HOSTILE, TOO_WIDE, claim, claims, heartbeat, sentences
from tests.web import LiveWeb

expect.set_options(timeout=20_000)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 360, "height": 800}


def fail(number: int) -> None:
    record_event(
        kind="bot.command_failed",
        message=f"/transfer failed, number {number}",
        level=Level.ERROR,
        origin=Origin(Ref(7, "Library"), Ref(8, "kestrel"), "transfer", f"failed-{number}"),
    )


def happen(number: int) -> None:
    record_event(kind="gateway.resumed", message=f"Shard {number} resumed")


def happened(numbers: range) -> None:
    record_events([Fact("gateway.resumed", f"Shard {number} resumed") for number in numbers])


def is_live(page: Page) -> None:
    expect(page.locator("[data-live]")).to_have_attribute("data-live", "live")


def test_a_filter_holds_for_what_comes_live_after_a_reload_and_after_an_outage(
    chromium: str, live_web: LiveWeb, cookie: dict[str, str]
):
    claims(range(1, 4))
    fail(1)
    with open_page(chromium, live_web, cookie) as page:
        is_live(page)
        page.locator(".chip", has_text="errors").click()
        expect(page).to_have_url(f"{live_web.url}/?level=error")
        expect(page.locator(".event")).to_have_count(1)
        beside(lambda: claims(range(4, 6)))
        beside(lambda: fail(2))
        expect(page.locator(".event")).to_have_count(2)
        expected = ["/transfer failed, number 2", "/transfer failed, number 1"]
        assert sentences(page) == expected
        expect(page.locator("[data-slot=feed-foot]")).to_contain_text("2 of all events up to 12")
        page.reload()
        is_live(page)
        assert sentences(page) == expected
        live_web.kill()
        expect(page.locator("[data-live]")).not_to_have_attribute("data-live", "live")
        beside(lambda: claims(range(6, 8)))
        beside(lambda: fail(3))
        live_web.start()
        expect(page.locator(".event")).to_have_count(3)
        expect(page.locator(".feed")).to_contain_text("5 events while you were away")
        is_live(page)


def test_a_filtered_feed_starts_again_from_a_snapshot_when_too_much_was_missed(
    chromium: str, start_web: Callable[..., LiveWeb], staff: User
):
    web = start_web(REPLAY_EVENTS_MAX="3")
    fail(1)
    with open_page(chromium, web, web.cookie(staff)) as page:
        page.goto(f"{web.url}/events?level=error")
        is_live(page)
        web.kill()
        expect(page.locator("[data-live]")).not_to_have_attribute("data-live", "live")
        beside(lambda: claims(range(1, 10)))
        beside(lambda: fail(2))
        web.start()
        expect(page.locator(".event")).to_have_count(2)
        is_live(page)
        beside(lambda: fail(3))
        expect(page.locator(".event")).to_have_count(3)
        assert sentences(page)[0] == "/transfer failed, number 3"


def test_back_and_forward_lead_through_what_was_asked(
    chromium: str, live_web: LiveWeb, cookie: dict[str, str]
):
    claims(range(1, 3))
    fail(1)
    happen(1)
    with open_page(chromium, live_web, cookie) as page:
        is_live(page)
        everything = sentences(page)
        page.locator(".chip", has_text="gateway").click()
        expect(page.locator(".event")).to_have_count(1)
        page.keyboard.press("/")
        page.keyboard.type("SHARD 1")
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{live_web.url}/?kind=gateway.*&q=SHARD+1")
        expect(page.locator("#feed-q")).to_be_focused()
        page.locator(".chip", has_text="all").first.click()
        expect(page).to_have_url(f"{live_web.url}/?q=SHARD+1")
        page.go_back()
        page.go_back()
        expect(page.locator("#feed-q")).to_have_value("")
        expect(page.locator("#chip-gateway")).to_have_attribute("aria-current", "true")
        assert sentences(page) == ["Shard 1 resumed"]
        page.go_back()
        expect(page.locator(".event")).to_have_count(len(everything))
        page.go_forward()
        expect(page.locator(".event")).to_have_count(1)
        beside(lambda: happen(2))  # the filter that was gone forward to holds live
        beside(lambda: claim(9))
        expect(page.locator(".event")).to_have_count(2)


def test_the_past_stands_still_counts_what_comes_and_leads_back_to_the_newest(
    chromium: str, live_web: LiveWeb, cookie: dict[str, str]
):
    for number in range(1, 131):
        happen(number)
    with open_page(chromium, live_web, cookie) as page:
        page.goto(f"{live_web.url}/events")
        is_live(page)
        page.get_by_role("link", name="Older").click()
        expect(page).to_have_url(f"{live_web.url}/events?before=31")
        expect(page.locator(".event")).to_have_count(30)
        expect(page.locator("[data-slot=feed-state]")).to_have_text("earlier events")
        expect(page.locator("[data-slot=pause]")).to_be_hidden()
        beside(lambda: happen(131))
        expect(page.locator("[data-slot=later]")).to_have_text("· 1 new")
        assert sentences(page)[0] == "Shard 30 resumed"
        page.get_by_role("link", name="Newest").click()
        expect(page.locator(".event").first).to_contain_text("Shard 131 resumed")
        beside(lambda: happen(132))
        expect(page.locator(".event").first).to_contain_text("Shard 132 resumed")


def test_older_leads_on_from_the_list_as_it_is_now(
    chromium: str, live_web: LiveWeb, cookie: dict[str, str]
):
    happened(range(1, 41))  # all of the log: nothing is older
    with open_page(chromium, live_web, cookie) as page:
        page.goto(f"{live_web.url}/events")
        is_live(page)
        older = page.get_by_role("link", name="Older")
        expect(older).to_be_hidden()
        beside(lambda: happened(range(41, 701)))
        foot = page.locator("[data-slot=feed-foot]")
        expect(foot).to_contain_text("events 201 to 700, none missing")
        older.click()
        expect(page).to_have_url(f"{live_web.url}/events?before=201")
        expect(foot).to_contain_text("100 of events 101 to 200")
        assert sentences(page)[0] == "Shard 200 resumed"
        expect(page.get_by_role("link", name="Newer")).to_be_visible()
        page.get_by_role("link", name="Newest").click()
        expect(page).to_have_url(f"{live_web.url}/events")
        page.locator("#chip-gateway").click()
        expect(foot).to_contain_text("100 of events 601 to 700")
        beside(lambda: happened(range(701, 1201)))
        expect(foot).to_contain_text("500 of events 701 to 1,200")
        older.click()
        expect(page).to_have_url(f"{live_web.url}/events?kind=gateway.*&before=701")
        assert sentences(page)[0] == "Shard 700 resumed"


def test_paging_by_keyboard_keeps_its_place_and_starts_at_the_top_of_the_list(
    chromium: str, live_web: LiveWeb, cookie: dict[str, str]
):
    happened(range(1, 251))
    with open_page(chromium, live_web, cookie) as page:
        page.goto(f"{live_web.url}/events")
        is_live(page)
        log = page.get_by_role("log")
        log.evaluate("log => log.scrollTop = log.scrollHeight")
        older = page.get_by_role("link", name="Older")
        older.focus()
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{live_web.url}/events?before=151")
        expect(older).to_be_focused()
        assert log.evaluate("log => log.scrollTop") == 0
        said = page.locator("[data-slot=feed-said]")
        expect(said).to_contain_text("100 of events 51 to 150")
        expect(log).to_have_attribute("aria-live", "polite")
        page.keyboard.press("Enter")  # there is nothing older then: the list has the focus
        expect(page).to_have_url(f"{live_web.url}/events?before=51")
        expect(older).to_be_hidden()
        expect(log).to_be_focused()
        expect(page.locator(".feed")).not_to_have_attribute("aria-busy", "true")


def test_the_headline_leads_to_the_failure_in_place_and_its_row_to_its_page(
    chromium: str, live_web: LiveWeb, cookie: dict[str, str]
):
    claim(1)
    fail(1)  # the last one: no other has the same millisecond
    heartbeat()
    with open_page(chromium, live_web, cookie) as page:
        is_live(page)
        mark = page.evaluate("window.mark = Math.random()")
        page.get_by_role("link", name="Show those seconds").click()
        expect(page.locator(".event.here")).to_contain_text("/transfer failed")
        assert page.evaluate("window.mark") == mark  # the page was not left
        page.locator(".event.here .event-time").click()
        expect(page.locator("h1")).to_contain_text("/transfer failed, number 1")
        expect(page.locator(".event.here")).to_have_count(1)
        page.go_back()
        expect(page.locator(".event.here")).to_contain_text("/transfer failed")


def test_a_wrong_value_is_said_in_place_and_can_be_mended(
    chromium: str, live_web: LiveWeb, cookie: dict[str, str]
):
    claim(1)
    with open_page(chromium, live_web, cookie) as page:
        is_live(page)
        page.locator(".feed-more summary").click()
        page.fill("input[name=guild]", "Arbour")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("No guild is called 'Arbour'")
        expect(page.locator(".event")).to_have_count(0)
        page.fill("input[name=guild]", "harbour")
        page.keyboard.press("Enter")
        expect(page.locator(".token")).to_contain_text("Harbour")
        expect(page.locator(".event")).to_have_count(1)
        page.locator(".token").click()
        expect(page).to_have_url(f"{live_web.url}/")


def test_a_name_in_a_row_narrows_the_feed_to_it_and_keeps_the_rest_of_the_filter(
    chromium: str, live_web: LiveWeb, cookie: dict[str, str]
):
    claims(range(1, 3))
    fail(1)
    with open_page(chromium, live_web, cookie) as page:
        page.goto(f"{live_web.url}/events?level=error,success&before=100")
        is_live(page)
        for arrived in (False, True):  # as the server wrote it, and as the page did
            if arrived:
                page.get_by_role("link", name="Newest").click()
                expect(page).to_have_url(f"{live_web.url}/events?level=error%2Csuccess")
                beside(lambda: fail(2))
                expect(page.locator(".event").first).to_contain_text("number 2")
            page.locator(".event").first.get_by_role("link", name="kestrel").click()
            expect(page).to_have_url(f"{live_web.url}/events?level=error%2Csuccess&actor=8")
            expect(page.locator(".event")).to_have_count(2 if arrived else 1)
            expect(page.locator(".token", has_text="member")).to_contain_text("kestrel")
            page.go_back()
        page.goto(f"{live_web.url}/events/1")
        page.locator(".event.here").get_by_role("link", name="Harbour").click()
        expect(page).to_have_url(f"{live_web.url}/events?guild=5")


def test_a_view_that_cannot_be_had_is_said_and_nothing_is_lost(
    chromium: str, live_web: LiveWeb, cookie: dict[str, str]
):
    claim(1)
    with open_page(chromium, live_web, cookie) as page:
        is_live(page)
        page.route("**/?level=error", lambda route: route.abort())
        page.locator(".chip", has_text="errors").click()
        notice = page.get_by_role("alert")
        expect(notice).to_contain_text("did not answer")
        expect(page).to_have_url(f"{live_web.url}/")
        expect(page.locator(".feed")).not_to_have_attribute("aria-busy", "true")
        beside(lambda: claim(2))
        expect(page.locator(".event")).to_have_count(2)
        expect(notice).to_be_visible()
        page.unroute("**/?level=error")
        page.locator(".chip", has_text="errors").click()
        expect(page.locator(".event")).to_have_count(0)
        expect(notice).to_be_hidden()


def test_a_pause_counts_all_that_comes_and_resuming_leads_to_what_is_not_in_the_list(
    chromium: str, live_web: LiveWeb, cookie: dict[str, str]
):
    happened(range(1, 101))
    with open_page(chromium, live_web, cookie) as page:
        page.goto(f"{live_web.url}/events")
        is_live(page)
        page.keyboard.press("p")
        foot = page.locator("[data-slot=feed-foot]")
        expect(foot).to_contain_text("events 1 to 100, none missing")
        beside(lambda: happened(range(101, 1001)))
        pause = page.locator("[data-slot=pause-word]")
        expect(pause).to_have_text("Resume · 900 new")
        expect(foot).to_contain_text("events 1 to 100, none missing")
        assert sentences(page)[0] == "Shard 100 resumed"
        page.keyboard.press("p")
        expect(foot).to_contain_text("events 501 to 1,000")
        notice = page.locator(".away")
        expect(notice).to_contain_text("events 101 to 500 are not in it")
        notice.get_by_role("link").click()
        expect(page).to_have_url(f"{live_web.url}/events?after=100")
        expect(foot).to_contain_text("events 101 to 200")


@pytest.mark.parametrize("path", ["/events", "/events?level=info"])
def test_a_pause_outlives_a_snapshot_and_what_is_read_stays(
    chromium: str, start_web: Callable[..., LiveWeb], staff: User, path: str
):
    web = start_web(REPLAY_EVENTS_MAX="3")
    happened(range(1, 11))
    with open_page(chromium, web, web.cookie(staff)) as page:
        page.goto(web.url + path)
        is_live(page)
        page.keyboard.press("p")
        web.kill()
        expect(page.locator("[data-live]")).not_to_have_attribute("data-live", "live")
        beside(lambda: happened(range(11, 711)))
        web.start()
        is_live(page)
        # Of what matches, a snapshot tells a page of; who could poll before has more, or all.
        count = "700" if path == "/events" else r"(\d+\+|700)"
        pause = page.locator("[data-slot=pause-word]")
        expect(pause).to_have_text(re.compile(rf"^Resume · {count} new$"))
        assert sentences(page)[0] == "Shard 10 resumed"
        page.keyboard.press("p")
        expect(page.locator(".event").first).to_contain_text("Shard 710 resumed")
        expect(page.locator(".away", has_text="While you were paused")).to_be_visible()


def test_the_keys_search_pause_and_explain_themselves(
    chromium: str, live_web: LiveWeb, cookie: dict[str, str]
):
    with open_page(chromium, live_web, cookie) as page:
        is_live(page)
        page.locator("#chip-all").focus()
        page.keyboard.press("?")
        dialog = page.get_by_role("dialog", name="Keys")
        expect(dialog).to_be_visible()
        page.keyboard.press("p")  # not while the dialog is open
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(page.locator("#chip-all")).to_be_focused()
        expect(page.locator("[data-slot=pause]")).to_have_attribute("aria-pressed", "false")
        page.keyboard.press("/")
        expect(page.locator("#feed-q")).to_be_focused()
        page.keyboard.type("p?/")
        expect(page.locator("#feed-q")).to_have_value("p?/")
        page.keyboard.press("Escape")
        expect(page.locator("#feed-q")).not_to_be_focused()
        page.keyboard.press("p")
        expect(page.locator("[data-slot=pause]")).to_have_attribute("aria-pressed", "true")
        expect(page.get_by_role("log")).to_have_attribute("aria-live", "polite")


def test_the_log_works_without_javascript_and_on_a_phone(
    chromium: str, live_web: LiveWeb, cookie: dict[str, str]
):
    for number, name in enumerate(HOSTILE.values(), start=1):
        claim(number, name)
    for number in range(1, 121):
        happen(number)
    with open_page(chromium, live_web, cookie, java_script_enabled=False, viewport=PHONE) as page:
        page.goto(f"{live_web.url}/events")
        expect(page.locator(".event")).to_have_count(100)
        page.get_by_role("link", name="Older").click()
        expect(page.locator(".event")).to_have_count(20 + len(HOSTILE))
        page.locator("#chip-economy").click()
        expect(page.locator(".event")).to_have_count(len(HOSTILE))
        page.fill("#feed-q", "CLAIMED 3")
        page.keyboard.press("Enter")
        expect(page.locator(".event")).to_have_count(1)
        page.locator(".event-time").click()
        expect(page.locator("h1")).to_contain_text("claimed 3 coins")


def test_hostile_names_stay_within_the_pages_of_the_log(
    chromium: str, live_web: LiveWeb, cookie: dict[str, str]
):
    with open_page(chromium, live_web, cookie, viewport=PHONE) as page:
        page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
        for number, name in enumerate(HOSTILE.values(), start=1):
            beside(partial(claim, number, name))
        for path in ("/events", "/events?guild=5", "/events?actor=7", "/events/1", "/events/13"):
            page.goto(live_web.url + path)
            expect(page.locator(".event").first).to_be_visible()
            assert page.evaluate(TOO_WIDE) == [], path
            assert page.locator(".event img, .event script, h1 img").count() == 0


def test_names_from_right_to_left_turn_nothing_around_in_headline_and_rows(
    chromium: str, live_web: LiveWeb, cookie: dict[str, str]
):
    def fails() -> None:
        heartbeat()
        origin = Origin(Ref(5, "חוף הים"), Ref(1, "ليلى"), "transfer", "r")
        record_event(
            kind="bot.command_failed", message="It failed.", level=Level.ERROR, origin=origin
        )

    def lefts(page: Page, where: str, *parts: str) -> list[float]:
        found = [page.locator(f"{where} {part}").first.bounding_box() for part in parts]
        return [box["x"] for box in found if box]

    fails()
    with open_page(chromium, live_web, cookie, viewport={"width": 1440, "height": 900}) as page:
        is_live(page)
        for count in (1, 2):  # the server's row and sentence, then the page's
            expect(page.locator(".event")).to_have_count(count)
            headline = lefts(page, ".headline-detail", "code", ".name", ".name >> nth=1", "time")
            assert headline == sorted(headline), "the age stands after the names, not between them"
            for place in page.locator(".event").first.locator(".place").all():
                (outer, name) = place.bounding_box(), place.locator("bdi").bounding_box()
                assert outer
                assert name
                assert outer["x"] + 3 < name["x"], "the dot stands before the name"
                assert outer["x"] + outer["width"] < name["x"] + name["width"] + 1
            if count == 1:
                beside(fails)
