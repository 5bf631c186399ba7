"""What the database itself refuses, whoever asks."""

import sqlite3

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from economy.models import Account, Claim, Entry, Kind, Transaction
from tests.economy.bank import ADA, NOOR, claim, new_request

pytestmark = pytest.mark.django_db(transaction=True)


def _open_transaction() -> Transaction:
    return Transaction.objects.create(
        kind=Kind.TRANSFER, request_id=new_request(), created_at=timezone.now()
    )


def _enter(transaction_: Transaction, account_id: int, amount: int) -> None:
    """Move a balance and write its entry by hand, as a faulty service would."""
    Account.objects.filter(id=account_id).update(balance=F("balance") + amount)
    Entry.objects.create(
        transaction=transaction_,
        account_id=account_id,
        amount=amount,
        balance_after=Account.objects.get(id=account_id).balance,
    )


def _commit_by_hand(amounts: dict[int, int]) -> None:
    with transaction.atomic():
        by_hand = _open_transaction()
        for account_id, amount in amounts.items():
            _enter(by_hand, account_id, amount)


@pytest.mark.parametrize("model", [Transaction, Entry, Claim])
def test_rows_of_the_record_can_be_neither_changed_nor_deleted(model):
    claim(ADA)
    row = model.objects.latest("pk")
    with pytest.raises(IntegrityError, match="is never changed"):
        row.save()
    with pytest.raises(IntegrityError, match="is never changed"):
        model.objects.all()._raw_delete(using="default")


COLUMNS = {
    "economy_transaction": "id, kind, request_id, parameters, author, reason, created_at",
    "economy_entry": "id, transaction_id, account_id, amount, balance_after",
    "economy_claim": "id, transaction_id, account_id, day, streak, reward, bonus",
}


@pytest.mark.parametrize("kept", ["id", "the other keys"])
@pytest.mark.parametrize("model", [Transaction, Entry, Claim])
def test_rows_of_the_record_are_not_replaced_either(model, kept):
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite replaces rows")
    claim(ADA)
    before = list(model.objects.values())
    table = model._meta.db_table
    columns = COLUMNS[table]
    row = columns if kept == "id" else columns.replace("id", "id + 100", 1)
    with sqlite3.connect(connection.settings_dict["NAME"]) as shell:  # asked for nothing special
        for statement in ("INSERT OR REPLACE", "REPLACE"):
            with pytest.raises(sqlite3.IntegrityError, match="is never changed"):
                shell.execute(f"{statement} INTO {table} ({columns}) SELECT {row} FROM {table}")
    shell.close()
    assert list(model.objects.values()) == before


@pytest.mark.parametrize("model", [Transaction, Entry, Claim])
def test_the_record_is_not_emptied_without_the_accounts(model):
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL truncates")
    claim(ADA)
    table = model._meta.db_table
    for statement in (f"TRUNCATE {table} CASCADE", f"TRUNCATE {', '.join(COLUMNS)} CASCADE"):
        with (
            pytest.raises(IntegrityError, match="is never changed"),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    assert model.objects.exists()


def test_a_balanced_transaction_by_hand_is_accepted():
    claim(ADA)
    claim(NOOR)
    _commit_by_hand({ADA: -5, NOOR: 5})
    assert Account.objects.get(id=NOOR).balance == 115


def test_entries_that_do_not_sum_to_zero_cannot_be_committed():
    claim(ADA)
    claim(NOOR)
    before = list(Account.objects.order_by("id").values())
    with pytest.raises(IntegrityError):
        _commit_by_hand({ADA: -5, NOOR: 4})
    assert list(Account.objects.order_by("id").values()) == before
    assert Transaction.objects.count() == 2


def test_a_transaction_without_entries_cannot_be_committed():
    with pytest.raises(IntegrityError), transaction.atomic():
        _open_transaction()
    assert not Transaction.objects.exists()


def test_a_complete_transaction_takes_no_more_entries():
    done = claim(ADA)
    claim(NOOR)
    complete = Transaction.objects.get(pk=done.transaction_id)
    with pytest.raises(IntegrityError, match="complete"), transaction.atomic():
        _enter(complete, NOOR, -5)
    assert complete.entries.count() == 2


def test_an_entry_must_carry_the_balance_of_its_account():
    claim(ADA)
    with pytest.raises(IntegrityError, match="carry"), transaction.atomic():
        Entry.objects.create(
            transaction=_open_transaction(), account_id=ADA, amount=7, balance_after=117
        )


def test_an_entry_after_a_balance_was_changed_by_hand_is_refused():
    claim(ADA)
    Account.objects.filter(id=ADA).update(balance=1000)
    with pytest.raises(IntegrityError, match="carry"), transaction.atomic():
        _enter(_open_transaction(), ADA, -5)


def test_the_balance_of_a_member_cannot_go_below_zero():
    claim(ADA)
    with pytest.raises(IntegrityError):
        Account.objects.filter(id=ADA).update(balance=-1)


@pytest.mark.parametrize("fields", [{"id": 7}, {"id": ADA, "system": "mint"}, {"id": -5}])
def test_an_id_that_does_not_fit_its_account_is_refused(fields):
    with pytest.raises(IntegrityError):
        Account.objects.create(opened_at=timezone.now(), **fields)


def test_flush_empties_the_ledger_and_leaves_the_guards_standing():
    claim(ADA)
    call_command("flush", interactive=False, verbosity=0)
    assert not Entry.objects.exists()
    assert set(Account.objects.values_list("system", "balance")) == {("mint", 0), ("burn", 0)}
    claim(ADA)
    with pytest.raises(IntegrityError, match="is never changed"):
        Entry.objects.all()._raw_delete(using="default")


def test_the_guards_can_be_taken_down_and_put_up_again_by_migrations():
    try:
        call_command("migrate", "economy", "0001", verbosity=0)
        with transaction.atomic():
            _open_transaction()
            assert Transaction.objects.count() == 1
            transaction.set_rollback(True)
    finally:
        call_command("migrate", "economy", verbosity=0)
    with pytest.raises(IntegrityError), transaction.atomic():
        _open_transaction()
    assert connection.vendor in {"sqlite", "postgresql"}
