"""`manage.py check_ledger` finds whatever was done past the services, and names the row."""

import io
import json
from collections import defaultdict
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from economy.audit import reconcile
from economy.models import Account, DayTally, Entry, Transaction
from economy.services import DailyClaim
from tests.economy.bank import ADA, NOOR, at_once, claim
from tests.economy.damage import DAMAGES, without_guards

pytestmark = pytest.mark.django_db


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


@pytest.mark.usefixtures("bank")
@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_done_past_the_services_is_found(damage):
    rule, statement = DAMAGES[damage]
    without_guards(statement)
    code, out = _check()
    assert code == 1
    assert f"{rule}: " in out
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
def test_no_rule_looks_through_a_table_for_each_row_of_another():
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL plans by what the tables hold, and hashes what it joins")
    with CaptureQueriesContext(connection) as captured:
        reconcile()
    with connection.cursor() as cursor:
        for query in captured.captured_queries:
            cursor.execute("EXPLAIN QUERY PLAN " + query["sql"].replace("%", "%%"), [])
            steps = cursor.fetchall()
            loops: dict[int, list[str]] = defaultdict(list)
            for _, parent, _, step in steps:
                if step.startswith(("SCAN", "SEARCH")):
                    loops[parent].append(step)
            inner = [step for found in loops.values() for step in found[1:]]
            assert not [step for step in inner if step.startswith("SCAN")], (query["sql"], steps)


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
