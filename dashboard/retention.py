"""Deleting what is old: events from the oldest end of the log, and samples; never a counter.

Each deletion is short and a transaction of its own, takes no lock that a writer waits for except
the database's own, and leaves the writers as much time as it takes. `Pruned` keeps how far it
came. What is left of the log stays gapless up to its head; a reader who comes from before it is
told so, and starts from a snapshot.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Min

from dashboard.models import DurationMinute, Event, MetricSample, Pruned

BATCH_ROWS = 500
WRITERS_WAIT = timedelta(seconds=60)
"""An event is stamped before its writer waits for its turn: that far stamps may be out of order."""

SAMPLES = ((MetricSample, "at"), (DurationMinute, "minute"))

Report = Callable[[int], None]


def oldest_event() -> int | None:
    """Return the seq of the oldest event that is kept, None without any."""
    return Event.objects.order_by("seq").values_list("seq", flat=True).first()


def first_to_keep(cutoff: datetime, head: int) -> int:
    """Return the seq of the first event that is not older than `cutoff`: all before it are."""
    kept = Event.objects.filter(timestamp__gte=cutoff)
    first = kept.order_by("timestamp").values_list("timestamp", flat=True).first()
    if first is None:
        return head + 1
    near = kept.filter(timestamp__lte=first + WRITERS_WAIT)
    return int(near.aggregate(first=Min("seq"))["first"])


def prune_events(before: int, report: Report = lambda _: None) -> int:
    """Delete the events before seq `before`, the oldest first; return how many that were.

    `report` is called after each batch, with how many are deleted so far. It may be stopped at any
    moment, by an exception: what is left is still a whole log.
    """
    deleted = 0
    while (oldest := oldest_event()) is not None and oldest < before:
        began = time.monotonic()
        upto = min(oldest + BATCH_ROWS, before)
        # Before they go: stopped in between, events are left that may be gone, none that may not.
        Pruned.objects.update_or_create(id=1, defaults={"upto": upto - 1})
        deleted += Event.objects.filter(seq__lt=upto).delete()[0]
        report(deleted)
        time.sleep(time.monotonic() - began)
    return deleted


def old_samples(cutoff: datetime) -> int:
    """Return how many samples and minutes are older than `cutoff`."""
    return sum(model.objects.filter(**{f"{field}__lt": cutoff}).count() for model, field in SAMPLES)


def prune_samples(cutoff: datetime) -> int:
    """Delete the samples and the minutes of durations older than `cutoff`; return how many."""
    deleted = 0
    for model, field in SAMPLES:
        old = model.objects.filter(**{f"{field}__lt": cutoff}).order_by(field)
        while batch := list(old.values_list("pk", flat=True)[:BATCH_ROWS]):
            began = time.monotonic()
            deleted += model.objects.filter(pk__in=batch).delete()[0]
            time.sleep(time.monotonic() - began)
    return deleted
