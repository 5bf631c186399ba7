"""The events of a filter as CSV: the newest first, and no more than is said here."""

from collections.abc import Iterator, Sequence

from dashboard import search
from dashboard.csv_export import Row
from dashboard.models import Event
from dashboard.parameters import EventPage

EVENTS_MAX = 100_000
SEARCHES_MAX = 400
"""How many searches one file may take, so that looking for what is rare ends too."""

COLUMNS = (
    "seq", "at", "level", "kind", "message", "guild", "guild name", "member", "member name",
    "command", "duration ms", "request",
)  # fmt: skip
_AT_ONCE = 500


def event_row(event: Event) -> Row:
    """Return the cells of an event; ids as text, for spreadsheets round large numbers."""
    guild, actor = (None if id is None else f"id {id}" for id in (event.guild_id, event.actor_id))
    return (
        event.seq, event.timestamp, event.level, event.kind, event.message, guild,
        event.guild_name, actor, event.actor_name, event.command, event.duration_ms,
        event.request_id,
    )  # fmt: skip


def batches(page: EventPage, upto: int) -> Iterator[Sequence[Row]]:
    """Yield the rows of `page.wanted` before `page.before`, newest first.

    At most `EVENTS_MAX`; when there may be older ones, the last row says where to go on.
    """
    left, before = EVENTS_MAX, page.before
    for _ in range(SEARCHES_MAX):
        step = page._replace(after=None, before=before, limit=min(_AT_ONCE, left))
        found = search.search(step, upto)
        yield [event_row(event) for event in found.events]
        left, before = left - len(found.events), found.reached
        if found.whole:
            return
        if not left:
            break
    yield [(f"Older events are not in this file: ask again with before={before}.",)]
