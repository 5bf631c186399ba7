"""The live proof finds damage at once where it is fresh, and by turns wherever it is."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from dashboard.models import Event, Stream
from dashboard.services import begin_epoch
from economy.audit import live
from economy.audit.live import EVENTS, NEWEST, SLICE, LiveProof, Round
from economy.models import Account, Claim, Entry, Transaction
from economy.stats import section
from tests.economy.bank import ADA, NOOR, claim, correct, give, transfer
from tests.economy.damage import DAMAGES, without_guards

pytestmark = pytest.mark.django_db

ONLY_IN_THE_WHOLE = {
    "a handover changed",
    "a handover deleted",
    "a handover made up",
    "a large transfer changed",
    "a large transfer deleted",
    "a tally changed",
    "a transaction deleted",
    "an event made up",
    "the stream put back",
}


def open_accounts(count: int) -> None:
    """Open `count` accounts without coins, as an import would."""
    at = Account.objects.get(id=1).opened_at
    Account.objects.bulk_create(
        [Account(id=ADA + 1000 + number, opened_at=at) for number in range(count)]
    )


def rules(proof: live.Proof) -> set[str]:
    return {finding.rule for finding in proof.findings}


@pytest.mark.usefixtures("bank")
@pytest.mark.parametrize("damage", sorted(DAMAGES.keys() - ONLY_IN_THE_WHOLE))
def test_fresh_damage_to_entries_balances_claims_and_events_is_found_at_the_next_look(damage):
    proof = LiveProof()
    assert proof.look().word == "balanced"
    rule, statement = DAMAGES[damage]
    without_guards(statement)
    assert rule in rules(proof.look())
    assert proof.look().word == "not balanced"
    transaction.set_rollback(True)


def test_a_missing_guard_is_found():
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER economy_entry_no_update")
        else:
            cursor.execute("DROP TRIGGER economy_entry_never_changed ON economy_entry")
    assert rules(LiveProof().look()) == {"guard_missing"}


def test_a_walk_tells_how_far_it_is_and_ends_with_every_row_checked():
    claim(ADA)
    open_accounts(SLICE)
    proof = LiveProof()
    first = proof.look()
    assert (first.word, first.ended) == ("balanced so far", None)
    assert first.under_way == Round(accounts=SLICE, transactions=0)
    second = proof.look()
    assert second.word == "balanced"
    assert second.ended
    assert second.ended.checked == Round(accounts=SLICE + 3, transactions=1)
    third = proof.look()
    assert third.ended == second.ended
    assert third.under_way == Round(accounts=SLICE, transactions=0)


def test_a_wrong_balance_that_nobody_touched_for_long_is_found_by_turns_and_until_it_is_right():
    open_accounts(SLICE)
    proof = LiveProof()
    assert proof.look().findings == []
    last = Account.objects.latest("id")
    Account.objects.filter(id=last.id).update(balance=5)
    for _ in range(3):  # the walk leaves the account behind, the finding stays
        (found,) = proof.look().findings
        assert (found.rule, found.row) == ("balance_differs", str(last.id))
    Account.objects.filter(id=last.id).update(balance=0)
    assert proof.look().word == "balanced"


def test_old_transactions_are_checked_by_turns():
    give(NOOR, 10_000)
    first = Transaction.objects.latest("pk").pk
    for _ in range(NEWEST):
        transfer(NOOR, ADA, 1)
    open_accounts(SLICE)
    proof = LiveProof()
    assert proof.look().findings == []
    without_guards(lambda: Transaction.objects.filter(pk=first).update(parameters={}))
    assert rules(proof.look()) == {"entry_not_asked_for", "request_differs"}
    transaction.set_rollback(True)


def test_an_event_that_is_missing_stays_missing_after_many_more_transactions():
    give(NOOR, 10_000)
    proof = LiveProof()
    lost = Event.objects.filter(kind="economy.balance_corrected")
    kept = lost.get()
    lost.delete()
    assert rules(proof.look()) == {"event_differs"}
    for _ in range(NEWEST + 1):
        transfer(NOOR, ADA, 1)
    assert rules(proof.look()) == {"event_differs"}
    kept.save(force_insert=True)
    assert proof.look().word == "balanced"


def test_a_round_ends_although_transactions_go_on_coming():
    claim(ADA)
    open_accounts(SLICE - 4)
    proof = LiveProof()
    proof.look()
    for number in range(3):
        correct(ADA, number + 1)
        proof.look()
    assert proof.look().ended


def test_a_restored_database_is_walked_through_anew():
    claim(ADA)
    proof = LiveProof()
    assert proof.look().ended
    open_accounts(SLICE)
    begin_epoch(str(Stream.objects.get().epoch))
    assert proof.look().ended is None


def test_a_look_reads_as_many_rows_after_many_transactions_as_before():
    give(NOOR, 10_000)
    for _ in range(NEWEST):
        transfer(NOOR, ADA, 1)
    proof = LiveProof()
    with CaptureQueriesContext(connection) as few:
        proof.look()
    for _ in range(NEWEST):
        transfer(NOOR, ADA, 1)
    with CaptureQueriesContext(connection) as many:
        proof.look()
    assert len(many) == len(few)
    assert EVENTS > NEWEST


def test_the_section_says_what_was_checked_and_names_the_rows():
    claim(ADA)
    section()
    shown = section()["proof"]
    assert shown["word"] == "balanced"
    assert shown["lastRound"]["endedAt"].endswith("Z")
    assert (shown["lastRound"]["accounts"], shown["lastRound"]["transactions"]) == (3, 1)
    assert Entry.objects.count() == 2
    assert Claim.objects.count() == 1
