"""A filter as the options of a command line."""

from typing import Any

from django.http import QueryDict

from dashboard.filters import EventFilter
from dashboard.parameters import BadParameter, read_event_filter

OPTIONS = {
    "level": "level",
    "kind": "kind",
    "guild": "guild",
    "actor": "actor",
    "command": "command",
    "fingerprint": "fingerprint",
    "text": "q",
}
"""The options of a command line, and the parameters of the API that they stand for."""


def read_wanted(options: dict[str, Any]) -> EventFilter:
    """Return the filter that `options` ask for, checked as the API does it.

    Raises `BadParameter`, which names the option.
    """
    query = QueryDict(mutable=True)
    wanted = EventFilter()
    for option, name in OPTIONS.items():
        query[name] = options[option] or ""
        try:
            wanted = read_event_filter(query)
        except BadParameter as error:
            raise BadParameter(f"--{option}: {error}") from None
    return wanted
