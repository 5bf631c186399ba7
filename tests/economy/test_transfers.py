"""`transfer`, `correct_balance` and `set_frozen`: what they move and what they refuse."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from dashboard.models import Event
from economy.errors import (
    AccountFrozen,
    AmountTooSmall,
    BalanceOverflow,
    BotReceiver,
    EconomyError,
    InsufficientFunds,
    NotAMember,
    ReasonMissing,
    RequestMismatch,
    SelfTransfer,
    UnknownAccount,
)
from economy.models import BALANCE_MAX, Account, DayTally
from economy.queries import balance, supply
from economy.services import set_frozen
from tests.economy.bank import ADA, NOOR, PELLE, claim, correct, everything, give, transfer

HUGE = 10**5000
"""More digits than Python turns into text."""

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sound_ledger")]


def test_a_transfer_moves_coins_and_tells_both_balances():
    give(NOOR, 100)
    moved = transfer(NOOR, PELLE, 40)
    assert (moved.sender_balance, moved.receiver_balance) == (60, 40)
    assert (balance(NOOR), balance(PELLE)) == (60, 40)
    assert supply().total == 100


def test_a_transfer_is_one_event_in_a_plain_sentence():
    give(NOOR, 2000)
    moved = transfer(NOOR, PELLE, 1, sender_name="noor", receiver_name="pelle")
    event = Event.objects.latest("seq")
    assert (event.kind, event.level) == ("economy.transferred", "success")
    assert (event.message, event.actor_id) == ("noor sent 1 coin to pelle", NOOR)
    assert event.data == {
        "transaction": str(moved.transaction_id),
        "sender": str(NOOR),
        "senderName": "noor",
        "receiver": str(PELLE),
        "receiverName": "pelle",
        "amount": "1",
    }
    transfer(NOOR, PELLE, 1500)
    assert Event.objects.latest("seq").message == "noor sent 1,500 coins to pelle"


@pytest.mark.parametrize("amount", [0, -1, -(2**63), -(2**80)])
def test_a_transfer_of_nothing_or_less_is_refused_without_a_trace(amount):
    give(NOOR, 100)
    before = everything()
    with pytest.raises(AmountTooSmall):
        transfer(NOOR, PELLE, amount)
    assert everything() == before


@pytest.mark.parametrize("amount", [101, 2**53 - 1, 2**53, 2**63 - 1, 2**63, 2**64, 2**80])
def test_an_overdraft_is_refused_without_a_trace(amount):
    give(NOOR, 100)
    before = everything()
    with pytest.raises(InsufficientFunds) as refusal:
        transfer(NOOR, PELLE, amount)
    assert (refusal.value.balance, refusal.value.needed) == (100, min(amount, 2**64))
    assert "InsufficientFunds" in str(refusal.value)
    assert everything() == before


def test_the_least_amount_is_a_setting(settings):
    settings.TRANSFER_MIN_COINS = 5
    give(NOOR, 100)
    with pytest.raises(AmountTooSmall) as refusal:
        transfer(NOOR, PELLE, 4)
    assert refusal.value.minimum == 5
    assert transfer(NOOR, PELLE, 5).receiver_balance == 5


def test_a_transfer_to_oneself_is_refused_without_a_trace():
    give(NOOR, 100)
    before = everything()
    with pytest.raises(SelfTransfer):
        transfer(NOOR, NOOR, 1)
    assert everything() == before


def test_a_transfer_to_a_bot_is_refused_without_a_trace():
    give(NOOR, 100)
    before = everything()
    with pytest.raises(BotReceiver):
        transfer(NOOR, PELLE, 1, receiver_is_bot=True)
    assert everything() == before


@pytest.mark.parametrize("system_id", [1, 2, 100])
def test_members_neither_pay_nor_rob_a_system_account(system_id):
    give(NOOR, 100)
    before = everything()
    with pytest.raises(NotAMember):
        transfer(NOOR, system_id, 1)
    with pytest.raises(NotAMember):
        transfer(system_id, NOOR, 1)
    assert everything() == before


def test_the_whole_balance_can_be_sent_and_not_a_coin_more():
    give(NOOR, 100)
    assert transfer(NOOR, PELLE, 100).sender_balance == 0
    with pytest.raises(InsufficientFunds):
        transfer(NOOR, PELLE, 1)


def test_a_receiver_cannot_pass_the_largest_balance():
    give(PELLE, BALANCE_MAX - 1000)
    give(NOOR, 1000)
    before = everything()
    with pytest.raises(BalanceOverflow):
        correct(PELLE, 1000)  # nor can the mint give out more than that
    assert everything() == before
    transfer(PELLE, NOOR, BALANCE_MAX - 2000)
    transfer(NOOR, PELLE, BALANCE_MAX - 1000)
    assert balance(PELLE) == BALANCE_MAX
    assert DayTally.objects.get().moved == BALANCE_MAX


def test_nothing_is_minted_beyond_what_the_mint_can_count():
    give(PELLE, BALANCE_MAX - 50)  # the mint is at 50 from its end now
    before = everything()
    for deed in (lambda: claim(ADA), lambda: correct(PELLE, 51)):
        with pytest.raises(BalanceOverflow):
            deed()
    correct(PELLE, -1000)  # room in the account, none in the mint
    assert balance(PELLE) == BALANCE_MAX - 1050
    with pytest.raises(BalanceOverflow) as refusal:
        correct(PELLE, 51)
    assert (refusal.value.account_id, refusal.value.maximum) == (1, BALANCE_MAX)
    assert everything()[3] == before[3]
    assert correct(PELLE, 50).balance == BALANCE_MAX - 1000


def test_all_that_was_ever_minted_can_be_burned():
    give(PELLE, BALANCE_MAX)
    assert correct(PELLE, -BALANCE_MAX).balance == 0
    assert supply() == (0, BALANCE_MAX, BALANCE_MAX)
    with pytest.raises(BalanceOverflow):
        correct(PELLE, 1)


def test_a_claim_that_an_account_has_no_room_for_is_refused_without_a_trace():
    with time_machine.travel(datetime(2026, 1, 8, 12, tzinfo=UTC), tick=False) as clock:
        give(PELLE, BALANCE_MAX - 5)
        clock.shift(timedelta(days=1))
        before = everything()
        with pytest.raises(BalanceOverflow):
            claim(PELLE)
        assert everything() == before


@pytest.mark.parametrize("frozen", [NOOR, PELLE])
def test_a_frozen_account_neither_sends_nor_receives(frozen):
    give(NOOR, 100)
    give(PELLE, 100)
    assert set_frozen(account_id=frozen, frozen=True, author="maria", reason="suspicious")
    before = everything()
    with pytest.raises(AccountFrozen) as refusal:
        transfer(NOOR, PELLE, 10)
    assert refusal.value.account_id == frozen
    assert everything() == before
    assert set_frozen(account_id=frozen, frozen=False, author="maria", reason="cleared")
    transfer(NOOR, PELLE, 10)


def test_a_number_with_more_digits_than_python_writes_is_refused_like_any_other():
    give(NOOR, 100)
    before = everything()
    deeds: list[tuple[type[EconomyError], Callable[[], object]]] = [
        (InsufficientFunds, lambda: transfer(NOOR, PELLE, HUGE)),
        (AmountTooSmall, lambda: transfer(NOOR, PELLE, -HUGE)),
        (NotAMember, lambda: transfer(NOOR, HUGE, 1)),
        (NotAMember, lambda: transfer(-HUGE, NOOR, 1)),
        (BalanceOverflow, lambda: correct(NOOR, HUGE)),
        (InsufficientFunds, lambda: correct(NOOR, -HUGE)),
        (NotAMember, lambda: correct(HUGE, 1)),
        (NotAMember, lambda: claim(HUGE)),
        (NotAMember, lambda: set_frozen(account_id=HUGE, frozen=True, author="m", reason="r")),
    ]
    for expected, deed in deeds:
        with pytest.raises(expected) as refusal:
            deed()
        assert expected.__name__ in str(refusal.value)  # it can be said
    assert balance(HUGE) == 0
    assert everything() == before


def test_a_repeated_request_for_a_number_that_python_does_not_write_is_a_mismatch():
    give(NOOR, 100)
    transfer(NOOR, PELLE, 1, request_id="interaction")
    with pytest.raises(RequestMismatch):
        transfer(NOOR, PELLE, HUGE, request_id="interaction")


def test_freezing_is_recorded_once_with_author_and_reason():
    claim(ADA, member_name="ada")
    assert set_frozen(account_id=ADA, frozen=True, author="maria", reason="alts")
    assert not set_frozen(account_id=ADA, frozen=True, author="maria", reason="alts")
    event = Event.objects.get(kind="economy.account_frozen")
    assert (event.message, event.level) == ("maria froze ada: alts", "warn")


@pytest.mark.parametrize(
    ("amount", "message"),
    [(50, "maria gave 50 coins to ada: lost bet"), (-1, "maria took 1 coin from ada: lost bet")],
)
def test_a_correction_goes_through_the_ledger_and_the_feed(amount, message):
    claim(ADA, member_name="ada")
    done = correct(ADA, amount, reason="lost bet")
    assert done.balance == balance(ADA) == 110 + amount
    assert supply().total == 110 + amount
    event = Event.objects.latest("seq")
    assert (event.kind, event.level, event.message) == (
        "economy.balance_corrected",
        "warn",
        message,
    )
    assert (event.data["author"], event.data["amount"]) == ("maria", str(amount))
    assert event.actor_id is None


@pytest.mark.parametrize(
    ("account_id", "amount", "more", "refusal"),
    [
        (ADA, 0, {}, AmountTooSmall),
        (ADA, -111, {}, InsufficientFunds),
        (ADA, -(2**80), {}, InsufficientFunds),
        (ADA, 2**63, {}, BalanceOverflow),
        (ADA, 5, {"reason": " \x00"}, ReasonMissing),
        (ADA, 5, {"author": ""}, ReasonMissing),
        (NOOR, 5, {}, UnknownAccount),
        (1, 5, {}, NotAMember),
    ],
)
def test_an_impossible_correction_is_refused_without_a_trace(account_id, amount, more, refusal):
    claim(ADA)
    before = everything()
    with pytest.raises(refusal):
        correct(account_id, amount, **more)
    assert everything() == before


def test_a_frozen_account_may_be_corrected():
    claim(ADA)
    set_frozen(account_id=ADA, frozen=True, author="maria", reason="alts")
    assert correct(ADA, -110).balance == 0
    assert Account.objects.get(id=ADA).frozen
