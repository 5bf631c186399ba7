"""What is known of one event, and the registry through which other apps say what they know."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from dashboard import frames
from dashboard.models import ErrorGroup, Event

NEIGHBOURS = 5
REQUEST_EVENTS_MAX = 20


class Table(NamedTuple):
    """Something an app knows of an event, as a table; the last columns of figures align right."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


Provider = Callable[[Event], Table | None]

_providers: list[Provider] = []


def register(provider: Provider) -> None:
    """Show what `provider` returns for an event on the event's page, None for nothing.

    Call it in `AppConfig.ready`. It runs once for each look at an event; it may read a few rows.
    """
    _providers.append(provider)


def describe(event: Event) -> dict[str, Any]:
    """Return what the page of `event` shows, as its template wants it."""
    later = Event.objects.filter(seq__gt=event.seq).order_by("seq")[:NEIGHBOURS]
    earlier = Event.objects.filter(seq__lt=event.seq).order_by("-seq")[:NEIGHBOURS]
    around = [*reversed(later), event, *earlier]
    known = [table for provider in _providers if (table := provider(event))]
    return {
        "event": frames.event_data(event),
        "error": _error(event),
        "tables": known,
        "data": [(name, _text(value)) for name, value in event.data.items()],
        "request_events": [frames.event_data(other) for other in _of_request(event)],
        "around": [frames.event_data(other) for other in around],
    }


def _error(event: Event) -> dict[str, Any] | None:
    """Return the group of the failure that `event` tells of, as it stands now."""
    fingerprint = event.data.get("fingerprint")
    if not isinstance(fingerprint, str):
        return None
    group = ErrorGroup.objects.filter(fingerprint=fingerprint[:32]).first()
    if group is None:
        return None
    return {
        "fingerprint": group.fingerprint,
        "error": group.error,
        "where": group.place,
        "count": group.count,
        "first": frames.timestamp(group.first_seen_at),
        "last": frames.timestamp(group.last_seen_at),
    }


def _of_request(event: Event) -> list[Event]:
    """Return the other events of the same request, newest first."""
    if not event.request_id:
        return []
    others = Event.objects.filter(request_id=event.request_id).exclude(request_id="")
    return list(others.exclude(seq=event.seq).order_by("-seq")[:REQUEST_EVENTS_MAX])


def _text(value: object) -> str:
    return value if isinstance(value, str) else frames.json_text(value)
