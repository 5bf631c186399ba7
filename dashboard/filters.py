"""Which events are wanted, told of an event as it is on the wire or in its row. Pure.

`static/js/filter.js` does the same in the browser; `tests/js/fixtures/filters.json` holds both.
Text is compared here and there, never by the database: each database folds letters its own way.
"""

import unicodedata
from collections.abc import Iterable
from typing import Any, NamedTuple

from dashboard.models import Event, Level

PROBLEMS = (Level.WARN, Level.ERROR)


class EventFilter(NamedTuple):
    """Which events are wanted; what is None or empty matches all.

    A `kind` may end in `.*` for a whole family. `text` is looked for in the sentence and in the
    names of the member and the guild, whatever the case or the letter form. `fingerprint` is that
    of a fault: only warnings and errors have one.
    """

    levels: tuple[str, ...] = ()
    kind: str = ""
    guild: int | None = None
    actor: int | None = None
    command: str = ""
    text: str = ""
    fingerprint: str = ""


ALL = EventFilter()


def filter_data(wanted: EventFilter) -> dict[str, Any]:
    """Return a filter as the page's JavaScript is given it: snowflakes as strings."""
    return {
        "levels": list(wanted.levels),
        "kind": wanted.kind,
        "guild": "" if wanted.guild is None else str(wanted.guild),
        "actor": "" if wanted.actor is None else str(wanted.actor),
        "command": wanted.command,
        "text": wanted.text,
        "fingerprint": wanted.fingerprint,
    }


def folded(text: str) -> str:
    """Return what `text` is compared by: no case, no letter forms, one kind of small sigma."""
    return unicodedata.normalize("NFKC", text).lower().replace("ς", "σ")


def matches(event: dict[str, Any], wanted: EventFilter) -> bool:
    """Tell whether an event of the wire is wanted."""
    ids = [None if event[key] is None else int(event[key]["id"]) for key in ("guild", "actor")]
    names = [event[key]["name"] for key in ("guild", "actor") if event[key]]
    texts = [event["message"], *names]
    return _matches(
        wanted, event["type"], event["kind"], ids, event["command"], texts
    ) and _has_fault(wanted, event["type"], event["data"])


def row_matches(event: Event, wanted: EventFilter) -> bool:
    """Tell whether the event of a row is wanted."""
    ids = [event.guild_id, event.actor_id]
    texts = [event.message, event.guild_name, event.actor_name]
    return _matches(wanted, event.level, event.kind, ids, event.command, texts) and (
        not wanted.fingerprint or _has_fault(wanted, event.level, event.data)  # reads the data
    )


def _matches(
    wanted: EventFilter,
    level: str,
    kind: str,
    ids: Iterable[int | None],
    command: str | None,
    texts: Iterable[str],
) -> bool:
    guild, actor = ids
    return (
        (not wanted.levels or level in wanted.levels)
        and is_kind(kind, wanted.kind)
        and wanted.guild in (None, guild)
        and wanted.actor in (None, actor)
        and wanted.command in ("", command)
        and (not wanted.text or _has(texts, folded(wanted.text)))
    )


def _has_fault(wanted: EventFilter, level: str, data: dict[str, Any]) -> bool:
    if not wanted.fingerprint:
        return True
    return level in PROBLEMS and data.get("fingerprint") == wanted.fingerprint


def is_kind(kind: str, wanted: str) -> bool:
    """Tell whether `kind` is the wanted one, or of the wanted family."""
    if wanted.endswith(".*"):
        return kind.startswith(wanted[:-1])
    return wanted in ("", kind)


def _has(texts: Iterable[str], needle: str) -> bool:
    return any(needle in folded(text) for text in texts)
