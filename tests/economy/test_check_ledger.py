"""`manage.py check_ledger` finds whatever was done past the services, and names the row."""

import io
import json
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from dashboard.events import record_event
from dashboard.models import Event
from economy.audit import reconcile
from economy.models import Account, Claim, DayTally, Entry, Transaction
from economy.queries import recent_findings
from economy.services import DailyClaim
from tests.economy.bank import ADA, NOOR, at_once, claim, correct, transfer

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank() -> None:
    claim(ADA)
    claim(NOOR)
    transfer(ADA, NOOR, 10)
    correct(NOOR, -20)


def _without_guards(statement: Callable[[], object]) -> None:
    """Do something that the database forbids, as who owns it can."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            tables = ("economy_entry", "economy_transaction", "economy_claim")
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            statement()
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            return
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'economy%%'",
            [],
        )
        guards = cursor.fetchall()
        for name, _ in guards:
            cursor.execute(f"DROP TRIGGER {name}")
        statement()
        for _, sql in guards:
            cursor.execute(sql)


def _check(**options: bool) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("check_ledger", stdout=out, **options)
    except CommandError as error:
        return error.returncode, out.getvalue()
    return 0, out.getvalue()


@pytest.mark.usefixtures("bank")
def test_a_sound_ledger_is_said_to_be_sound():
    assert _check() == (
        0,
        "the ledger is sound: 4 accounts, 4 transactions, 8 entries, 2 claims, 200 coins\n",
    )


def test_an_empty_ledger_is_sound():
    assert _check()[0] == 0


@pytest.mark.usefixtures("bank")
def test_json_is_one_object_with_the_verdict_and_every_finding():
    Account.objects.filter(id=ADA).update(balance=F("balance") + 1)
    code, out = _check(json=True)
    report = json.loads(out)
    assert code == 1
    assert (report["sound"], report["supply"], report["checked"]["entries"]) == (False, "200", 8)
    assert report["findings"] == [
        {
            "rule": "balance_differs",
            "table": "economy_account",
            "row": str(ADA),
            "detail": "it keeps 101, its entries leave 100",
        }
    ]


def _last(model: type[Entry] | type[Transaction] | type[Claim]) -> int:
    return int(model.objects.latest("pk").pk)


DAMAGES: dict[str, tuple[str, Callable[[], object]]] = {
    "an entry changed": (
        "entry_breaks_chain",
        lambda: Entry.objects.filter(account_id=ADA, amount__lt=0).update(amount=-9),
    ),
    "an amount changed": (
        "entries_unbalanced",
        lambda: Entry.objects.filter(account_id=ADA, amount__lt=0).update(amount=-9),
    ),
    "an entry deleted": (
        "entries_unbalanced",
        lambda: Entry.objects.filter(pk=_last(Entry))._raw_delete("default"),
    ),
    "the entries of a transaction deleted": (
        "entries_unbalanced",
        lambda: Entry.objects.filter(transaction=_last(Transaction))._raw_delete("default"),
    ),
    "a balance changed": (
        "balance_differs",
        lambda: Account.objects.filter(id=NOOR).update(balance=1_000_000),
    ),
    "the mint changed": (
        "balance_differs",
        lambda: Account.objects.filter(id=1).update(balance=-1),
    ),
    "a claim deleted": (
        "claim_missing",
        lambda: Claim.objects.filter(pk=_last(Claim))._raw_delete("default"),
    ),
    "a reward changed": ("claim_not_paid", lambda: Claim.objects.update(reward=111)),
    "a streak changed": ("streak_wrong", lambda: Claim.objects.update(streak=5)),
    "a claim moved to another day": (
        "claim_of_another_day",
        lambda: Claim.objects.filter(pk=_last(Claim)).update(day=date(2020, 1, 1)),
    ),
    "a transfer said to be of somebody else": (
        "entry_not_asked_for",
        lambda: Transaction.objects.filter(kind="transfer").update(
            parameters={"sender": str(NOOR), "receiver": str(ADA), "amount": "10"}
        ),
    ),
    "a correction said to be of more": (
        "entry_not_asked_for",
        lambda: Transaction.objects.filter(kind="correction").update(
            parameters={"account": str(NOOR), "amount": "-21"}
        ),
    ),
    "a tally changed": ("tally_differs", lambda: DayTally.objects.update(minted=F("minted") + 1)),
    "an event deleted": (
        "event_differs",
        lambda: Event.objects.filter(kind="economy.transferred").delete(),
    ),
    "an event changed": (
        "event_differs",
        lambda: Event.objects.filter(kind="economy.transferred").update(
            data={"transaction": str(Transaction.objects.get(kind="transfer").pk), "amount": "9"}
        ),
    ),
    "an event made up": (
        "event_untrue",
        lambda: record_event(
            kind="economy.transferred", message="x", data={"transaction": "999", "amount": "5"}
        ),
    ),
}


@pytest.mark.usefixtures("bank")
@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_done_past_the_services_is_found(damage):
    rule, statement = DAMAGES[damage]
    _without_guards(statement)
    code, out = _check()
    assert code == 1
    assert f"{rule}: " in out
    transaction.set_rollback(True)


@pytest.mark.usefixtures("bank")
@pytest.mark.parametrize("damage", ["an entry deleted", "a balance changed", "the mint changed"])
def test_fresh_damage_shows_in_the_live_proof_too(damage):
    assert recent_findings() == []
    _without_guards(DAMAGES[damage][1])
    assert recent_findings() != []
    transaction.set_rollback(True)


@pytest.mark.usefixtures("bank")
@pytest.mark.parametrize("name", ["opened", "minted", "burned", "moved", "transactions"])
def test_a_wrong_tally_is_named_by_its_day_even_where_the_days_make_up_for_each_other(name):
    today = DayTally.objects.get()
    before = getattr(today, name)
    DayTally.objects.update(**{name: F(name) - 1})
    DayTally.objects.create(day=today.day - timedelta(days=1), **{name: 1})
    assert [finding[1:] for finding in reconcile().findings] == [
        ("economy_daytally", str(today.day - timedelta(days=1)), f"{name}: it keeps 1, not 0"),
        ("economy_daytally", str(today.day), f"{name}: it keeps {before - 1}, not {before}"),
    ]


@pytest.mark.usefixtures("bank")
def test_coins_minted_under_the_name_of_a_transfer_are_found():
    parameters = {"sender": str(NOOR), "receiver": str(ADA), "amount": "1000"}
    forged = Transaction.objects.create(
        kind="transfer", request_id="forged", parameters=parameters, created_at=timezone.now()
    )
    ids = []
    for account_id, amount in ((1, -1000), (ADA, 1000)):
        Account.objects.filter(id=account_id).update(balance=F("balance") + amount)
        entry = Entry.objects.create(
            transaction=forged,
            account_id=account_id,
            amount=amount,
            balance_after=Account.objects.get(id=account_id).balance,
        )
        ids.append(entry.pk)
    found = [finding for finding in reconcile().findings if finding.rule == "entry_not_asked_for"]
    assert [(finding.table, finding.row) for finding in found] == [("economy_entry", str(ids[0]))]


@pytest.mark.usefixtures("bank")
def test_every_offending_row_is_named():
    Account.objects.filter(system="").update(balance=7)
    _, out = _check()
    assert f"economy_account {ADA}:" in out
    assert f"economy_account {NOOR}:" in out


def test_a_missing_guard_is_found():
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER economy_entry_no_update")
        else:
            cursor.execute("DROP TRIGGER economy_entry_never_changed ON economy_entry")
    assert [finding.rule for finding in reconcile().findings] == ["guard_missing"]


@pytest.mark.usefixtures("bank")
def test_pruned_events_are_not_missed():
    oldest = Event.objects.latest("seq")
    Event.objects.exclude(seq=oldest.seq).delete()
    assert _check()[0] == 0
    Event.objects.update(timestamp=F("timestamp") - timedelta(hours=1))
    assert _check()[0] == 1


@pytest.mark.django_db(transaction=True)
def test_the_check_keeps_nobody_from_writing_and_sees_one_moment():
    claim(ADA)
    results: list[DailyClaim] = []

    def write_meanwhile(execute, sql, params, many, context):
        if not results and "GROUP BY t.id" in sql:
            results.extend(at_once([lambda: claim(NOOR)]))  # in a thread of its own
        return execute(sql, params, many, context)

    with connection.execute_wrapper(write_meanwhile):
        report = reconcile()
    assert report.findings == []
    assert results[0].balance == 110
    assert reconcile().checked["claims"] == report.checked["claims"] + 1


@pytest.mark.django_db(transaction=True)
def test_a_ledger_that_cannot_be_read_is_one_line_and_another_status():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE economy_daytally RENAME TO economy_elsewhere")
    try:
        with pytest.raises(CommandError, match="cannot be read") as failure:
            call_command("check_ledger")
        assert failure.value.returncode == 2
        assert "\n" not in str(failure.value)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE economy_elsewhere RENAME TO economy_daytally")
