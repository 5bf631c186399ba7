"""A machine that does anything to the bank, beside a model that fits in a dictionary."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from economy.audit import reconcile
from economy.audit.live import LiveProof
from economy.errors import EconomyError, RequestMismatch
from economy.models import BALANCE_MAX
from economy.queries import (
    balance,
    leaderboard,
    members_with_account,
    supply,
    tallies,
)
from economy.rewards import reward_for
from economy.services import set_frozen
from tests.economy.bank import ADA, claim, correct, everything, transfer

MEMBERS = st.sampled_from([ADA, ADA + 1, ADA + 2])
AMOUNTS = st.one_of(
    st.integers(-3, 400), st.sampled_from([2**53 - 1, 2**63 - 1, 2**63, -(2**63), 2**62])
)


class Bank(RuleBasedStateMachine):
    """Every deed is also done to `self.balances`; whatever it refuses, the bank must refuse."""

    requests = Bundle("requests")

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.live_proof = LiveProof()
        self.now = datetime(2027, 12, 30, 12, tzinfo=UTC)
        self.balances: dict[int, int] = {}
        self.claims: dict[int, tuple[date, int]] = {}
        self.frozen: set[int] = set()
        self.minted = self.burned = self.done = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def _do(self, deed: Callable[..., Any], expected: bool) -> Any:
        """Do a deed; it must succeed just when `expected`. Return it as a request, or nothing."""
        self.done += 1
        request_id = f"request {self.done}"
        before = everything()
        with time_machine.travel(self.now, tick=False):
            if expected:
                return (request_id, deed, deed(request_id=request_id))
            with pytest.raises(EconomyError):
                deed(request_id=request_id)
        assert everything() == before
        return multiple()

    @rule(target=requests, member=MEMBERS)
    def claim(self, member: int) -> Any:
        today = self.now.date()
        day, streak = self.claims.get(member, (date.min, 0))
        streak = streak + 1 if day == today - timedelta(days=1) else 1
        reward = reward_for(streak).coins
        allowed = (
            day < today
            and member not in self.frozen
            and self.balances.get(member, 0) + reward <= BALANCE_MAX
            and self.minted + reward <= BALANCE_MAX
        )
        request = self._do(lambda **more: claim(member, **more), allowed)
        if allowed:
            self.claims[member] = (today, streak)
            self.balances[member] = self.balances.get(member, 0) + reward
            self.minted += reward
            assert (request[2].reward, request[2].streak) == (reward, streak)
        return request

    @rule(target=requests, sender=MEMBERS, receiver=MEMBERS, amount=AMOUNTS)
    def transfer(self, sender: int, receiver: int, amount: int) -> Any:
        allowed = (
            sender != receiver
            and not self.frozen & {sender, receiver}
            and 1 <= amount <= self.balances.get(sender, 0)
            and self.balances.get(receiver, 0) + amount <= BALANCE_MAX
        )
        request = self._do(lambda **more: transfer(sender, receiver, amount, **more), allowed)
        if allowed:
            self.balances[sender] -= amount
            self.balances[receiver] = self.balances.get(receiver, 0) + amount
        return request

    @rule(target=requests, member=MEMBERS, amount=AMOUNTS)
    def correct(self, member: int, amount: int) -> Any:
        allowed = (
            member in self.balances
            and amount != 0
            and 0 <= self.balances[member] + amount <= BALANCE_MAX
            and self.minted + amount <= BALANCE_MAX
            and self.burned - amount <= BALANCE_MAX
        )
        request = self._do(lambda **more: correct(member, amount, **more), allowed)
        if allowed:
            self.balances[member] += amount
            self.minted += max(amount, 0)
            self.burned += max(-amount, 0)
        return request

    @rule(request=requests)
    def repeat(self, request: Any) -> None:
        request_id, deed, reply = request
        before = everything()
        again = deed(request_id=request_id)
        assert again == reply
        assert again.repeated
        assert everything() == before

    @rule(request=requests, other=requests)
    def mismatch(self, request: Any, other: Any) -> None:
        first, second = request[2], other[2]
        if type(first) is not type(second):
            with pytest.raises(RequestMismatch):
                other[1](request_id=request[0])

    @rule(member=MEMBERS, frozen=st.booleans())
    def freeze(self, member: int, frozen: bool) -> None:
        if member in self.balances:
            changed = set_frozen(account_id=member, frozen=frozen, author="maria", reason="test")
            assert changed is (frozen != (member in self.frozen))
            (self.frozen.add if frozen else self.frozen.discard)(member)

    @rule(hours=st.sampled_from([-30, -1, 1, 12, 24, 24, 24, 60]))
    def turn_the_clock(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @invariant()
    def the_ledger_is_sound(self) -> None:
        assert reconcile().findings == []
        assert self.live_proof.look().word == "balanced"

    @invariant()
    def every_figure_is_the_models(self) -> None:
        assert {member: balance(member) for member in self.balances} == self.balances
        assert supply() == (sum(self.balances.values()), self.minted, self.burned)
        assert members_with_account() == len(self.balances)
        with time_machine.travel(self.now, tick=False):
            assert len(tallies(14)) == 14

    @invariant()
    def the_leaderboard_is_in_order_and_pages_whole(self) -> None:
        standings = leaderboard(10)
        expected = sorted((-coins, id) for id, coins in self.balances.items() if coins)
        assert [(-line.balance, line.member_id) for line in standings] == expected
        paged: list[Any] = []
        while page := leaderboard(1, paged[-1] if paged else None):
            paged += page
        assert paged == standings


@pytest.mark.django_db
def test_no_sequence_of_deeds_parts_the_bank_from_its_model():
    run_state_machine_as_test(
        Bank,
        settings=settings(
            max_examples=20,
            stateful_step_count=20,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
