"""`claim_daily`: what it pays, when, and what it refuses."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine

from dashboard.events import Origin, Ref
from dashboard.models import Event
from economy.errors import AccountFrozen, AlreadyClaimed, NotAMember
from economy.models import Account
from economy.rewards import reward_for
from economy.services import DailyClaim, set_frozen
from tests.economy.bank import ADA, NOOR, claim, everything

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sound_ledger")]

NOON = datetime(2026, 1, 8, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 1, 9, tzinfo=UTC)
JUST = timedelta(milliseconds=100)


@pytest.mark.parametrize(
    ("streak", "coins", "bonus"),
    [
        (1, 110, 0),
        (5, 150, 0),
        (6, 160, 0),
        (7, 270, 100),
        (8, 180, 0),
        (14, 340, 100),
        (35, 500, 50),
        (39, 490, 0),
        (40, 500, 0),
        (42, 500, 0),
        (10_000, 500, 0),
    ],
)
def test_the_reward_grows_with_the_streak_up_to_the_cap(streak, coins, bonus):
    assert reward_for(streak) == (coins, bonus)


def test_the_figures_are_settings(settings):
    settings.DAILY_BASE_COINS, settings.DAILY_STREAK_COINS = 7, 2
    settings.DAILY_WEEKLY_COINS, settings.DAILY_MAX_COINS = 50, 60
    assert [reward_for(streak).coins for streak in (1, 6, 7, 8)] == [9, 19, 60, 23]


def test_a_claim_tells_what_was_paid_and_when_the_next_one_opens():
    with time_machine.travel(NOON, tick=False):
        paid = claim(ADA, member_name="ada")
    assert (paid.reward, paid.weekly_bonus, paid.streak, paid.balance) == (110, 0, 1, 110)
    assert paid.day == date(2026, 1, 8)
    assert paid.next_claim_at == datetime(2026, 1, 9, tzinfo=UTC)
    assert not paid.repeated


def test_a_claim_is_one_event_in_a_plain_sentence():
    origin = Origin(guild=Ref(300, "Harbour"), command="daily")

    def paid_on(day: int) -> DailyClaim:
        with time_machine.travel(NOON + timedelta(days=day), tick=False):
            return claim(ADA, member_name="ada", origin=origin, request_id=f"interaction {day}")

    paid = [paid_on(day) for day in range(7)][-1]
    messages = list(Event.objects.order_by("seq").values_list("message", flat=True))
    assert messages[0] == "ada claimed 110 coins, day 1"
    assert messages[6] == "ada claimed 270 coins, day 7, weekly bonus"
    event = Event.objects.latest("seq")
    assert (event.kind, event.level) == ("economy.daily_claimed", "success")
    assert (event.guild_name, event.actor_id, event.actor_name) == ("Harbour", ADA, "ada")
    assert (event.command, event.request_id) == ("daily", "interaction 6")
    assert event.data == {
        "transaction": str(paid.transaction_id),
        "member": str(ADA),
        "reward": "270",
        "weeklyBonus": "100",
        "streak": 7,
        "balance": str(paid.balance),
    }


def test_a_second_claim_on_the_day_is_refused_without_a_trace():
    with time_machine.travel(NOON, tick=False) as clock:
        claim(ADA)
        before = everything()
        clock.shift(timedelta(hours=11))
        with pytest.raises(AlreadyClaimed) as refusal:
            claim(ADA)
    assert refusal.value.next_claim_at == datetime(2026, 1, 9, tzinfo=UTC)
    assert (refusal.value.day, refusal.value.streak) == (date(2026, 1, 8), 1)
    assert everything() == before


def test_two_claims_around_midnight_utc_are_two_days_of_one_streak():
    with time_machine.travel(MIDNIGHT - JUST, tick=False) as clock:
        assert claim(ADA).streak == 1
        clock.shift(2 * JUST)
        assert claim(ADA).streak == 2
        with pytest.raises(AlreadyClaimed):
            claim(ADA)


def claim_around_midnight(streak: int, **late: Any) -> tuple[DailyClaim, DailyClaim]:
    """Claim for `streak` days; then just after a midnight, and late for the day before it."""
    with time_machine.travel(MIDNIGHT - timedelta(days=streak, hours=12), tick=False) as clock:
        for _ in range(streak):
            claim(ADA)
            clock.shift(timedelta(days=1))
        clock.move_to(MIDNIGHT + JUST)
        after = claim(ADA)
        clock.move_to(MIDNIGHT - JUST)
        return after, claim(ADA, **late)


def test_a_claim_of_just_before_midnight_that_is_overtaken_is_paid_and_loses_no_streak():
    after, before = claim_around_midnight(5)
    assert (after.day, after.streak, after.reward) == (MIDNIGHT.date(), 1, 110)
    assert (before.day, before.streak, before.reward) == (date(2026, 1, 8), 6, 160)
    assert before.balance == after.balance + 160
    for later, streak in ((1, 8), (2, 9)):
        with time_machine.travel(MIDNIGHT + timedelta(days=later), tick=False):
            assert claim(ADA).streak == streak


def test_an_overtaken_claim_says_when_the_next_one_opens_however_often_it_is_asked():
    _, before = claim_around_midnight(0, request_id="interaction")
    assert before.next_claim_at == MIDNIGHT + timedelta(days=1)
    with time_machine.travel(MIDNIGHT + timedelta(days=1), tick=False):
        claim(ADA)
        again = claim(ADA, request_id="interaction")
    assert again == before
    assert again.repeated


def test_each_day_around_midnight_is_paid_once():
    claim_around_midnight(2)
    state = everything()
    for at in (MIDNIGHT - JUST, MIDNIGHT + JUST):
        with time_machine.travel(at, tick=False), pytest.raises(AlreadyClaimed) as refusal:
            claim(ADA)
        assert refusal.value.next_claim_at == MIDNIGHT + timedelta(days=1)
    assert everything() == state


@pytest.mark.parametrize("back", [timedelta(minutes=2), timedelta(hours=13), timedelta(days=2)])
def test_a_day_that_was_missed_is_not_claimed_later_by_a_clock_that_was_put_back(back):
    with time_machine.travel(MIDNIGHT, tick=False) as clock:
        claim(ADA)
        clock.shift(-back)
        with pytest.raises(AlreadyClaimed):
            claim(ADA)


@pytest.mark.parametrize(
    "days",
    [
        (date(2028, 2, 28), date(2028, 2, 29), date(2028, 3, 1)),
        (date(2027, 2, 27), date(2027, 2, 28), date(2027, 3, 1)),
        (date(2026, 12, 30), date(2026, 12, 31), date(2027, 1, 1)),
    ],
)
def test_a_streak_crosses_leap_days_and_the_ends_of_months_and_years(days):
    streaks = []
    for day in days:
        with time_machine.travel(datetime.combine(day, NOON.timetz()), tick=False):
            streaks.append(claim(ADA).streak)
    assert streaks == [1, 2, 3]


def test_a_whole_day_missed_starts_the_streak_again():
    with time_machine.travel(NOON, tick=False) as clock:
        claim(ADA)
        clock.shift(timedelta(days=1))
        assert claim(ADA).streak == 2
        clock.shift(timedelta(days=2))
        assert claim(ADA).streak == 1


@pytest.mark.parametrize("back", [timedelta(seconds=1), timedelta(hours=13), timedelta(days=3)])
def test_a_clock_that_jumps_back_neither_pays_twice_nor_loses_the_streak(back):
    with time_machine.travel(NOON, tick=False) as clock:
        claim(ADA)
        clock.shift(timedelta(days=1))
        claim(ADA)
        clock.shift(-back)
        with pytest.raises(AlreadyClaimed) as refusal:
            claim(ADA)
        assert refusal.value.next_claim_at == datetime(2026, 1, 10, tzinfo=UTC)
        clock.move_to(NOON + timedelta(days=2))
        assert claim(ADA).streak == 3


def test_streaks_of_members_are_their_own():
    with time_machine.travel(NOON, tick=False) as clock:
        claim(ADA)
        clock.shift(timedelta(days=1))
        assert (claim(ADA).streak, claim(NOOR).streak) == (2, 1)


def test_a_frozen_member_claims_nothing():
    claim(NOOR)
    set_frozen(account_id=NOOR, frozen=True, author="maria", reason="alt farming")
    before = everything()
    with time_machine.travel(datetime.now(UTC) + timedelta(days=1)), pytest.raises(AccountFrozen):
        claim(NOOR)
    assert everything() == before


@pytest.mark.parametrize("member_id", [-1, 0, 1, 2, 100, 2**63, 2**80])
def test_an_id_that_is_no_members_is_refused_without_a_trace(member_id):
    before = everything()
    with pytest.raises(NotAMember):
        claim(member_id)
    assert everything() == before


def test_a_name_is_kept_clean_and_survives_a_request_that_does_not_know_it():
    with time_machine.travel(NOON, tick=False) as clock:
        claim(ADA, member_name="a\u202eda\x00 " + "x" * 200)
        clock.shift(timedelta(days=1))
        claim(ADA)
    name = Account.objects.get(id=ADA).name
    assert name.startswith("ada x")
    assert len(name) == 100
