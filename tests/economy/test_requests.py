"""A request takes effect once, however often it comes."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from dashboard.models import Event
from economy.errors import InsufficientFunds, RequestMismatch
from economy.services import set_frozen
from tests.economy.bank import (
    ADA,
    NOOR,
    PELLE,
    at_once,
    claim,
    correct,
    everything,
    give,
    new_request,
    transfer,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sound_ledger")]

DEEDS: dict[str, Callable[..., Any]] = {
    "claim": lambda **more: claim(ADA, **more),
    "transfer": lambda **more: transfer(NOOR, PELLE, 40, **more),
    "correction": lambda **more: correct(NOOR, -40, **more),
}
MISMATCHES: dict[str, Callable[..., Any]] = {
    "another member": lambda **more: claim(PELLE, **more),
    "another sender": lambda **more: transfer(PELLE, NOOR, 40, **more),
    "another receiver": lambda **more: transfer(NOOR, ADA, 40, **more),
    "another amount": lambda **more: transfer(NOOR, PELLE, 41, **more),
    "an impossible amount": lambda **more: transfer(NOOR, PELLE, -1, **more),
    "another correction": lambda **more: correct(NOOR, 40, **more),
    "another reason": lambda **more: correct(NOOR, -40, reason="other", **more),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_a_repeated_request_gets_the_same_reply_and_writes_nothing(deed):
    give(NOOR, 100)
    request_id = new_request()
    first = DEEDS[deed](request_id=request_id)
    transfer(NOOR, PELLE, 20)
    before = everything()
    for _ in range(9):
        again = DEEDS[deed](request_id=request_id)
        assert again == first
        assert again.repeated
    assert everything() == before


def test_a_repeated_claim_gets_the_same_reply_after_the_figures_changed(settings):
    first = claim(ADA, request_id="interaction")
    settings.DAILY_BASE_COINS = 1
    set_frozen(account_id=ADA, frozen=True, author="maria", reason="alts")
    assert claim(ADA, request_id="interaction", member_name="new name") == first


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("other", MISMATCHES)
def test_the_same_request_for_something_else_is_refused_and_reported(deed, other):
    give(NOOR, 200)
    give(PELLE, 200)
    DEEDS[deed](request_id="interaction")
    before = everything()
    with pytest.raises(RequestMismatch) as refusal:
        MISMATCHES[other](request_id="interaction")
    assert refusal.value.request_id == "interaction"
    event = Event.objects.latest("seq")
    assert (event.kind, event.level) == ("economy.request_mismatched", "error")
    assert event.request_id == event.data["request"] == "interaction"
    assert event.data["parameters"] != event.data["firstParameters"]
    after = everything()
    assert after[:-1] == before[:-1]
    assert len(after[-1]) == len(before[-1]) + 1


def test_a_refused_request_may_succeed_when_it_comes_again():
    give(NOOR, 10)
    with pytest.raises(InsufficientFunds):
        transfer(NOOR, PELLE, 40, request_id="interaction")
    give(NOOR, 30)
    assert not transfer(NOOR, PELLE, 40, request_id="interaction").repeated


@pytest.mark.parametrize("request_id", ["", "x" * 65])
def test_a_request_id_that_cannot_be_kept_is_a_mistake_of_the_caller(request_id):
    with pytest.raises(ValueError, match="request id"):
        claim(ADA, request_id=request_id)


def test_a_refusal_leaves_the_transaction_of_the_caller_usable():
    with transaction.atomic():
        with pytest.raises(InsufficientFunds):
            transfer(NOOR, PELLE, 40)
        claim(ADA)


@pytest.mark.django_db(transaction=True)
def test_one_request_delivered_ten_times_at_once_takes_effect_once():
    give(NOOR, 100)
    replies = at_once([lambda: transfer(NOOR, PELLE, 40, request_id="interaction")] * 10)
    assert all(reply == replies[0] for reply in replies)
    assert sorted(reply.repeated for reply in replies) == [False] + [True] * 9
    assert Event.objects.filter(kind="economy.transferred").count() == 1
