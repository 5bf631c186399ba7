"""Finding events in the log: by an index where there is one, and never more rows than bounded.

A search reads along the index that narrows best, compares each row, and stops after
`ROWS_MAX` rows. It says how far it came, so that a reader can go on from there; what it says it
has searched, it has.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from heapq import merge
from typing import Literal, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from dashboard.filters import PROBLEMS, EventFilter, folded, is_kind, row_matches
from dashboard.models import Event
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


def slowest(at: datetime, until: datetime) -> int | None:
    """Return the seq of the slowest event of [at, until), else of the last that went wrong.

    None if there is neither. Of more than `ROWS_MAX` events the last are looked at.
    """
    events = Event.objects.filter(
        seq__gt=seq_at(at - MILLISECOND), seq__lte=seq_at(until - MILLISECOND)
    )
    found = events.order_by("-seq").values_list("seq", "duration_ms", "level")[:ROWS_MAX]
    timed = [(duration, seq) for seq, duration, _ in found if duration is not None]
    if timed:
        return max(timed)[1]
    return next((seq for seq, _, level in found if level in PROBLEMS), None)


def called(who: Literal["actor", "guild"], name: str) -> list[int]:
    """Return the ids of the members, or guilds, with this name in whatever case, latest first.

    Only the newest `ROWS_MAX` events are looked at.
    """
    wanted = folded(name)
    newest = Event.objects.order_by("-seq").values_list(f"{who}_id", f"{who}_name")[:ROWS_MAX]
    found = dict.fromkeys(id for id, its in newest if id is not None and folded(its) == wanted)
    return list(found)


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
    size = page.limit + 1  # most of an index is mostly wanted; where it is not, more at a time
    while looked < ROWS_MAX:
        chunk = rows(edge, size)
        for row in chunk:
            if row_matches(row, page.wanted):
                if len(found) == page.limit:  # there is one more: the next page has it
                    return Found(_complete(found), found[-1].seq, whole=False)
                found.append(row)
        if len(chunk) < size:
            return Found(_complete(found), end, whole=True)
        looked += len(chunk)
        size = min(2 * size, CHUNK_ROWS, ROWS_MAX - looked)
        edge = chunk[-1].seq
    return Found(_complete(found), edge, whole=False)


def _complete(found: list[Event]) -> list[Event]:
    """Return the same events with their data: of those that are only looked at it is not read."""
    rows = Event.objects.in_bulk([event.seq for event in found])
    return [rows[event.seq] for event in found if event.seq in rows]  # it may be pruned meanwhile


# ---------------------------------------------------------------------------- where to look

Source = Callable[[Callable[[Rows], Rows], str, int], list[Event]]
"""Takes a bound on seq, the order and how many; returns rows along one index."""

# The conditions of the partial indexes, as they are there: SQLite takes one only if it finds its
# condition in the query word for word, not in a parameter.
_IN_PROBLEMS = "level IN ('warn', 'error')"
_WITH_COMMAND = "NOT (command = '')"


def _source(wanted: EventFilter) -> Source:
    """Return the way through the log that narrows best."""
    events = along(wanted)
    if events is None:
        return _family(wanted.kind)
    if not wanted.fingerprint:  # which is in the data
        events = events.defer("data")
    return lambda bound, order, size: list(bound(events).order_by(order)[:size])


def problems() -> Rows:
    """Return the warnings and errors, on the index that has no others."""
    return Event.objects.extra(where=[_IN_PROBLEMS])  # noqa: S610 - ours


def along(wanted: EventFilter) -> Rows | None:
    """Return the events on one index that all wanted ones are among; None for a family of kinds.

    It is that of whoever acts, of what fails, of what was called, where, or what happened.
    """
    events = Event.objects.all()
    if wanted.actor is not None:
        return events.filter(actor_id=wanted.actor)
    if wanted.fingerprint or (wanted.levels and set(wanted.levels) <= set(PROBLEMS)):
        return problems()
    if wanted.command:
        return events.filter(command=wanted.command).extra(where=[_WITH_COMMAND])  # noqa: S610
    if wanted.guild is not None:
        return events.filter(guild_id=wanted.guild)
    if wanted.kind.endswith(".*"):
        return None
    return events.filter(kind=wanted.kind) if wanted.kind else events


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
        return list(Event.objects.filter(seq__in=merged).defer("data").order_by(order))

    return read
