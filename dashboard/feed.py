"""What the feed of a page shows: the events an address asks for, and the ways on from there."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

from django.http import QueryDict

from dashboard import frames, guilds, search
from dashboard.filters import ALL, EventFilter, filter_data
from dashboard.models import Event, Guild, Level
from dashboard.parameters import (
    TEXT_MAX_CHARACTERS,
    BadParameter,
    EventPage,
    event_parameters,
    read_event_filter,
    read_event_page,
    read_moment,
    read_seconds,
)
from dashboard.templatetags.feed import WORDS

FAMILIES_SHOWN = 5
IDS_SHOWN = 5
QUICK_LEVELS = {"errors": Level.ERROR.value, "warnings": Level.WARN.value}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAMES = (
    "level",
    "kind",
    "guild",
    "actor",
    "command",
    "fingerprint",
    "q",
    "before",
    "after",
    "at",
    "within",
)


class Choice(NamedTuple):
    """A link that changes the filter; `on` says that it is chosen now, and the link drops it."""

    word: str
    url: str
    on: bool


class Token(NamedTuple):
    """A part of the filter, in words, and the link that drops it."""

    label: str
    value: str
    url: str


class Feed(NamedTuple):
    """The feed as a template wants it.

    `events` are of the wire, newest first. `view` tells the page's JavaScript what they are:
    `live` when they are the newest, `from` and `upto` the seqs that were searched, `here` the event
    an asked-for moment led to. `kept` are the parameters that are not the feed's, `chosen` is the
    filter as an address has it. `older`, `newer` and `newest` lead on from here, also where there
    is nothing yet: `view` tells, `whole` when nothing is older, `last` when nothing is newer. They
    are empty where they make no sense. `kinds`, `members` and `guilds` are what the fields of the
    filter suggest: all kinds, and the names in the events. `reached` is the last event looked at by
    a search that was stopped before it was done. `scoped`: of one guild, whatever is asked.
    """

    events: list[dict[str, Any]]
    view: dict[str, Any]
    wanted: EventFilter
    kept: dict[str, str]
    given: dict[str, str]
    problem: str
    choices: list[Choice]
    tokens: list[Token]
    kinds: list[str]
    members: list[str]
    guilds: list[str]
    scoped: bool
    chosen: str
    older: str
    newer: str
    newest: str
    reached: str


class _Piece(NamedTuple):
    """Events, newest first, and the seqs that were searched; `whole` ends: nothing is beyond."""

    events: list[Event]
    low: int
    high: int
    oldest: bool = False
    newest: bool = False
    here: int = 0


def read_feed(
    query: QueryDict, stream: dict[str, Any], limit: int, *, scoped: bool = False
) -> Feed:
    """Return the feed that `query` asks for, of a log that stands at `stream`.

    What makes no sense is said in `problem`, and nothing is found. `scoped` to the guild of
    `query`, it offers no other, and no way out of it.
    """
    head = stream["head"]
    kept = {name: str(query[name]) for name in query if name not in _NAMES and query[name]}
    link = partial(_link, kept)
    problem, wanted, piece, past = "", ALL, _Piece([], head + 1, head), False
    given = query
    try:
        query = _with_ids(query)
        wanted = read_event_filter(query)
        page = read_event_page(query)._replace(limit=limit)
        moment = read_moment(query, "at")
        past = bool(moment) or page.after is not None or page.before is not None
        within = read_seconds(query, "within")
        around = None if moment is None else search.seq_at(moment)
        if moment and within:
            first = max(moment, _EPOCH + within) - within  # no moment is before the first
            around = search.slowest(first, moment) or around
        piece = _read(page, around, head)
    except BadParameter as error:
        problem, past = str(error), True
    kinds = search.kinds()
    families = _families(kinds)
    stopped = not problem and not piece.oldest and len(piece.events) < limit and not piece.here
    return Feed(
        events=[frames.event_data(event) for event in piece.events],
        view={
            "epoch": stream["epoch"],
            "live": not past,
            "from": piece.low,
            "upto": piece.high,
            "whole": piece.oldest,
            "last": piece.newest,
            "here": piece.here,
            "filter": filter_data(wanted),
        },
        wanted=wanted,
        kept=kept,
        given={name: given.get(name, "") for name in _NAMES},
        problem=problem,
        choices=_choices(link, wanted, families),
        tokens=_tokens(link, wanted, piece.events, families, scoped),
        kinds=kinds,
        members=_distinct(event.actor_name for event in piece.events),
        guilds=_distinct(event.guild_name for event in piece.events),
        scoped=scoped,
        chosen="?" + urlencode(event_parameters(wanted)),
        older="" if problem else link(wanted, before=piece.low),
        newer="" if problem or not past else link(wanted, after=piece.high),
        newest=link(wanted) if past else "",
        reached=str(piece.low) if stopped else "",
    )


def _with_ids(query: QueryDict) -> QueryDict:
    """Return `query` with ids in the place of the names of a guild and a member.

    Raises `BadParameter` where a name is nobody's, or that of several.
    """
    query = query.copy()
    whose: tuple[tuple[Literal["actor", "guild"], str], ...] = (
        ("guild", "guild"),
        ("actor", "member"),
    )
    for parameter, word in whose:
        name = query.get(parameter, "").strip()
        if not name or (name.isascii() and name.isdigit()):
            continue
        if len(name) > TEXT_MAX_CHARACTERS or "\0" in name:
            raise BadParameter(f"{word} is a name of at most {TEXT_MAX_CHARACTERS} characters.")
        ids = guilds.called(name) if parameter == "guild" else []
        ids = ids or search.called(parameter, name)
        if not ids:
            raise BadParameter(
                f"no {word} is called {name!r} in the newest {search.ROWS_MAX:,} events."
                " Give the id, or search for a part of the name."
            )
        if len(ids) > 1:
            some = ", ".join(map(str, ids[:IDS_SHOWN]))
            raise BadParameter(f"{len(ids)} {word}s are called {name!r}. Give an id: {some}.")
        query[parameter] = str(ids[0])
    return query


def _distinct(names: Iterable[str]) -> list[str]:
    return sorted({name for name in names if name})


def _read(page: EventPage, around: int | None, head: int) -> _Piece:
    if around is not None:
        half = page._replace(limit=page.limit // 2, before=None, after=None)
        later = _read(half._replace(after=around), None, head)
        earlier = _read(half._replace(before=around + 1), None, head)
        events = [*later.events, *earlier.events]
        here = earlier.events[0].seq if earlier.events else events[-1].seq if events else 0
        return _Piece(events, earlier.low, later.high, earlier.oldest, later.newest, here)
    found = search.search(page, head)
    if page.after is not None:
        low = min(page.after, head) + 1
        oldest = page.after == 0
        return _Piece(found.events[::-1], low, found.reached, oldest, found.whole)
    high = head if page.before is None else min(page.before - 1, head)
    return _Piece(found.events, found.reached, high, found.whole, newest=high >= head)


Link = Callable[..., str]
"""Takes a filter, and `before` or `after`; returns the address of that feed."""


def _link(kept: dict[str, str], wanted: EventFilter, **place: int) -> str:
    return "?" + urlencode(kept | event_parameters(wanted) | {n: str(s) for n, s in place.items()})


def _families(kinds: Sequence[str]) -> list[str]:
    """Return the families that are quick choices, as a filter asks for them."""
    found = dict.fromkeys(f"{kind.partition('.')[0]}.*" for kind in kinds if "." in kind)
    return list(found)[:FAMILIES_SHOWN]


def _choices(link: Link, wanted: EventFilter, families: Sequence[str]) -> list[Choice]:
    """Return the quick ones: all; errors, warnings and one family, which go together."""
    none = wanted._replace(levels=(), kind="")
    choices = [Choice("all", link(none), on=none == wanted)]
    for word, level in QUICK_LEVELS.items():
        on = level in wanted.levels
        choices.append(Choice(word, link(_toggled(wanted, level)), on))
    for family in families:
        on = wanted.kind == family
        kind = "" if on else family
        choices.append(Choice(family.removesuffix(".*"), link(wanted._replace(kind=kind)), on))
    return choices


def _toggled(wanted: EventFilter, level: str) -> EventFilter:
    """Return the filter with `level` if it is without, else without it."""
    chosen = {*wanted.levels} ^ {level}
    return wanted._replace(levels=tuple(each for each in Level.values if each in chosen))


def _tokens(
    link: Link,
    wanted: EventFilter,
    events: Sequence[Event],
    families: Sequence[str],
    scoped: bool,
) -> list[Token]:
    """Return each part of what is asked for that is none of the quick choices."""
    tokens = [
        Token("level", WORDS[level], link(_toggled(wanted, level)))
        for level in wanted.levels
        if level not in QUICK_LEVELS.values()
    ]
    if wanted.kind and wanted.kind not in families:
        tokens.append(Token("kind", wanted.kind, link(wanted._replace(kind=""))))
    if wanted.guild is not None and not scoped:
        names = [event.guild_name for event in events if event.guild_id == wanted.guild]
        kept = Guild.objects.filter(pk=wanted.guild).values_list("name", flat=True).first()
        name = kept or next(filter(None, names), str(wanted.guild))
        tokens.append(Token("guild", name, link(wanted._replace(guild=None))))
    if wanted.actor is not None:
        names = [event.actor_name for event in events if event.actor_id == wanted.actor]
        name = next(filter(None, names), str(wanted.actor))
        tokens.append(Token("member", name, link(wanted._replace(actor=None))))
    if wanted.command:
        tokens.append(Token("command", f"/{wanted.command}", link(wanted._replace(command=""))))
    if wanted.fingerprint:
        url = link(wanted._replace(fingerprint=""))
        tokens.append(Token("fingerprint", wanted.fingerprint, url))
    if wanted.text:
        tokens.append(Token("text", wanted.text, link(wanted._replace(text=""))))
    return tokens
