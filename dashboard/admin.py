"""The dashboard's rows in the Django admin: to be read, for the log is a record."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from dashboard.models import BotProcess, Event

admin.site.site_header = "Aurora"
admin.site.site_title = "Aurora"
admin.site.index_title = "Accounts, ledger, people"


if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:  # generic only for the type checker
    ModelAdmin = admin.ModelAdmin


class ReadOnlyAdmin(ModelAdmin):
    """Shows rows; nobody adds, changes or deletes them here."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


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
