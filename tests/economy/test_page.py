"""The economy's page: its figures, who collects dailies, its proof; with JavaScript and without."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from dashboard import access
from dashboard.events import Origin, Ref, record_event
from economy.models import Account, Handover, LargeTransfer
from economy.queries import collectors, largest_transfers
from economy.rollups import LARGEST_KEPT_A_DAY
from economy.stats import section
from tests.browser import beside, open_page
from tests.economy.bank import ADA, NOOR, claim, correct, give, transfer
from tests.web import LiveWeb

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 8, 12, tzinfo=UTC)
ALTS = [ADA + number for number in range(10, 14)]
URL = reverse("economy")


def hand_on(members: list[int], amount: int, after: timedelta = timedelta(minutes=5)) -> None:
    """Have `members` claim, and send `amount` to NOOR a little later."""
    with time_machine.travel(NOON, tick=False) as clock:
        for member in members:
            claim(member)
        clock.shift(after)
        for member in members:
            transfer(member, NOOR, amount, receiver_name="noor")


def test_who_gets_most_of_what_several_others_claimed_is_a_collector():
    hand_on(ALTS, 100)
    with time_machine.travel(NOON, tick=False):
        (found,) = collectors(10)
    assert (found.account_id, found.name, found.sources, found.coins) == (NOOR, "noor", 4, 400)


@pytest.mark.parametrize(
    ("members", "amount", "after"),
    [
        (ALTS[:2], 100, timedelta(minutes=5)),
        (ALTS, 54, timedelta(minutes=5)),
        (ALTS, 100, timedelta(minutes=61)),
    ],
    ids=["too few", "too little", "too late"],
)
def test_who_gets_less_is_none(members, amount, after):
    hand_on(members, amount, after)
    with time_machine.travel(NOON, tick=False):
        assert collectors(10) == []


def test_the_page_of_a_guild_has_the_coins_that_were_claimed_and_sent_there(
    client: Client, viewer: User
):
    harbour, library = (Origin(guild=Ref(id, "x")) for id in (11, 12))
    client.force_login(viewer)
    with time_machine.travel(NOON, tick=False):
        claim(ADA, origin=harbour)
        claim(NOOR, origin=library)
        transfer(ADA, NOOR, 30, origin=harbour)
        transfer(NOOR, ADA, 50, origin=library)
        for odd in ([1], 7, "x", "9" * 5000):
            record_event(kind="economy.daily_claimed", message="x", origin=harbour,
                         data={"reward": odd})  # fmt: skip
        card = client.get("/api/guilds/11").json()["cards"][-1]
    assert (card["label"], card["value"]) == ("Coins claimed", "110")
    assert (card["change"], card["period"]) == ("30", "sent, in 24 h")


def test_a_collector_is_forgotten_after_the_days_that_count():
    hand_on(ALTS, 100)
    with time_machine.travel(NOON + timedelta(days=7), tick=False):
        assert collectors(10) == []


def test_no_more_is_handed_over_than_was_claimed():
    with time_machine.travel(NOON, tick=False):
        give(ADA, 5000)
        for amount in (60, 60, 1000):
            transfer(ADA, NOOR, amount)
    assert Handover.objects.values_list("coins", "reward").get() == (110, 110)


def test_the_largest_transfers_are_kept_and_the_small_ones_of_a_busy_day_are_not():
    give(ADA, 5000)
    for amount in [*range(50, 50 + LARGEST_KEPT_A_DAY), 3, 500]:
        transfer(ADA, NOOR, amount)
    shown = [large.amount for large in largest_transfers(30, LARGEST_KEPT_A_DAY)]
    assert shown == [500, *range(59, 50, -1)]
    assert not LargeTransfer.objects.filter(amount=3).exists()


def test_the_section_names_the_row_that_does_not_balance():
    claim(ADA)
    assert section()["proof"]["findings"] == []
    Account.objects.filter(id=ADA).update(balance=1)
    (found,) = section()["proof"]["findings"]
    assert found == {"row": f"account {ADA}", "text": "it keeps 1, its entries leave 110"}


def test_the_page_is_for_those_who_may_view(client, viewer, stranger):
    assert client.get(URL).status_code == 302
    client.force_login(stranger)
    assert client.get(URL).status_code == 403
    client.force_login(viewer)
    assert client.get(URL).status_code == 200
    assert client.post(URL).status_code == 405


def test_the_page_shows_names_as_text_and_links_to_accounts_only_for_who_may_open_them(
    client, viewer, staff, admin
):
    maria = User.objects.create_user("maria")  # one of the staff by role, with no other flag
    maria.groups.add(Group.objects.get(name=access.STAFF))
    give(ADA, 500)
    transfer(ADA, NOOR, 20, sender_name="<img src=x>")
    for member in ALTS:
        claim(member)
        transfer(member, NOOR, 110)
    account = reverse("admin:economy_account_change", args=[NOOR])
    for user, linked in ((viewer, False), (staff, False), (maria, True), (admin, True)):
        client.force_login(user)
        html = client.get(URL).content.decode()
        assert "<img src=x" not in html
        assert "&lt;img src=x&gt;" in html
        assert (f'href="{account}"' in html) is linked
        assert (client.get(account).status_code == 200) is linked
        assert "Ledger balanced" in html


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_page_stays_fresh_and_a_reload_shows_the_same(
    chromium: str, live_web: LiveWeb, admin: User
):
    give(ADA, 500)
    with open_page(chromium, live_web, live_web.cookie(admin), viewport=PHONE) as page:
        page.goto(f"{live_web.url}{URL}")
        expect(page.locator(".economy")).to_have_attribute("data-live", "live")
        beside(lambda: transfer(ADA, NOOR, 70, sender_name="ada", receiver_name="noor"))
        beside(lambda: correct(ADA, -30))
        row = page.locator("[data-transfer]").first
        expect(row).to_contain_text("noor", timeout=20_000)
        expect(page.locator('[data-card="burned"] [data-slot="value"]')).to_have_text("30")
        drawn = "[...document.querySelectorAll('.day-chart g, tbody tr')].map(e => e.outerHTML)"
        live = page.evaluate(drawn)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        page.reload()
        assert page.evaluate("document.querySelectorAll('[data-transfer]').length") == 1
        assert [html.replace(" ", "") for html in page.evaluate(drawn)] == [
            html.replace(" ", "") for html in live
        ]


PHONE = {"width": 360, "height": 800}


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_without_javascript_the_page_is_complete_and_says_that_it_is_not_live(
    chromium: str, live_web: LiveWeb, admin: User
):
    give(ADA, 500)
    transfer(ADA, NOOR, 70, receiver_name="noor")
    cookie = live_web.cookie(admin)
    with open_page(chromium, live_web, cookie, java_script_enabled=False) as page:
        page.goto(f"{live_web.url}{URL}")
        expect(page.locator(".notice")).to_contain_text("not live")
        expect(page.locator("[data-transfer]")).to_contain_text("noor")
        expect(page.locator(".card")).to_have_count(6)
