"""What staff may take with them as CSV: accounts, the ledger entry by entry, claims."""

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from dashboard.admin import ReadOnlyAdmin
from dashboard.csv_export import Row, by_keyset, csv_response
from economy.models import Account, Claim, Entry, Transaction

ACCOUNT_COLUMNS = ("account", "name", "system", "balance", "frozen", "opened at")
LEDGER_COLUMNS = (
    "transaction",
    "at",
    "kind",
    "request",
    "author",
    "reason",
    "account",
    "account name",
    "coins",
    "balance after",
)
CLAIM_COLUMNS = ("claim", "day", "account", "account name", "streak", "reward", "bonus", "at")


def account_rows(account: Account) -> Iterable[Row]:
    """Return the one row of an account."""
    yield (
        account.id,
        account.name,
        account.system,
        account.balance,
        account.frozen,
        account.opened_at,
    )


def entry_row(entry: Entry, transaction: Transaction) -> Row:
    """Return what a transaction did to one account."""
    return (
        transaction.pk,
        transaction.created_at,
        transaction.kind,
        transaction.request_id,
        transaction.author,
        transaction.reason,
        entry.account_id,
        str(entry.account),
        entry.amount,
        entry.balance_after,
    )


def transaction_rows(transaction: Transaction) -> Iterable[Row]:
    """Return a row for each entry, those that gave first."""
    entries = sorted(transaction.entries.all(), key=lambda entry: entry.amount)
    return [entry_row(entry, transaction) for entry in entries]


def claim_rows(claim: Claim) -> Iterable[Row]:
    """Return the one row of a claim."""
    yield (
        claim.pk,
        claim.day,
        claim.account_id,
        str(claim.account),
        claim.streak,
        claim.reward,
        claim.bonus,
        claim.transaction.created_at,
    )


def export_history(admin: ReadOnlyAdmin, request: HttpRequest, account_id: int) -> HttpResponseBase:
    """Answer every entry of one account, newest first."""
    if not admin.has_view_permission(request):
        raise PermissionDenied
    if not Account.objects.filter(id=account_id).exists():
        raise Http404
    entries = Entry.objects.filter(account_id=account_id).select_related("transaction", "account")
    return csv_response(
        request,
        name=f"account-{account_id}",
        header=LEDGER_COLUMNS,
        batches=by_keyset(entries, lambda entry: [entry_row(entry, entry.transaction)]),
    )
