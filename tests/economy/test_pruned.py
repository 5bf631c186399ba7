"""Events that were pruned are not missed, wherever the pruning was stopped; others are."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from dashboard.events import Fact, record_events
from dashboard.models import Event, Stream
from dashboard.retention import BATCH_ROWS, prune_events
from dashboard_project.supervisor import die_with_parent
from economy.audit import reconcile
from economy.audit.live import LiveProof
from tests.economy.bank import ADA, NOOR, claim, transfer
from tests.environment import ROOT
from tests.web import database_url

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 8, 12, tzinfo=UTC)


def found() -> set[str]:
    """Return the rules that the whole reconciliation and the live proof find broken."""
    return {finding.rule for finding in (*reconcile().findings, *LiveProof().look().findings)}


@pytest.mark.usefixtures("bank")
def test_a_pruning_that_ends_before_any_event_leaves_a_sound_ledger():
    head = Stream.objects.get().head
    for before in range(1, head + 2):
        prune_events(before)
        assert Event.objects.count() == head + 1 - before
        assert found() == set(), before


def test_a_clock_that_was_put_back_before_the_first_event_that_is_kept_makes_no_difference():
    with time_machine.travel(NOON, tick=False) as clock:
        claim(ADA)
        clock.shift(timedelta(hours=-2))
        kept = claim(NOOR)
        prune_events(Event.objects.get(data__transaction=str(kept.transaction_id)).seq)
        assert found() == set()


def test_an_event_that_is_gone_from_what_is_kept_is_missed():
    with time_machine.travel(NOON, tick=False) as clock:
        claim(ADA)
        claim(NOOR)
        clock.shift(timedelta(minutes=2))
        transfer(ADA, NOOR, 1)
    prune_events(2)
    Event.objects.filter(kind="economy.transferred").update(kind="test.happened")
    assert found() == {"event_differs"}


def test_the_oldest_events_are_missed_unless_they_were_pruned():
    claim(ADA)
    claim(NOOR)
    record_events([Fact("test.happened", "x")] * 5)
    prune_events(3)
    Event.objects.filter(seq__in=[3, 4]).delete()
    assert [finding[1:] for finding in reconcile().findings] == [
        ("dashboard_event", "3", "no event 3 to 4"),
    ]
    Event.objects.all().delete()
    assert ("dashboard_event", "3", "no event 3 to 7") in [
        finding[1:] for finding in reconcile().findings
    ]


def test_an_event_between_others_that_is_gone_is_named():
    claim(ADA)
    claim(NOOR)
    record_events([Fact("test.happened", "x")] * 5)
    prune_events(2)
    Event.objects.filter(seq__in=[4, 5, 7]).delete()
    assert [finding[1:] for finding in reconcile().findings] == [
        ("dashboard_event", "4", "no event 4 to 5"),
        ("dashboard_event", "7", "no event 7"),
    ]


PRUNING = """
import django
django.setup()
from dashboard.retention import prune_events

def report(deleted):
    print(deleted, flush=True)
    input()

prune_events(10**6, report)
"""


@pytest.mark.django_db(transaction=True)
def test_a_pruning_that_is_killed_leaves_a_sound_ledger():
    claim(ADA)
    record_events([Fact("test.happened", "x")] * (BATCH_ROWS - 2))
    claim(NOOR)
    transfer(ADA, NOOR, 1)
    record_events([Fact("test.happened", "x")] * 10)
    with subprocess.Popen(
        [sys.executable, "-c", PRUNING],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": database_url(),
            "DJANGO_SETTINGS_MODULE": "dashboard_project.settings",
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,
    ) as pruning:
        assert pruning.stdout
        assert pruning.stdout.readline() == f"{BATCH_ROWS}\n"
        pruning.kill()
    assert Event.objects.count() == 11
    assert found() == set()
