"""What somebody asks for on a command line, checked."""

from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.utils import timezone

from dashboard.client.past import Since, read_since
from dashboard.client.wanted import read_wanted
from dashboard.filters import EventFilter
from dashboard.parameters import BadParameter

PAST_EVENTS = 10


class Options(NamedTuple):
    """Which web process, which events, and how much of the past: `limit` None is all of it."""

    url: str
    wanted: EventFilter
    since: Since | None
    limit: int | None


def read_options(options: dict[str, Any]) -> Options:
    """Return what `options` of `manage.py tail` ask for; raise `BadParameter`."""
    limit: int | None = options["limit"]
    if limit is not None and limit < 0:
        raise BadParameter("--limit is a whole number, 0 or more.")
    since = read_since(options["since"], timezone.now()) if options["since"] else None
    if limit is None and since is None:
        limit = PAST_EVENTS
    return Options(_read_url(options["url"]), read_wanted(options), since, limit)


def _read_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise BadParameter(f"--url {url!r} is not an address such as http://127.0.0.1:8000.")
    return url.rstrip("/")
