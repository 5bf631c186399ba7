"""Finding events in the log: by an index where there is one, and never more rows than bounded.

A search reads along the index that narrows best, compares each row, and stops after
`ROWS_MAX` rows. It says how far it came, so that a reader can go on from there; what it says it
has searched, it has.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from heapq import merge
from typing import NamedTuple

from django.db import connection
from django.db.models import QuerySet

from dashboard.filters import ALL, EventFilter, is_kind, row_matches
from dashboard.models import Event, Level
from dashboard.parameters import EventPage

ROWS_MAX = 5_000
"""How many rows one search looks at: a few hundredths of a second."""
CHUNK_ROWS = 500
MILLISECOND = timedelta(milliseconds=1)

Rows = QuerySet[Event]


class Found(NamedTuple):
    """What a search found, in the order it went, and how far it came.

    Every wanted event from where it began up to `reached`, included, is among `events`. `whole`:
    there was nothing more to look at.
    """

    events: list[Event]
    reached: int
    whole: bool


def search(page: EventPage, upto: int) -> Found:
    """Return the events of `page` up to seq `upto`: oldest first after a seq, else newest first."""
    source = _source(page.wanted)
    if page.after is not None:
        end = upto

        def rows(edge: int, size: int) -> list[Event]:
            return source(lambda events: events.filter(seq__gt=edge, seq__lte=upto), "seq", size)

        edge = page.after
    else:
        end = 1

        def rows(edge: int, size: int) -> list[Event]:
            return source(lambda events: events.filter(seq__lt=edge), "-seq", size)

        edge = min(page.before or upto + 1, upto + 1)
    return _collect(rows, edge, end, page)


def seq_at(at: datetime) -> int:
    """Return the seq of the last event stamped in the millisecond `at` or before, 0 without one."""
    after = min(at, datetime.max.replace(tzinfo=UTC) - MILLISECOND) + MILLISECOND
    earlier = Event.objects.filter(timestamp__lt=after).order_by("-timestamp")
    return earlier.values_list("seq", flat=True).first() or 0


def kinds() -> list[str]:
    """Return every kind the log has, sorted: one look into the index for each."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE found(kind) AS (SELECT min(kind) FROM dashboard_event UNION ALL"
            " SELECT (SELECT min(kind) FROM dashboard_event WHERE kind > found.kind)"
            " FROM found WHERE found.kind IS NOT NULL)"
            " SELECT kind FROM found WHERE kind IS NOT NULL"
        )
        return sorted(kind for (kind,) in cursor.fetchall())


def _collect(
    rows: Callable[[int, int], list[Event]], edge: int, end: int, page: EventPage
) -> Found:
    found: list[Event] = []
    looked = 0
    size = page.limit + 1 if _is_exact(page.wanted) else CHUNK_ROWS
    while looked < ROWS_MAX:
        chunk = rows(edge, size)
        for row in chunk:
            if row_matches(row, page.wanted):
                if len(found) == page.limit:  # there is one more: the next page has it
                    return Found(found, found[-1].seq, whole=False)
                found.append(row)
        if len(chunk) < size:
            return Found(found, end, whole=True)
        looked += len(chunk)
        edge = chunk[-1].seq
    return Found(found, edge, whole=False)


# ---------------------------------------------------------------------------- where to look

Source = Callable[[Callable[[Rows], Rows], str, int], list[Event]]
"""Takes a bound on seq, the order and how many; returns rows along one index."""

_PROBLEMS = (Level.WARN, Level.ERROR)


def _source(wanted: EventFilter) -> Source:
    """Return the way through the log that narrows best: whoever acts, what fails, where, what."""
    events = Event.objects.all()
    if wanted.actor is not None:
        events = events.filter(actor_id=wanted.actor)
    elif wanted.levels and set(wanted.levels) <= set(_PROBLEMS):
        events = events.filter(level__in=_PROBLEMS)
    elif wanted.command:
        events = events.filter(command=wanted.command)
    elif wanted.guild is not None:
        events = events.filter(guild_id=wanted.guild)
    elif wanted.kind.endswith(".*"):
        return _family(wanted.kind)
    elif wanted.kind:
        events = events.filter(kind=wanted.kind)
    return lambda bound, order, size: list(bound(events).order_by(order)[:size])


def _family(family: str) -> Source:
    """Read the kinds of a family beside each other: together no index has them in order."""
    members = [kind for kind in kinds() if is_kind(kind, family)]

    def read(bound: Callable[[Rows], Rows], order: str, size: int) -> list[Event]:
        each = [
            bound(Event.objects.filter(kind=kind)).order_by(order).values_list("seq", flat=True)
            for kind in members
        ]
        down = order == "-seq"
        merged = list(merge(*(found[:size] for found in each), reverse=down))[:size]
        return list(Event.objects.filter(seq__in=merged).order_by(order))

    return read


def _is_exact(wanted: EventFilter) -> bool:
    """Tell whether the rows of the source need no comparing: then no more are read than shown."""
    given = [name for name in EventFilter._fields if getattr(wanted, name) != getattr(ALL, name)]
    if given == ["levels"]:
        return set(wanted.levels) == set(_PROBLEMS)
    return len(given) <= 1 and given != ["text"]
