"""What the economy shows: queries, its section of the stats, its card, its settings' check."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.checks import run_checks
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dashboard import stats
from economy.models import Account
from economy.queries import Standing, balance, leaderboard
from economy.stats import cards, section
from tests.economy.bank import ADA, NOOR, PELLE, claim, correct, everything, transfer

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 8, 12, tzinfo=UTC)


@pytest.mark.parametrize("member_id", [ADA, 1, 2, -1, 2**70])
def test_the_balance_of_who_has_no_account_is_zero_and_opens_none(member_id):
    before = everything()
    assert balance(member_id) == 0
    assert everything() == before


def test_the_leaderboard_is_richest_first_and_equals_by_id():
    for member in (PELLE, NOOR, ADA):
        claim(member, member_name=str(member)[-1])
    transfer(PELLE, ADA + 9, 110)
    assert leaderboard(10) == [
        Standing(ADA, "1", 110),
        Standing(NOOR, "2", 110),
        Standing(ADA + 9, "", 110),
    ]
    assert leaderboard(2, leaderboard(1)[0]) == leaderboard(10)[1:]
    assert leaderboard(0) == []


def test_the_section_tells_supply_and_what_today_did():
    with time_machine.travel(NOON - timedelta(days=1), tick=False):
        claim(ADA)
    with time_machine.travel(NOON, tick=False):
        claim(NOOR)
        transfer(NOOR, PELLE, 10)
        correct(ADA, -20)
        shown = section()
    for name in ("days", "largest", "collectors", "figures", "proof"):
        shown.pop(name)
    assert shown.pop("supplyByDay")[-3:] == ["0", "110", "200"]
    assert shown == {
        "supply": "200",
        "accounts": 3,
        "mintedToday": "110",
        "burnedToday": "20",
        "movedToday": "10",
        "transactionsToday": 3,
        "balanced": True,
    }


def test_the_card_says_the_supply_its_change_and_that_the_ledger_balances():
    with time_machine.travel(NOON, tick=False):
        claim(ADA)
        correct(ADA, 5000)
        (card,) = cards(section())
    assert (card.label, card.value) == ("Coins", "5,110")
    assert (card.change, card.period) == ("+5,110", "today")
    assert (card.word, card.state) == ("ledger balanced", "")
    assert card.trend == (0.0,) * 29 + (5110.0,)


def test_the_card_warns_when_the_ledger_does_not_balance():
    claim(ADA)
    Account.objects.filter(id=ADA).update(balance=1)
    (card,) = cards(section())
    assert (card.word, card.state) == ("ledger not balanced", "bad")


def test_the_section_and_the_series_are_plugged_into_the_dashboard():
    claim(ADA)
    shown = stats.collect()
    assert shown["economy"]["supply"] == "110"
    assert "coins" in [card["id"] for card in shown["cards"]]
    assert shown["activityOverview"][-1]["transactions"] == 1


def test_the_section_reads_as_much_after_many_transactions_as_before():
    claim(ADA)
    transfer(ADA, NOOR, 1)
    section()  # what was wrong at the look before is looked at once more
    with CaptureQueriesContext(connection) as few:
        section()
    for _ in range(30):
        transfer(ADA, NOOR, 1)
    with CaptureQueriesContext(connection) as many:
        section()
    assert len(many) == len(few)


@pytest.mark.parametrize(
    ("figures", "found"),
    [
        ({}, []),
        ({"DAILY_BASE_COINS": 0, "DAILY_STREAK_COINS": 0}, ["economy.E001"]),
        ({"DAILY_MAX_COINS": 2**63}, ["economy.E002"]),
        ({"TRANSFER_MIN_COINS": 2**63}, ["economy.E002"]),
        ({"DAILY_MAX_COINS": 50}, ["economy.W001"]),
    ],
)
def test_figures_under_which_nobody_could_play_are_complained_about(settings, figures, found):
    for name, value in figures.items():
        setattr(settings, name, value)
    ids = [message.id for message in run_checks()]
    assert [id for id in ids if id and id.startswith("economy")] == found
