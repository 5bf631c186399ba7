"""What a page weighs on its way to the browser, and that nothing of it is lost there."""

import gzip
import http.client
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from whitenoise.compress import Compressor

from dashboard.events import Fact, record_events
from tests.browser import open_page
from tests.story import tell
from tests.web import LiveWeb

pytestmark = pytest.mark.django_db(transaction=True)

WEIGHT_MAX_BYTES = 150_000
REQUESTS_MAX = 55  # each a small file, all but the page itself asked for at once


def ask(
    web: LiveWeb, path: str, cookie: dict[str, str], takes: str = "gzip"
) -> tuple[http.client.HTTPMessage, bytes]:
    headers = {"Cookie": f"{cookie['name']}={cookie['value']}", "Accept-Encoding": takes}
    with closing(http.client.HTTPConnection("127.0.0.1", web.port, timeout=20)) as connection:
        connection.request("GET", path, headers=headers)
        with closing(connection.getresponse()) as answer:
            assert answer.status == 200, path
            return answer.headers, answer.read()


def compress_our_files() -> None:
    """Do what an installation does with every file that is collected; the suite does without."""
    for folder in ("css", "js", "uplot"):
        for path in (settings.STATIC_ROOT / folder).glob("*.[cj]s*"):
            if path.suffix in (".css", ".js"):
                list(Compressor(quiet=True).compress(str(path)))


def loaded(page: Page, url: str) -> dict[str, int]:
    """How many bytes came for each address of a page that is opened with an empty cache."""
    devtools = page.context.new_cdp_session(page)
    urls: dict[str, str] = {}
    weights: dict[str, int] = {}

    def answered(told: dict[str, Any]) -> None:
        urls[told["requestId"]] = told["response"]["url"]

    def finished(told: dict[str, Any]) -> None:
        weights[told["requestId"]] = int(told["encodedDataLength"])

    devtools.on("Network.responseReceived", answered)
    devtools.on("Network.loadingFinished", finished)
    devtools.send("Network.enable")
    devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.goto(url)
    expect(page.locator("[data-live]")).to_have_attribute("data-live", "live")
    page.wait_for_load_state("networkidle")
    return {urls[request]: weight for request, weight in weights.items() if request in urls}


@pytest.mark.browser
def test_a_first_visit_to_a_full_overview_is_light(
    chromium: str, start_web: Callable[..., LiveWeb], admin: User
):
    compress_our_files()
    tell()
    web = start_web(BOT_OFFLINE_AFTER_SECONDS="600")
    with open_page(chromium, web, web.cookie(admin)) as page:
        found = loaded(page, web.url)
    assert found[f"{web.url}/"] > 10_000  # it was counted
    assert sum(found.values()) < WEIGHT_MAX_BYTES, found
    assert len(found) <= REQUESTS_MAX, found


def test_a_page_comes_compressed_its_length_masked_and_whole(live_web: LiveWeb, staff: User):
    cookie = live_web.cookie(staff)
    record_events([Fact("test.happened", f"number {number}") for number in range(200)])
    _, plain = ask(live_web, "/api/events?limit=200", cookie, takes="identity")
    lengths = set()
    for _ in range(8):
        headers, body = ask(live_web, "/api/events?limit=200", cookie)
        assert headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in headers["Vary"]
        assert gzip.decompress(body) == plain
        lengths.add(len(body))
    assert len(lengths) > 1  # nobody learns from it what a page says
    headers, body = ask(live_web, "/events", cookie)
    assert headers["Content-Encoding"] == "gzip"
    assert b"csrfmiddlewaretoken" in gzip.decompress(body)


def test_a_file_that_is_streamed_goes_on_as_it_is(live_web: LiveWeb, admin: User):
    record_events([Fact("test.happened", f"number {number}") for number in range(600)])
    headers, body = ask(live_web, "/events.csv", live_web.cookie(admin))
    assert headers["Content-Encoding"] is None
    assert body.decode("utf-8-sig").count("number") == 600
