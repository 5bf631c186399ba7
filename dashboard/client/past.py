"""The past of the log, over the API: its newest events, or all since some moment."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from dashboard.client.course import Course
from dashboard.client.server import PAGE_EVENTS, Lost, Page, Server
from dashboard.filters import EventFilter
from dashboard.frames import timestamp
from dashboard.parameters import BadParameter, event_parameters

WRITERS_WAIT = timedelta(seconds=60)
"""An event is stamped before its writer waits for its turn: that far stamps may be out of order."""

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_NUMBER = re.compile(r"\d{1,19}", re.ASCII)


class Since(NamedTuple):
    """From where on: event `seq`, or else the moment `at`."""

    seq: int | None = None
    at: datetime | None = None


def read_since(text: str, now: datetime) -> Since:
    """Return what `text` means: `4182`, `15m`, `1d12h`, or `2026-01-08T12:00Z` (UTC if unsaid).

    Raises `BadParameter`.
    """
    try:
        if _NUMBER.fullmatch(text):
            return Since(seq=int(text))
        if text and (found := _DURATION.fullmatch(text)):
            days, hours, minutes, seconds = (int(number or 0) for number in found.groups())
            return Since(at=now - timedelta(days, seconds, hours=hours, minutes=minutes))
        at = datetime.fromisoformat(text)
        return Since(at=(at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC))
    except (ValueError, OverflowError):
        raise BadParameter(
            "--since is the number of an event, a time ago such as 15m or 2h,"
            " or a moment such as 2026-01-08T12:00Z."
        ) from None


async def begin(server: Server) -> Course:
    """Return a course that goes on from the newest event; raise `Lost` or `Refused`."""
    page = await server.page(limit=1)
    return Course(page.epoch, page.head)


async def read_past(
    server: Server,
    course: Course,
    wanted: EventFilter,
    *,
    limit: int | None,
    since: Since | None = None,
) -> AsyncIterator[dict[str, Any]]:
    """Yield the newest `limit` (None: all) wanted events since then, oldest first.

    `course` goes on right after them. Raises `Lost`, `Refused`, and `BadParameter` when `since` is
    the number of an event that is yet to come.
    """
    start = await _start(server, course, since or Since())
    if limit is None:
        async for event in _onwards(server, course, wanted, start.first):
            if event["timestamp"] >= start.at:
                yield event
        return
    found: list[dict[str, Any]] = []
    async for event in _backwards(server, course, wanted, start.first, limit):
        if event["seq"] < start.first or len(found) == limit:
            break
        if event["timestamp"] >= start.at:
            found.append(event)
    for event in reversed(found):
        yield event


async def _onwards(
    server: Server, course: Course, wanted: EventFilter, first: int
) -> AsyncIterator[dict[str, Any]]:
    after = first - 1
    while True:
        page = await server.page(after=after, limit=PAGE_EVENTS, **event_parameters(wanted))
        _require_same_log(page, course)
        for event in page.events:
            yield event
        after = course.last = max(after, page.reached)
        if page.whole:
            return


async def _backwards(
    server: Server, course: Course, wanted: EventFilter, first: int, limit: int
) -> AsyncIterator[dict[str, Any]]:
    before, size = course.last + 1, min(limit, PAGE_EVENTS)
    while size and before > first:
        page = await server.page(before=before, limit=size, **event_parameters(wanted))
        _require_same_log(page, course)
        for event in page.events:
            yield event
        if page.whole:
            return
        before = page.reached


class _Start(NamedTuple):
    """The first event that may be wanted, and how old it may be (as the wire writes it)."""

    first: int
    at: str


async def _start(server: Server, course: Course, since: Since) -> _Start:
    if since.at is not None:
        slack = timestamp(since.at - WRITERS_WAIT)
        return _Start(await _first_since(server, slack, course.last), timestamp(since.at))
    first = since.seq or 1
    if first > course.last + 1:
        raise BadParameter(f"--since {first}: the newest event is {course.last}.")
    return _Start(first, "")


async def _first_since(server: Server, at: str, head: int) -> int:
    """Return the number of the first event that is not older than `at`: by halves, not by pages."""
    low, high = 1, head + 1
    while low < high:
        middle = (low + high) // 2
        page = await server.page(after=middle - 1, limit=1)
        if page.events and page.events[0]["timestamp"] < at:
            low = page.events[0]["seq"] + 1
        else:
            high = middle
    return low


def _require_same_log(page: Page, course: Course) -> None:
    if page.epoch != course.epoch:
        raise Lost("the log was replaced while it was read")
