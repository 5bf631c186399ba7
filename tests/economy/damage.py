"""What somebody may do to the ledger past the services, and the rule that finds it."""

from collections.abc import Callable
from datetime import date

from django.db import connection
from django.db.models import F

from dashboard.events import record_event
from dashboard.models import Event, Stream
from economy.models import (
    Account,
    Claim,
    DayTally,
    Entry,
    Handover,
    LargeTransfer,
    Transaction,
)
from tests.economy.bank import ADA, NOOR


def without_guards(statement: Callable[[], object]) -> None:
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


def _without_keys(statement: str) -> None:
    """Do something that foreign keys forbid, as a shell does that does not heed them."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement)  # on SQLite they are looked at when it commits, which it does not
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = origin")


def _told_otherwise(kind: str, **data: object) -> None:
    event = Event.objects.filter(kind=kind).latest("seq")
    Event.objects.filter(seq=event.seq).update(data=event.data | data)


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
    "a large transfer changed": (
        "large_transfer_differs",
        lambda: LargeTransfer.objects.update(amount=F("amount") + 1),
    ),
    "a large transfer deleted": (
        "large_transfer_differs",
        lambda: LargeTransfer.objects.all().delete(),
    ),
    "a handover changed": (
        "handover_differs",
        lambda: Handover.objects.update(coins=F("coins") - 1),
    ),
    "a handover deleted": ("handover_differs", lambda: Handover.objects.all().delete()),
    "a handover made up": (
        "handover_differs",
        lambda: Handover.objects.create(
            day=date(2020, 1, 1), sender_id=NOOR, receiver_id=ADA, coins=5, reward=110
        ),
    ),
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
    "an account deleted": (
        "row_missing",
        lambda: _without_keys(f"DELETE FROM economy_account WHERE id = {NOOR}"),
    ),
    "a system account deleted": (
        "row_missing",
        lambda: _without_keys("DELETE FROM economy_account WHERE id = 2"),
    ),
    "a transaction deleted": (
        "row_missing",
        lambda: _without_keys(f"DELETE FROM economy_transaction WHERE id = {_last(Transaction)}"),
    ),
    "the author of a correction changed": (
        "request_differs",
        lambda: Transaction.objects.filter(kind="correction").update(author="pelle"),
    ),
    "the reason of a correction changed wherever it is kept": (
        "event_differs",
        lambda: Transaction.objects.filter(kind="correction").update(
            reason="other",
            parameters={
                **Transaction.objects.get(kind="correction").parameters,
                "reason": "other",
            },
        ),
    ),
    "a bonus changed": ("event_differs", lambda: Claim.objects.update(bonus=5)),
    "an event told of another receiver": (
        "event_differs",
        lambda: _told_otherwise("economy.transferred", receiver="7"),
    ),
    "an event told of another member": (
        "event_differs",
        lambda: _told_otherwise("economy.daily_claimed", member="7"),
    ),
    "an event told of another balance": (
        "event_differs",
        lambda: _told_otherwise("economy.daily_claimed", balance="7"),
    ),
    "an event told of coins given that were taken": (
        "event_differs",
        lambda: _told_otherwise("economy.balance_corrected", amount="20"),
    ),
    "the oldest event deleted": (
        "event_differs",
        lambda: Event.objects.filter(seq=1).delete(),
    ),
    "all events deleted": ("event_differs", lambda: Event.objects.all().delete()),
    "the stream put back": ("event_beyond", lambda: Stream.objects.update(head=F("head") - 1)),
    "an event made up": (
        "event_untrue",
        lambda: record_event(
            kind="economy.transferred", message="x", data={"transaction": "999", "amount": "5"}
        ),
    ),
}
