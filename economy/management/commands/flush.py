"""Django's `flush`, which may empty the ledger although its guards forbid to delete from it."""

from typing import Any

from django.core.management.commands.flush import Command as Flush
from django.db import connections, transaction


class Command(Flush):
    help = "Remove all data from the database, the ledger included. The tables stay."

    def handle(self, **options: Any) -> None:
        connection = connections[options["database"]]
        if connection.vendor != "sqlite":  # PostgreSQL truncates, which fires no row triggers
            super().handle(**options)
            return
        # One transaction: whatever happens, the guards stand again after it.
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
                " AND name IN ('economy_transaction_no_delete', 'economy_entry_no_delete',"
                " 'economy_claim_no_delete')"
            )
            guards = cursor.fetchall()
            for name, _ in guards:
                cursor.execute(f"DROP TRIGGER {name}")
            super().handle(**options)
            for _, sql in guards:
                cursor.execute(sql)
