"""A real Chromium for the tests of pages."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from django.db import connections
from playwright.sync_api import Page, sync_playwright

from tests.web import LiveWeb

Result = TypeVar("Result")

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def open_page(
    chromium: str, web: LiveWeb, cookie: dict[str, str] | None, **context: object
) -> Iterator[Page]:
    """Open the overview in a new browser, signed in with `web.cookie(user)`.

    Whatever the page complains of, a script error, a breach of the Content-Security-Policy or a
    Permissions-Policy that it does not understand, is raised at the end. Inside, the
    ORM is reached through `beside`.
    """
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        session = browser.new_context(**context)  # type: ignore[arg-type]
        if cookie:
            session.add_cookies([cookie])  # type: ignore[list-item]
        page = session.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.extend(_policy_complaints(said.text)))
        page.goto(web.url)
        yield page
        browser.close()
    assert complaints == []


def _policy_complaints(said: str) -> list[str]:
    return [said] if "Content Security" in said or "Permissions-Policy" in said else []


def beside(work: Callable[[], Result]) -> Result:
    """Do `work` with the ORM in a thread of its own: Playwright keeps a loop in this one."""

    def call() -> Result:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()
