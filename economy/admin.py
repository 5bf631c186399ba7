"""The economy in the Django admin: read only, but for acts that go through the services."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from dashboard.admin import CsvExport
from economy.admin_acts import correct, freeze, may_correct, may_freeze
from economy.admin_export import (
    ACCOUNT_COLUMNS,
    CLAIM_COLUMNS,
    LEDGER_COLUMNS,
    account_rows,
    claim_rows,
    export_history,
    transaction_rows,
)
from economy.models import BALANCE_MAX, Account, Claim, Entry, Transaction

if TYPE_CHECKING:
    TabularInline = admin.TabularInline[Any, Any]
else:  # generic only for the type checker
    TabularInline = admin.TabularInline

HISTORY_ENTRIES = 50


def _number(term: str) -> int | None:
    """Return the id that a term is, None where it is none that a database could know."""
    number = int(term) if term.isascii() and term.isdigit() and len(term) < 20 else -1
    return number if 0 <= number <= BALANCE_MAX else None


@admin.register(Account)
class AccountAdmin(CsvExport):
    """Accounts, with their history and running balance; corrected and frozen by acts only."""

    list_display = ("id", "__str__", "balance", "frozen", "opened_at")
    list_filter = ("frozen",)
    search_fields = ("id", "name")
    search_help_text = "The id or a part of the name of a member."
    ordering = ("-balance", "id")
    actions = ("correct_selected",)
    change_form_template = "admin/economy/account/change_form.html"
    csv_columns = ACCOUNT_COLUMNS
    csv_rows = staticmethod(account_rows)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find by id, or by a part of the name."""
        term = search_term.strip()
        number = _number(term)
        wanted = Q(name__icontains=term)
        return queryset.filter(wanted if number is None else wanted | Q(id=number)), False

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of the acts, and the history as CSV."""
        view = self.admin_site.admin_view
        return [
            path(
                "<int:account_id>/correct/",
                view(lambda request, account_id: correct(self, request, account_id)),
                name="economy_account_correct",
            ),
            path(
                "<int:account_id>/freeze/",
                view(lambda request, account_id: freeze(self, request, account_id)),
                name="economy_account_freeze",
            ),
            path(
                "<int:account_id>/entries.csv",
                view(lambda request, account_id: export_history(self, request, account_id)),
                name="economy_account_entries",
            ),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the account with its newest entries, `?before=ENTRY` for those before."""
        number, before = _number(object_id) or 0, _number(request.GET.get("before", ""))
        entries = Entry.objects.filter(account_id=number).select_related("transaction")
        if before is not None:
            entries = entries.filter(id__lt=before)
        page = list(entries.order_by("-id")[: HISTORY_ENTRIES + 1])
        member = Account.objects.filter(id=number, system="").exists()
        context = {
            "entries": page[:HISTORY_ENTRIES],
            "older_than": page[HISTORY_ENTRIES - 1].pk if len(page) > HISTORY_ENTRIES else None,
            "may_correct": member and may_correct(request),
            "may_freeze": member and may_freeze(request),
        }
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    @admin.action(
        description="Correct the balance of the selected account", permissions=["correct"]
    )
    def correct_selected(
        self, request: HttpRequest, queryset: QuerySet[Account]
    ) -> HttpResponse | None:
        """Lead to the correction of the one account that is selected."""
        ids = list(queryset.values_list("id", flat=True)[:2])
        if len(ids) != 1:
            self.message_user(request, "Select one account to correct.", messages.WARNING)
            return None
        return HttpResponseRedirect(reverse("admin:economy_account_correct", args=ids))

    def has_correct_permission(self, request: HttpRequest) -> bool:
        """Whether the signed-in user may correct balances."""
        return may_correct(request)


class EntryInline(TabularInline):
    """The entries of a transaction."""

    model = Entry
    fields = ("account", "amount", "balance_after")
    can_delete = False
    extra = 0
    ordering = ("id",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("account")


@admin.register(Transaction)
class TransactionAdmin(CsvExport):
    """The ledger."""

    list_display = ("id", "created_at", "kind", "amount", "accounts", "author", "reason")
    list_filter = ("kind",)
    search_fields = ("id", "request_id")
    search_help_text = "The id or the name of a member, or the id of a transaction or a request."
    inlines = (EntryInline,)
    csv_columns = LEDGER_COLUMNS
    csv_rows = staticmethod(transaction_rows)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("entries__account")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find by member, by transaction, or by request."""
        term = search_term.strip()
        number = _number(term)
        entries = Entry.objects.filter(
            Q(account__system="", account__name__icontains=term)
            if number is None
            else Q(account_id=number)
        )
        wanted = Q(request_id=term) | Q(pk__in=entries.values("transaction_id"))
        return queryset.filter(wanted if number is None else wanted | Q(pk=number)), False

    @admin.display(description="coins")
    def amount(self, transaction: Transaction) -> int:
        """How many coins moved."""
        return sum(max(entry.amount, 0) for entry in transaction.entries.all())

    @admin.display(description="from, to")
    def accounts(self, transaction: Transaction) -> str:
        """The accounts, those that gave first."""
        entries = sorted(transaction.entries.all(), key=lambda entry: entry.amount)
        return " → ".join(str(entry.account) for entry in entries)


@admin.register(Claim)
class ClaimAdmin(CsvExport):
    """Daily claims."""

    list_display = ("day", "account", "streak", "reward", "bonus", "transaction")
    list_select_related = ("account", "transaction")
    search_fields = ("account__id", "account__name")
    search_help_text = "The id or a part of the name of a member."
    csv_columns = CLAIM_COLUMNS
    csv_rows = staticmethod(claim_rows)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find by member."""
        term = search_term.strip()
        number = _number(term)
        wanted = Q(account__name__icontains=term)
        return queryset.filter(wanted if number is None else wanted | Q(account_id=number)), False
