"""What staff may take with them as CSV: accounts, the ledger entry by entry, claims."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse

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


class CsvExport(ReadOnlyAdmin):
    """A list that can be taken as CSV, as it is filtered and searched, by whoever may see it."""

    change_list_template = "admin/economy/change_list.html"
    csv_columns: Row
    csv_rows: Callable[[Any], Iterable[Row]]  # a static method

    def get_urls(self) -> list[URLPattern]:
        """Add the address of the export."""
        name = f"economy_{self.opts.model_name}_export"
        view = self.admin_site.admin_view(self.export)
        return [path("export/", view, name=name), *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """Answer what the list would show, all pages of it."""
        if request.method not in {"GET", "HEAD"} or not self.has_view_permission(request):
            raise PermissionDenied
        try:
            shown = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:  # the list itself says so, as it does without an export
            return HttpResponseRedirect(
                reverse(f"admin:economy_{self.opts.model_name}_changelist") + f"?{ERROR_FLAG}=1"
            )
        return csv_response(
            request,
            name=str(self.opts.verbose_name_plural).replace(" ", "-"),
            header=self.csv_columns,
            batches=by_keyset(shown, self.csv_rows),
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
