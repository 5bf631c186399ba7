"""Many at once, on real connections: exactly one wins, and nobody meets a deadlock."""

import os
import random
import sqlite3
import subprocess
import sys
from functools import partial

import pytest
from django.db import OperationalError, connection

from dashboard_project.supervisor import die_with_parent
from economy.errors import AlreadyClaimed, InsufficientFunds
from economy.models import Claim
from economy.queries import balance, supply
from economy.requests import ATTEMPTS_MAX, atomically
from economy.services import DailyClaim, Transfer
from tests.economy.bank import ADA, NOOR, PELLE, at_once, claim, give, transfer
from tests.environment import ROOT
from tests.web import database_url

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sound_ledger")]


def test_of_fifty_claims_at_once_one_is_paid_and_forty_nine_are_refused():
    results = at_once([lambda: claim(ADA)] * 50)
    assert sorted(type(result).__name__ for result in results) == (
        [AlreadyClaimed.__name__] * 49 + [DailyClaim.__name__]
    )
    assert balance(ADA) == 110
    assert Claim.objects.count() == 1


CROWD = """
import django
django.setup()
from tests.economy.bank import ADA, at_once, claim
print("ready", flush=True)
input()
print(*(type(result).__name__ for result in at_once([lambda: claim(ADA)] * 25)))
"""


def test_of_fifty_claims_through_two_processes_one_is_paid():
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "dashboard_project.settings",
    }
    crowds = [
        subprocess.Popen(
            [sys.executable, "-c", CROWD],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,
        )
        for _ in range(2)
    ]
    for crowd in crowds:
        assert crowd.stdout
        assert crowd.stdout.readline() == "ready\n"
    for crowd in crowds:
        assert crowd.stdin
        crowd.stdin.write("go\n")
        crowd.stdin.flush()
    results = [name for crowd in crowds for name in crowd.communicate(timeout=120)[0].split()]
    assert sorted(results) == [AlreadyClaimed.__name__] * 49 + [DailyClaim.__name__]
    assert balance(ADA) == 110
    assert Claim.objects.count() == 1


def test_of_fifty_transfers_of_a_whole_balance_exactly_one_succeeds():
    give(NOOR, 1000)
    results = at_once([lambda: transfer(NOOR, PELLE, 1000)] * 50)
    assert sum(isinstance(result, Transfer) for result in results) == 1
    assert sum(isinstance(result, InsufficientFunds) for result in results) == 49
    assert (balance(NOOR), balance(PELLE)) == (0, 1000)


def test_opposite_transfers_meet_no_deadlock():
    give(NOOR, 1000)
    give(PELLE, 1000)
    results = at_once(
        [lambda: transfer(NOOR, PELLE, 10)] * 20 + [lambda: transfer(PELLE, NOOR, 10)] * 20
    )
    assert all(isinstance(result, Transfer) for result in results), results
    assert (balance(NOOR), balance(PELLE)) == (1000, 1000)


def test_a_ring_of_transfers_to_old_and_new_members_meets_no_deadlock():
    ring = [ADA + step for step in range(8)]
    for member_id in ring[::2]:
        give(member_id, 1000)

    def around(step: int) -> object:
        # Claims open accounts while transfers lock them, in every order.
        return (
            claim(ring[step])
            if step % 2
            else [
                transfer(ring[step], ring[(step + 1) % 8], 7),
                transfer(ring[step], ring[step - 1], 7),
            ]
        )

    results = at_once([partial(around, step) for step in range(8)])
    assert not [result for result in results if isinstance(result, Exception)], results
    assert supply().total == sum(balance(member_id) for member_id in ring)


def test_random_traffic_keeps_the_supply_where_the_claims_put_it():
    members = [ADA + step for step in range(6)]
    for member_id in members:
        claim(member_id)
    seed = random.randrange(2**32)
    print("seed", seed)

    def traffic(number: int) -> None:
        choices = random.Random(seed + number)
        for _ in range(15):
            sender, receiver = choices.sample(members, 2)
            try:
                transfer(sender, receiver, choices.randint(1, 80))
            except InsufficientFunds:
                continue

    assert at_once([partial(traffic, number) for number in range(8)]) == [None] * 8
    assert supply().total == 6 * 110


def _lost(code: int, sqlstate: str) -> OperationalError:
    """Make the error with which this database tells that a transaction lost."""
    if connection.vendor == "sqlite":
        cause: Exception = sqlite3.OperationalError("database is locked")
        cause.sqlite_errorcode = code  # type: ignore[attr-defined]
    else:
        cause = RuntimeError("deadlock detected")
        cause.sqlstate = sqlstate  # type: ignore[attr-defined]
    error = OperationalError("lost")
    error.__cause__ = cause
    return error


def test_work_that_lost_a_race_is_done_again():
    attempts = []

    def work() -> str:
        attempts.append(1)
        if len(attempts) < 3:
            raise _lost(sqlite3.SQLITE_BUSY, "40P01")
        return "done"

    assert atomically(work) == "done"
    assert len(attempts) == 3


@pytest.mark.parametrize(
    ("code", "sqlstate", "expected"),
    [(sqlite3.SQLITE_LOCKED, "40001", ATTEMPTS_MAX), (sqlite3.SQLITE_FULL, "53100", 1)],
)
def test_attempts_are_bounded_and_only_for_lost_races(code, sqlstate, expected):
    attempts = []

    def work() -> None:
        attempts.append(1)
        raise _lost(code, sqlstate)

    with pytest.raises(OperationalError):
        atomically(work)
    assert len(attempts) == expected
