"""Delete what is older than it is to be kept."""

import argparse
import sys
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from dashboard import audit, queries, retention
from dashboard.events import record_event
from dashboard.preflight import require_database

DAYS_MAX = 36_500
INTERRUPTED = 130


class Command(BaseCommand):
    help = (
        "Delete events older than EVENT_RETENTION_DAYS (0: none), and samples of the charts older "
        "than SAMPLE_RETENTION_DAYS (0: none), the oldest first, a few at a time: the bot goes on "
        "writing meanwhile. Counters stay, so totals and long charts do. It may be stopped at any "
        "moment and run again; once a day is enough. Exit status: 0 done, 1 the database failed, "
        "130 stopped by Ctrl-C."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--days",
            type=int,
            metavar="N",
            help="keep the events of the last N days, whatever EVENT_RETENTION_DAYS says",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be deleted, and delete nothing"
        )

    def handle(self, *, days: int | None, dry_run: bool, verbosity: int, **_: Any) -> None:
        """Delete events, then samples, and say how many."""
        keep_days = settings.EVENT_RETENTION_DAYS if days is None else days
        if days is not None and not 1 <= days <= DAYS_MAX:
            raise CommandError(f"--days is a number from 1 to {DAYS_MAX:,}.")
        require_database()
        try:
            self.prune_events(keep_days, dry_run=dry_run, quiet=verbosity == 0)
            self.prune_samples(settings.SAMPLE_RETENTION_DAYS, dry_run=dry_run)
        except DatabaseError as error:
            raise CommandError(f"The database failed: {error}. Run it again.") from error
        except KeyboardInterrupt:
            self.stderr.write("Stopped. What is left is whole; run it again to go on.")
            sys.exit(INTERRUPTED)

    def prune_events(self, days: int, *, dry_run: bool, quiet: bool) -> None:
        """Delete the events older than `days`, and record that it was done."""
        if not days:
            self.stdout.write("Events are kept for ever: EVENT_RETENTION_DAYS is 0.")
            return
        cutoff, head = _ago(days), queries.position().head
        oldest, before = retention.oldest_event(), retention.first_to_keep(cutoff, head)
        total = 0 if oldest is None else max(0, before - oldest)
        if dry_run or not total:
            self.stdout.write(f"{total:,} events are older than {cutoff:%Y-%m-%d %H:%M} UTC.")
            return

        def report(deleted: int) -> None:
            if not quiet and (deleted % 50_000 == 0 or deleted == total):
                self.stdout.write(f"{deleted:,} of {total:,} events deleted.")
                self.stdout.flush()

        audit.record(
            action="log.pruned",
            target="event log",
            after={"days": days, "events": total, "oldestKept": before},
        )
        deleted = retention.prune_events(before, report)
        record_event(
            kind="dashboard.events_pruned",
            message=f"{deleted:,} events from before {cutoff:%Y-%m-%d %H:%M} UTC were deleted",
            data={"events": deleted, "oldestKept": before},
        )

    def prune_samples(self, days: int, *, dry_run: bool) -> None:
        """Delete the samples older than `days`."""
        if not days:
            self.stdout.write("Samples are kept for ever: SAMPLE_RETENTION_DAYS is 0.")
            return
        cutoff = _ago(days)
        if dry_run:
            word, count = "are", retention.old_samples(cutoff)
        else:
            word, count = "deleted, those", retention.prune_samples(cutoff)
        self.stdout.write(f"{count:,} samples {word} older than {cutoff:%Y-%m-%d %H:%M} UTC.")


def _ago(days: int) -> datetime:
    return timezone.now() - timedelta(days=min(days, DAYS_MAX))
