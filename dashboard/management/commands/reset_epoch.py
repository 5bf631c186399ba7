"""After a restore: the log is another one."""

from typing import Any

from django.core.management import BaseCommand
from django.db import transaction

from dashboard import audit, queries, services
from dashboard.preflight import require_database


class Command(BaseCommand):
    help = (
        "Give the event log a new epoch. Run it after restoring the database from a backup: every "
        "open page then loads itself anew instead of going on from a position that means nothing."
    )

    def handle(self, **_: Any) -> None:
        """Change the epoch, and say what it is now."""
        require_database()
        before = queries.position()
        with transaction.atomic():
            services.begin_epoch(before.epoch)
            at = queries.position()
            audit.record(
                action="log.epoch_reset",
                target="event log",
                before={"epoch": before.epoch},
                after={"epoch": at.epoch, "head": at.head},
            )
        self.stdout.write(f"The log is now epoch {at.epoch}, at event {at.head}.")
