"""What others typed is text on every page of the site, in a real Chromium, the admin's included."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from dashboard import audit
from dashboard.events import Origin, Ref, record_event
from dashboard.models import BotMode, ControlAction, ControlRequest, Level
from dashboard.runs import Fault, Run, count_runs
from dashboard.services import GuildState, record_guilds, record_heartbeat
from tests.browser import open_page
from tests.dashboard.test_roles import TABLE, address_of, populate
from tests.economy.bank import ADA, NOOR, claim, correct, transfer
from tests.web import LiveWeb

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TRICKS = [
    "<img id=got-in src=x onerror=alert(1)>",
    "</script><script id=got-in>alert(1)</script>",
    "<svg id=got-in onload=alert(1)>",
    "\"'><iframe id=got-in srcdoc='<script>parent.alert(1)</script>'>",
    "javascript:alert(1)//{{7*7}}${7*7}<%= 7*7 %>",
]
HIDDEN = "\u202e\u2066\u200b\ufeff\x00\x1b"
"""What turns text around, or is not seen at all."""
GOT_IN = """() => [
    ...document.querySelectorAll("#got-in, iframe, [onerror], [onload], [href^='javascript:']"),
].map((element) => element.outerHTML)"""
FOUND_HIDDEN = """(hidden) => [...hidden].filter((each) =>
    (document.body.innerText + document.title).includes(each))"""


def tell(trick: str, number: int) -> None:
    """Let every text that others choose be `trick`: guild, member, command, reason, error, bot."""
    typed, now = trick + HIDDEN, timezone.now()
    guild, member = Ref(number, typed), Ref(ADA + number, typed)
    record_guilds([GuildState(number, typed, 5)], bot="bot")
    record_heartbeat(
        name=f"bot {number} {trick}"[:64], started_at=now, emulated=False, connected=True
    )
    origin = Origin(guild, member, "daily", f"request {number}")
    claim(member.id, member_name=typed, origin=origin)
    claim(NOOR + 10 * number, member_name=typed)
    transfer(member.id, NOOR + 10 * number, 1, origin=origin)
    correct(member.id, 5, reason=typed, author=typed)
    fault = Fault(f"{number:016}", typed[:100], typed[:100])
    with transaction.atomic():
        count_runs([Run(typed[:32], "failed", 84.0, now, fault, guild)])
        record_event(
            kind="bot.command_failed",
            message=f"/{typed} for {typed} failed",
            level=Level.ERROR,
            origin=Origin(guild, member, typed[:32], trick[:32]),
            data={"fingerprint": fault.fingerprint, "error": trick, "where": trick},
        )
    ControlRequest.objects.create(
        id=uuid4(),
        action=ControlAction.CLEAR_CACHE,
        reason=trick,
        requested_by=trick,
        requested_at=now,
        state="failed",
        detail=trick,
    )
    BotMode.objects.update_or_create(
        id=1, defaults={"maintenance": True, "reason": trick, "since": now}
    )
    audit.record(
        action="test.done", who=audit.Who(typed), target=typed, reason=typed, after={trick: trick}
    )
    User.objects.create_user(trick, email=trick, first_name=trick)


def pages() -> list[str]:
    """Return the address of everything that a superuser is shown as a page."""
    column = -2
    routes = [
        route
        for route, (shown, _) in TABLE.items()
        if shown.split()[column] == "200" and not route.startswith(("api/", "healthz", "readyz"))
    ]
    files = ("csv", "export/", "metrics", "jsi18n/")
    return sorted(address_of(route) for route in routes if not route.endswith(files))


def test_nothing_that_was_typed_runs_or_hides_on_any_page(
    chromium: str, start_web: Callable[..., LiveWeb]
):
    root = populate()["superuser"]
    for number, trick in enumerate(TRICKS, start=1):
        tell(trick, number)
    addresses = pages()
    assert len(addresses) > 30
    web = start_web()
    found: dict[str, object] = {}
    with open_page(chromium, web, web.cookie(root), viewport={"width": 360, "height": 800}) as page:
        page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
        for address in addresses:
            answer = page.goto(web.url + address)
            assert answer is not None
            assert answer.status == 200, address
            got_in = page.evaluate(GOT_IN) + page.evaluate(FOUND_HIDDEN, HIDDEN)
            if got_in:
                found[address] = got_in
        page.goto(f"{web.url}/events")
        assert "<svg id=got-in onload=alert(1)>" in page.locator("main").inner_text()
    assert found == {}
    assert not [line for line in web.lines if "Traceback" in line]
