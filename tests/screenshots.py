"""`make screenshots`: every page at four widths in both themes, into docs/images.

Git keeps those that the README shows; the others stay where they were made, to be looked at.
"""

import subprocess
import sys
from typing import Literal

from playwright.sync_api import Page

from tests.environment import ROOT
from tests.private import private_machine

FOLDER = ROOT / "docs" / "images"
WIDTHS = {360: 800, 768: 1024, 1440: 1000, 2560: 1440}
THEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")


def pages() -> dict[str, str]:
    """Return the path of every page by its name, as `tests.story` fills them."""
    from dashboard.models import Event
    from tests.story import GUILDS

    failed = Event.objects.filter(kind="bot.command_failed").latest("seq")
    return {
        "overview": "/",
        "events": "/events",
        "event": f"/events/{failed.seq}",
        "commands": "/commands",
        "shards": "/shards",
        "guilds": "/guilds",
        "guild": f"/guilds/{GUILDS[0].id}",
        "economy": "/economy",
        "control": "/control",
        "password": "/password/",
        "missing": "/nowhere",
    }


def states() -> dict[str, str]:
    """Return, by its name, the path of each page that says that something is not there or wrong."""
    from dashboard.models import Event

    Event.objects.filter(seq=1).delete()
    return {
        "event-gone": "/events/1",
        "event-unknown": "/events/999999999",
        "guild-unknown": "/guilds/999",
        "wrong-range": "/commands?range=year",
        "wrong-filter": "/events?level=fatal",
        "no-event-like-that": "/events?q=nothing-is-called-so",
        "all-filters": "/events?level=warn,error&kind=bot.*&command=daily&fingerprint=6f1c&q=daily",
        "no-guild-like-that": "/guilds?q=nothing-is-called-so",
    }


def ask_to_confirm(page: Page, url: str) -> None:
    """Fill in the control panel of the server at `url`, and stop where it asks for a yes."""
    page.goto(f"{url}/control")
    page.get_by_role("radio").first.check()
    page.get_by_label("Why").fill("moving to the new database server")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Yes, ask the bot").wait_for()


def take(chromium: str) -> None:
    """Fill the database of the environment, and take the pictures."""
    import django

    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.utils import timezone
    from playwright.sync_api import expect

    from dashboard.models import BotProcess
    from tests.browser import beside, open_page
    from tests.story import tell
    from tests.web import LiveWeb

    call_command("collectstatic", interactive=False, verbosity=0)
    tell()
    wanted = pages() | states()
    with LiveWeb({}) as web:
        cookie = web.cookie(User.objects.create_superuser("admin"))
        with open_page(chromium, web, cookie, reduced_motion="reduce") as page:
            for name, path in [*wanted.items(), ("control-confirm", ""), ("login", "/login/")]:
                if name == "login":
                    page.context.clear_cookies()
                beside(lambda: BotProcess.objects.update(heartbeat_at=timezone.now()))
                if name == "control-confirm":
                    ask_to_confirm(page, web.url)
                else:
                    page.goto(web.url + path)
                if page.locator("[data-live]").count():
                    expect(page.locator("[data-live]")).to_have_attribute("data-live", "live")
                for width, height in WIDTHS.items():
                    page.set_viewport_size({"width": width, "height": height})
                    for theme in THEMES:
                        page.emulate_media(color_scheme=theme)
                        page.wait_for_timeout(300)  # charts are drawn anew in the next frames
                        page.screenshot(path=FOLDER / f"{name}-{theme}-{width}.png")
                        if width == 1440:
                            whole = FOLDER / f"{name}-{theme}-whole.png"
                            page.screenshot(path=whole, full_page=True)
                print(f"  {name}", flush=True)


def main() -> int:
    """Take them on a private machine; return the exit status."""
    import shutil

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("screenshots: there is no chromium in PATH: apt-get install chromium")
    if sys.argv[1:] == ["--inside"]:
        take(chromium)
        return 0
    FOLDER.mkdir(exist_ok=True)
    with private_machine("sqlite") as environment:
        command = [sys.executable, "-m", "tests.screenshots", "--inside"]
        return subprocess.run(command, cwd=ROOT, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
