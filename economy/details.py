"""What the ledger knows of an event: the entries it made."""

from dashboard.details import Table
from dashboard.models import Event
from economy.models import Transaction


def entries_of(event: Event) -> Table | None:
    """Return the entries that `event`, or its request, made; None without any."""
    transaction = _transaction_of(event)
    if transaction is None:
        return None
    entries = transaction.entries.select_related("account").order_by("id")
    return Table(
        title=f"Ledger: {transaction}",
        header=("account", "coins", "balance after"),
        rows=[
            (str(entry.account), f"{entry.amount:+,}", f"{entry.balance_after:,}")
            for entry in entries
        ],
        note="The entries of a transaction sum to zero, and are never changed.",
    )


def _transaction_of(event: Event) -> Transaction | None:
    told = str(event.data.get("transaction", ""))
    if told.isdecimal() and len(told) < 19:
        return Transaction.objects.filter(pk=int(told)).first()
    if not event.request_id:
        return None
    return Transaction.objects.filter(request_id=event.request_id).first()
