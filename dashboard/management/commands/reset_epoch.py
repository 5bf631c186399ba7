"""After a restore: the log is another one."""

from typing import Any

from django.core.management import BaseCommand

from dashboard import queries, services
from dashboard.preflight import require_database


class Command(BaseCommand):
    help = (
        "Give the event log a new epoch. Run it after restoring the database from a backup: every "
        "open page then loads itself anew instead of going on from a position that means nothing."
    )

    def handle(self, **_: Any) -> None:
        """Change the epoch, and say what it is now."""
        require_database()
        services.begin_epoch(queries.position().epoch)
        at = queries.position()
        self.stdout.write(f"The log is now epoch {at.epoch}, at event {at.head}.")
