"""What happened to one member's coins, the latest first."""

from datetime import datetime
from typing import NamedTuple

from economy.models import Entry, Kind


class HistoryLine(NamedTuple):
    """One entry of a member. Give its `entry_id` back as `before` for the lines that follow it.

    `other` is the member on the other side of a transfer, None where there is none.
    """

    entry_id: int
    at: datetime
    kind: str
    amount: int
    balance_after: int
    other: int | None
    other_name: str


def history(member_id: int, limit: int, before: int | None = None) -> list[HistoryLine]:
    """Return the member's newest `limit` entries, the newest first, those before `before`.

    Two short looks into indexes, however long the history is. Nobody without an account has any.
    """
    entries = Entry.objects.filter(account_id=member_id)
    if before is not None:
        entries = entries.filter(id__lt=before)
    found = list(entries.select_related("transaction").order_by("-id")[:limit])
    transfers = [e.transaction_id for e in found if e.transaction.kind == Kind.TRANSFER]
    others = {
        entry.transaction_id: entry.account
        for entry in Entry.objects.filter(transaction_id__in=transfers)
        .exclude(account_id=member_id)
        .select_related("account")
    }
    lines = []
    for entry in found:
        other = others.get(entry.transaction_id)
        lines.append(
            HistoryLine(
                entry_id=entry.pk,
                at=entry.transaction.created_at,
                kind=entry.transaction.kind,
                amount=entry.amount,
                balance_after=entry.balance_after,
                other=other.pk if other else None,
                other_name=other.name if other else "",
            )
        )
    return lines
