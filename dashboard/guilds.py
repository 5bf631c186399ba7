"""The guilds, as their pages and their JSON tell of them. Counters and short looks into an index.

A list of guilds costs the guilds of one page, whatever the length of the log.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.http import QueryDict

from dashboard import cards, headline
from dashboard.activity import COMMAND_KINDS
from dashboard.failures import COMMAND_FAILED
from dashboard.filters import folded
from dashboard.frames import timestamp
from dashboard.models import Event, Guild, GuildCommandDay, Level
from dashboard.parameters import TEXT_MAX_CHARACTERS, BadParameter
from dashboard.spans import DAY, last_days

PAGE_GUILDS = 50
DAYS = 30
EVENTS_MAX = 500
"""So many of its newest events a guild's p95, active members and errors are taken from."""
_PLACE = re.compile(r"(-1|[0-9]{1,10})_([0-9]{1,19})", re.ASCII)
_ID = re.compile(r"[0-9]{1,19}", re.ASCII)

Row = dict[str, Any]


class GuildPage(NamedTuple):
    """Which guilds are wanted: those with `text` in their name or as id, that follow `after`."""

    text: str
    after: tuple[int, int] | None


def read_guild_page(query: QueryDict) -> GuildPage:
    """Return the page of guilds that `query` asks for; raise `BadParameter`."""
    text = query.get("q", "").strip()
    if len(text) > TEXT_MAX_CHARACTERS or "\0" in text:
        raise BadParameter(f"q is a text of at most {TEXT_MAX_CHARACTERS} characters.")
    place = query.get("after", "")
    if not place:
        return GuildPage(text, None)
    found = _PLACE.fullmatch(place)
    if not found or int(found[1]) >= 2**31 or int(found[2]) >= 2**63:
        raise BadParameter("after is what the page before gave as next.")
    return GuildPage(text, (int(found[1]), int(found[2])))


def guild_page(page: GuildPage, now: datetime) -> dict[str, Any]:
    """Return what `/api/guilds` answers: the largest guilds first, and where the next page begins.

    The order is by members, then by id; guilds whose size is not known come last.
    """
    guilds = _with_size()
    if page.text:
        named = _named(page.text)
        if _ID.fullmatch(page.text) and int(page.text) < 2**63:
            named |= Q(id=int(page.text))
        guilds = guilds.filter(named)
    if page.after:
        size, id = page.after
        guilds = guilds.filter(Q(size__lt=size) | Q(size=size, id__gt=id))
    found = list(guilds.order_by(F("size").desc(), "id")[: PAGE_GUILDS + 1])
    shown = found[:PAGE_GUILDS]
    more = len(found) > PAGE_GUILDS
    last = shown[-1] if more else None
    return {
        "guilds": _rows(shown, now),
        "next": f"{last.size}_{last.id}" if last else None,  # type: ignore[attr-defined]
    }


def called(name: str) -> list[int]:
    """Return the ids of the guilds whose name is this, whatever the case."""
    found = Guild.objects.filter(_named(name)).order_by("id").values_list("id", "name")
    return [id for id, its in found if folded(its) == folded(name)]


def _named(text: str) -> Q:
    """Return the condition that `text` is in the name of a guild, whatever the case."""
    named = Q()
    # SQLite knows the two cases of no letter beyond ASCII.
    for form in {text, text.lower(), text.upper(), text.title()}:
        named |= Q(name__icontains=form)
    return named


def find(id: int) -> Guild | None:
    """Return a guild the bot told of, or one that only the log knows; None if nobody does."""
    if id >= 2**63:
        return None
    if guild := _with_size().filter(id=id).first():
        return guild
    event = Event.objects.filter(guild_id=id).order_by("-seq").first()
    if event is None:
        return None
    guild = Guild(id=id, name=event.guild_name, seen_at=event.timestamp, available=False)
    guild.last_at = event.timestamp  # type: ignore[attr-defined]
    return guild


def guild_data(guild: Guild, now: datetime) -> dict[str, Any]:
    """Return what `/api/guilds/ID` answers: the guild, its cards, days, commands and errors.

    Days and commands are counted; p95, active members, errors, the headline and the cards of other
    apps come from its newest events.
    """
    first, today = last_days(now, 2 * DAYS)
    month = today - timedelta(days=DAYS - 1)
    days: dict[date, Counter[str]] = {}
    commands: dict[str, Counter[str]] = {}
    used = GuildCommandDay.objects.filter(guild_id=guild.id, day__range=(first, today))
    for day, command, outcome, runs in used.values_list("day", "command", "outcome", "runs"):
        days.setdefault(day, Counter())[outcome] += runs
        if day >= month:
            commands.setdefault(command, Counter())[outcome] += runs
    lately, row = _lately(guild.id, now), _rows([guild], now)[0]
    shown = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    return {
        "guild": row,
        "headline": headline.of_guild(
            row,
            [event for event in lately.events if event.level == Level.ERROR],
            next((event for event in lately.events if event.kind in COMMAND_KINDS), None),
            words=lately.words,
            now=now,
        ),
        "cards": msgspec.to_builtins(
            [
                *_cards(days, today),
                *_cards_of(lately),
                *(card for provider in _providers for card in provider(lately)),
            ]
        ),
        "days": [
            {
                "day": day.isoformat(),
                "commands": days.get(day, Counter()).total(),
                "failed": days.get(day, Counter())["failed"],
            }
            for day in shown
        ],
        "errors": _errors(lately),
        "commands": [
            {
                "command": command,
                "runs": outcomes.total(),
                "refused": outcomes["refused"],
                "failed": outcomes["failed"],
            }
            for command, outcomes in sorted(
                commands.items(), key=lambda item: (-item[1].total(), item[0])
            )
        ],
    }


def _with_size() -> QuerySet[Guild]:
    latest = Event.objects.filter(guild_id=OuterRef("id")).order_by("-seq")
    return Guild.objects.annotate(
        size=Coalesce("members", Value(-1)), last_at=Subquery(latest.values("timestamp")[:1])
    )


def _rows(guilds: Sequence[Guild], now: datetime) -> list[Row]:
    first, today = last_days(now, DAYS)
    used = GuildCommandDay.objects.filter(
        guild_id__in=[guild.id for guild in guilds], day__range=(first, today)
    )
    month: Counter[int] = Counter()
    day: Counter[int] = Counter()
    failed: Counter[int] = Counter()
    sums = used.values_list("guild_id", "outcome").annotate(
        month=Sum("runs"), day=Sum("runs", filter=Q(day=today))
    )
    for guild_id, outcome, in_month, in_day in sums:
        month[guild_id] += in_month
        day[guild_id] += in_day or 0
        failed[guild_id] += in_month * (outcome == "failed")
    return [
        {
            "id": str(guild.id),
            "name": guild.name,
            "members": guild.members,
            "state": _state(guild),
            "commandsToday": day[guild.id],
            "commandsMonth": month[guild.id],
            "failedMonth": failed[guild.id],
            "lastAt": _moment(guild.last_at),  # type: ignore[attr-defined]
            "joinedAt": _moment(guild.joined_at),
            "leftAt": _moment(guild.left_at),
        }
        for guild in guilds
    ]


def _state(guild: Guild) -> str:
    if guild.left_at is not None:
        return "left"
    return "here" if guild.available else "unavailable"


def _moment(at: datetime | None) -> str | None:
    return None if at is None else timestamp(at)


class Lately(NamedTuple):
    """The events of a guild in the last 24 hours, newest first: at most the newest `EVENTS_MAX`."""

    events: list[Event]
    whole: bool

    @property
    def words(self) -> str:
        """What stands after a figure taken from them."""
        return "in 24 h" if self.whole else f"in its last {len(self.events):,} events"


CardsOfGuild = Callable[[Lately], Iterable[cards.Card]]

_providers: list[CardsOfGuild] = []


def register(provider: CardsOfGuild) -> None:
    """Show on the page of each guild the cards that `provider` makes of what it did lately.

    Call it in `AppConfig.ready`. It reads nothing: the events have their data.
    """
    _providers.append(provider)


def _lately(guild_id: int, now: datetime) -> Lately:
    events = list(Event.objects.filter(guild_id=guild_id).order_by("-seq")[:EVENTS_MAX])
    late = [event for event in events if event.timestamp > now - DAY]
    return Lately(late, whole=len(late) < EVENTS_MAX)


def _errors(lately: Lately) -> list[Row]:
    """Return the failed commands of a guild by fingerprint, the latest first."""
    groups: dict[str, Row] = {}
    for event in lately.events:
        if event.kind != COMMAND_FAILED:
            continue
        told = {name: event.data.get(name) for name in ("fingerprint", "error", "where")}
        texts = {name: text if isinstance(text, str) else "" for name, text in told.items()}
        found = groups.setdefault(
            texts["fingerprint"],
            {
                **texts,
                "command": event.command,
                "count": 0,
                "lastSeenAt": timestamp(event.timestamp),
            },
        )
        found["count"] += 1
        found["firstSeenAt"] = timestamp(event.timestamp)
    return list(groups.values())


def _cards_of(lately: Lately) -> list[cards.Card]:
    took = sorted(
        event.duration_ms
        for event in lately.events
        if event.kind in COMMAND_KINDS and event.duration_ms is not None
    )
    p95 = took[math.ceil(0.95 * len(took)) - 1] if took else None
    active = {event.actor_id for event in lately.events if event.actor_id is not None}
    return [
        cards.Card(
            id="p95",
            label="Command p95",
            value="–" if p95 is None else f"{p95:,.0f}",
            unit="" if p95 is None else "ms",
            period=lately.words,
        ),
        cards.Card(
            id="active",
            label="Active members",
            value=cards.count(len(active)),
            period=lately.words,
        ),
    ]


def _cards(days: dict[date, Counter[str]], today: date) -> list[cards.Card]:
    def past(outcome: str = "") -> list[int]:
        counts = [days.get(today - timedelta(days=back), Counter()) for back in range(2 * DAYS)]
        return [each[outcome] if outcome else each.total() for each in counts][::-1]

    runs, failed = past(), past("failed")
    now, before = sum(runs[DAYS:]), sum(runs[:DAYS])
    change = (now - before) * 100 / before if before else None
    return [
        cards.Card(
            id="today",
            label="Commands today",
            value=cards.count(runs[-1]),
            change=cards.count(runs[-2]),  # of a day: how far it was by now is not counted
            period="all of yesterday",
        ),
        cards.Card(
            id="month",
            label="Commands",
            value=cards.count(now),
            unit=f"in {DAYS} d",
            change="" if change is None else cards.signed(change, "%"),
            tone="" if not change else "good" if change > 0 else "bad",
            period="" if change is None else f"on the {DAYS} d before",
            trend=tuple(map(float, runs[DAYS - 1 : -1])),
            span=f"{DAYS} d",
        ),
        cards.Card(
            id="failed",
            label="Failed",
            value=cards.count(sum(failed[DAYS:])),
            unit=f"in {DAYS} d",
            change=f"{failed[-1]:,}",
            period="today",
            tone="bad" if failed[-1] else "",
            trend=tuple(map(float, failed[DAYS - 1 : -1])),
            span=f"{DAYS} d",
        ),
    ]
