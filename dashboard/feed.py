"""What the feed of a page shows: the events an address asks for, and the ways on from there."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import QueryDict

from dashboard import frames, search
from dashboard.filters import ALL, EventFilter, filter_data
from dashboard.models import Event, Guild, Level
from dashboard.parameters import (
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
    """A link that changes the filter; `on` says that it is chosen now."""

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
    are empty where they make no sense. `reached` is the last event looked at by a search that was
    stopped before it was done.
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


def read_feed(query: QueryDict, stream: dict[str, Any], limit: int) -> Feed:
    """Return the feed that `query` asks for, of a log that stands at `stream`.

    What makes no sense is said in `problem`, and nothing is found.
    """
    head = stream["head"]
    kept = {name: str(query[name]) for name in query if name not in _NAMES and query[name]}
    link = partial(_link, kept)
    problem, wanted, piece, past = "", ALL, _Piece([], head + 1, head), False
    try:
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
        given={name: query.get(name, "") for name in _NAMES},
        problem=problem,
        choices=_choices(link, wanted, kinds),
        tokens=_tokens(link, wanted, piece.events),
        kinds=kinds,
        chosen="?" + urlencode(event_parameters(wanted)),
        older="" if problem else link(wanted, before=piece.low),
        newer="" if problem or not past else link(wanted, after=piece.high),
        newest=link(wanted) if past else "",
        reached=str(piece.low) if stopped else "",
    )


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


def _choices(link: Link, wanted: EventFilter, kinds: Sequence[str]) -> list[Choice]:
    """Return the quick ones: all; errors, warnings and one family, which go together."""
    families = dict.fromkeys(kind.partition(".")[0] for kind in kinds if "." in kind)
    none = wanted._replace(levels=(), kind="")
    choices = [Choice("all", link(none), on=none == wanted)]
    for word, level in (("errors", Level.ERROR.value), ("warnings", Level.WARN.value)):
        on = level in wanted.levels
        choices.append(Choice(word, link(_toggled(wanted, level)), on))
    for family in list(families)[:FAMILIES_SHOWN]:
        on = wanted.kind == f"{family}.*"
        kind = "" if on else f"{family}.*"
        choices.append(Choice(family, link(wanted._replace(kind=kind)), on))
    return choices


def _toggled(wanted: EventFilter, level: str) -> EventFilter:
    """Return the filter with `level` if it is without, else without it."""
    chosen = {*wanted.levels} ^ {level}
    return wanted._replace(levels=tuple(each for each in Level.values if each in chosen))


def _tokens(link: Link, wanted: EventFilter, events: Sequence[Event]) -> list[Token]:
    """Return each part of what is asked for."""
    tokens = [
        Token("level", WORDS[level], link(_toggled(wanted, level))) for level in wanted.levels
    ]
    if wanted.kind:
        tokens.append(Token("kind", wanted.kind, link(wanted._replace(kind=""))))
    if wanted.guild is not None:
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
