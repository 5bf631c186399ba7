"""Django's `flush`, which may empty what guards in the database forbid to delete from."""

from typing import Any

from django.core.management.commands.flush import Command as Flush
from django.db import DEFAULT_DB_ALIAS, connections, transaction

from dashboard import audit
from dashboard.models import AuditEntry


class Command(Flush):
    help = "Remove all data from the database, ledger and audit log included. The tables stay."

    def handle(self, **options: Any) -> None:
        connection = connections[options["database"]]
        if connection.vendor != "sqlite":  # PostgreSQL truncates, which fires no row triggers
            super().handle(**options)
            _tell(connection.alias)
            return
        # One transaction: whatever happens, the guards stand again after it.
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
                " AND name LIKE '%_no_delete'"
            )
            guards = cursor.fetchall()
            for name, _ in guards:
                cursor.execute(f"DROP TRIGGER {name}")
            super().handle(**options)
            for _, sql in guards:
                cursor.execute(sql)
            _tell(connection.alias)


def _tell(alias: str) -> None:
    """Begin the audit log anew with this, unless whoever was asked said no."""
    if alias == DEFAULT_DB_ALIAS and not AuditEntry.objects.exists():
        audit.record(action="database.flushed", target="database")
