"""The dashboard's rows in the Django admin: to be read, for the log is a record; and people."""

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property

from dashboard import access
from dashboard.csv_export import Row, by_keyset, csv_response
from dashboard.models import AuditEntry, BotProcess, ControlRequest, Event

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    Pages = Paginator[Any]
    Users = UserAdmin[User]
else:  # generic only for the type checker
    ModelAdmin = admin.ModelAdmin
    Pages = Paginator
    Users = UserAdmin

ROWS_COUNTED_MAX = 10_000


class BoundedPaginator(Pages):
    """Counts, and leafs through, no more than `ROWS_COUNTED_MAX` rows, however long history is."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, as far as they are counted."""
        rows: Any = self.object_list
        return int(rows.order_by()[:ROWS_COUNTED_MAX].count())


class ReadOnlyAdmin(ModelAdmin):
    """Shows rows; nobody adds, changes or deletes them here."""

    show_full_result_count = False
    paginator = BoundedPaginator

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class CsvExport(ReadOnlyAdmin):
    """A list that can be taken as CSV, as it is filtered and searched, by whoever may see it."""

    change_list_template = "admin/exported_change_list.html"
    csv_columns: Row
    csv_rows: Callable[[Any], Iterable[Row]]  # a static method

    def get_urls(self) -> list[URLPattern]:
        """Add the address of the export."""
        view = self.admin_site.admin_view(self.export)
        return [path("export/", view, name=self._name("export")), *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """Answer what the list would show, all pages of it."""
        if request.method not in {"GET", "HEAD"} or not self.has_view_permission(request):
            raise PermissionDenied
        try:
            shown = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:  # the list itself says so, as it does without an export
            return HttpResponseRedirect(
                reverse(f"admin:{self._name('changelist')}") + f"?{ERROR_FLAG}=1"
            )
        return csv_response(
            request,
            name=str(self.opts.verbose_name_plural).replace(" ", "-"),
            header=self.csv_columns,
            batches=by_keyset(shown, self.csv_rows),
        )

    def _name(self, of: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{of}"


# ---------------------------------------------------------------------------- the log


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """The log."""

    list_display = ("seq", "timestamp", "level", "kind", "message", "actor_name", "guild_name")
    list_filter = ("level",)
    search_fields = ("=seq", "=actor_id", "=guild_id", "=request_id")
    search_help_text = "A number (seq), or the id of a member, a guild or a request."
    ordering = ("-seq",)


@admin.register(BotProcess)
class BotProcessAdmin(ReadOnlyAdmin):
    """The last heartbeat of each bot process."""

    list_display = ("name", "heartbeat_at", "connected", "latency_ms", "guilds", "members")


@admin.register(ControlRequest)
class ControlRequestAdmin(ReadOnlyAdmin):
    """What was asked of the bot."""

    list_display = ("requested_at", "action", "requested_by", "reason", "state", "detail")
    list_filter = ("action", "state")
    ordering = ("-requested_at",)


# ---------------------------------------------------------------------------- the audit log


class WhatFilter(admin.SimpleListFilter):
    """One kind of act, or a family of them."""

    title = "what was done"
    parameter_name = "what"
    families = {
        "session": "signing in and out",
        "user": "people",
        "group": "groups",
        "control": "control panel",
        "bot": "the bot, by command",
        "account": "accounts of members",
        "data": "exports",
        "log": "the event log",
        "database": "the database",
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(self.families.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        family = self.value()
        if family is None:
            return queryset
        # A range, which the index serves on every database: "/" follows ".".
        return queryset.filter(action__gte=f"{family}.", action__lt=f"{family}/")


def _audit_rows(entry: AuditEntry) -> Iterable[Row]:
    yield (
        entry.pk,
        entry.at,
        entry.actor,
        entry.address,
        entry.action,
        entry.target,
        entry.reason,
        *("" if state is None else str(state) for state in (entry.before, entry.after)),
    )


def _shown(state: dict[str, Any], name: str) -> str:
    value = state.get(name)
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "–" if value in (None, "") else str(value)


@admin.register(AuditEntry)
class AuditEntryAdmin(CsvExport):
    """Who did what, when, from where. The database itself lets nobody change a row."""

    list_display = ("when", "actor", "address", "action", "target", "reason", "change")
    list_filter = (WhatFilter, "at")
    search_fields = ("actor",)
    search_help_text = (
        "Exactly as written: a name, an address, an act (user.changed), or what it was done to"
        " (user maria, account 42)."
    )
    ordering = ("-id",)
    csv_columns = (
        "entry", "at", "actor", "address", "action", "target", "reason", "before", "after"
    )  # fmt: skip
    csv_rows = staticmethod(_audit_rows)

    @admin.display(description="at (UTC)", ordering="id")
    def when(self, entry: AuditEntry) -> str:
        """To the second."""
        return f"{entry.at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="change")
    def change(self, entry: AuditEntry) -> str:
        """What was, and what is, item by item."""
        before, after = entry.before or {}, entry.after or {}
        items = (
            f"{name}: {_shown(before, name)} → {_shown(after, name)}"
            if before and after
            else f"{name}: {_shown(before or after, name)}"
            for name in {**before, **after}
        )
        return "; ".join(items) or "–"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return access.may_audit(request.user)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find by what an index knows."""
        term = search_term.strip()
        if not term:
            return queryset, False
        wanted = Q(actor=term) | Q(action=term) | Q(target=term)
        try:
            wanted |= Q(address=str(ip_address(term)))
        except ValueError:
            pass
        return queryset.filter(wanted), False


# ---------------------------------------------------------------------------- people


admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class PeopleAdmin(Users):
    """People and their roles. Nobody gives, or takes over, more than they have themselves."""

    list_display = ("username", "email", "roles", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser", "groups")

    @admin.display(description="roles")
    def roles(self, user: User) -> str:
        """The groups somebody is in."""
        return ", ".join(group.name for group in user.groups.all()) or "–"

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or access.may_manage(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or access.may_manage(request.user, obj))

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Leave the password out, masked as it is, where it may not be set."""
        shown = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return shown
        return [
            (title, {**options, "fields": [f for f in options["fields"] if f != "password"]})
            for title, options in shown
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Leave what goes beyond roles to superusers."""
        kept = ("last_login", "date_joined")
        beyond = (
            () if request.user.is_superuser else ("is_staff", "is_superuser", "user_permissions")
        )
        return (*kept, *beyond)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the groups that may be given."""
        if db_field.name == "groups":
            kwargs["queryset"] = access.groups_to_give(request.user)
        return super().formfield_for_manytomany(db_field, request, **kwargs)


@admin.register(Group)
class RolesAdmin(GroupAdmin):
    """Groups. The roles are what the program says they are; a site may have others beside them."""

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_change_permission(request, obj) and not _is_role(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not _is_role(obj)


def _is_role(group: Group | None) -> bool:
    return group is not None and group.name in access.ROLES
