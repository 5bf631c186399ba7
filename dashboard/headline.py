"""The one sentence that says how things are, before any number.

It is calm only when every link of the lamp is good, no card is out of the ordinary and nothing
failed within the hour; what is gravest is told.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypedDict

from dashboard.failures import COMMAND_FAILED, Failures
from dashboard.frames import event_data, timestamp
from dashboard.lamp import lamp
from dashboard.models import Event
from dashboard.spans import HOUR
from dashboard.templatetags.feed import parts

Tone = Literal["calm", "warn", "bad"]
MESSAGE_MAX_CHARACTERS = 160

_STRANGE: dict[str, Tone] = {"warn": "warn", "bad": "bad"}
"""The states of links and cards that are not well, with what they make of the headline."""

_BOT_TROUBLE: dict[str, tuple[Tone, str, str]] = {
    "never": ("warn", "No bot has reported yet.", "Start one with `manage.py runbot`."),
    "stopped": (
        "bad",
        "The bot is stopped.",
        "It said goodbye; start it with `manage.py runbot`.",
    ),
    "offline": (
        "bad",
        "The bot does not answer.",
        "Its last heartbeat is too old: look at its log.",
    ),
    "connecting": ("bad", "The bot runs, but is not connected to Discord.", ""),
}


class Part(TypedDict):
    """A piece of a sentence: plain, a `name`, a `command`, foreign `text`, or how long `ago`.

    The text of `ago` is the moment, as everywhere on the wire.
    """

    role: str
    text: str


class Trouble(NamedTuple):
    """Something that is not well: the sentence, those that follow it, where in the log to look."""

    tone: Tone
    text: str
    detail: list[list[Part]]
    at: str = ""
    tells_failure: bool = False


class Slow(NamedTuple):
    """A latency out of the ordinary: how many times its usual, and where in the log to look."""

    times: float
    at: datetime


def compose(
    stats: dict[str, Any],
    *,
    failures: Failures,
    last_command: Event | None,
    gateway: Slow | None,
    commands: Slow | None,
) -> dict[str, Any]:
    """Return the headline of `stats`, which have their bot and cards; docs/wire.md has the shape.

    Whatever it tells, the detail has the last command and the last failure: what, for whom, where
    and when. `gateway` is slow since its moment, `commands` were slowest at theirs.
    """
    found = list(_troubles(stats, failures, gateway, commands))
    gravest = next((each for each in found if each.tone == "bad"), found[0] if found else None)
    past = [_last_command(last_command), _last_failure(failures, last_command)]
    if gravest is None:
        gravest = Trouble("calm", "All is well.", [])
    elif gravest.tells_failure:
        past.reverse()
    guild = failures.last.guild_id if gravest.tells_failure and failures.last else None
    return {
        "tone": gravest.tone,
        "text": gravest.text,
        "detail": _joined([*gravest.detail, *past]),
        "at": gravest.at,
        "guild": None if guild is None else str(guild),
    }


def of_guild(
    guild: dict[str, Any],
    errors: Sequence[Event],
    last_command: Event | None,
    *,
    words: str,
    now: datetime,
) -> dict[str, Any]:
    """Return the headline of one guild: whether it is reached, and what failed there of late.

    `errors` (newest first) and `last_command` are of the time or the events that `words` names.
    """
    late = sum(1 for error in errors if error.timestamp > now - HOUR)
    tone, text, detail = "calm", "All is well in this guild.", _plain("")
    if guild["state"] == "left":
        tone, text = "warn", "The bot is not in this guild any more."
        detail = [*_plain("It left "), {"role": "ago", "text": guild["leftAt"]}, *_plain(".")]
    elif guild["state"] == "unavailable":
        tone, text = "warn", "This guild is unavailable."
        detail = _plain("No process of the bot reaches it.")
    elif late:
        many = "One error" if late == 1 else f"{late:,} errors"
        tone, text = "warn", f"{many} in this guild in the last hour."
    command = _last_command(last_command) if last_command else _plain(f"No command {words}.")
    failed = _plain(f"No error {words}.")
    if errors:
        many = "One error" if len(errors) == 1 else f"{len(errors):,} errors"
        of_last = [*_failure(errors[0], place=False), *_plain(", "), _ago(errors[0])]
        failed = [*_plain(f"{many} {words}, the last: "), *of_last, *_plain(".")]
    return {
        "tone": tone,
        "text": text,
        "detail": _joined([detail, *([failed, command] if late else [command, failed])]),
        "at": timestamp(errors[0].timestamp) if errors else "",
        "guild": guild["id"],
    }


def on_page_of_guild(whole: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Return which of two headlines the page of a guild shows: that of all is not about others.

    `static/js/headline.js` does the same.
    """
    return own if whole["tone"] == "calm" or whole["guild"] else whole


def _troubles(
    stats: dict[str, Any], failures: Failures, gateway: Slow | None, commands: Slow | None
) -> Iterator[Trouble]:
    """Yield what is not well; of equal weight, what comes first is told."""
    bot = stats["bot"]
    if bot["state"] in _BOT_TROUBLE:
        tone, text, hint = _BOT_TROUBLE[bot["state"]]
        yield Trouble(tone, text, [_plain(hint)] if hint else [], bot["heartbeatAt"] or "")
    strange = {card["id"]: card for card in stats["cards"] if card["state"]}
    for link in lamp(stats):
        slow = link["id"] == "discord" and "latency" in strange and not _down(bot)
        if link["state"] in _STRANGE and bot["state"] == "online" and not slow:
            yield Trouble(_STRANGE[link["state"]], f"{link['word']}.", [_plain(_down(bot))])
    if bot["maintenance"]:
        since = bot["maintenance"]["since"] or ""
        why: Part = {"role": "text", "text": bot["maintenance"]["reason"].rstrip(".")}
        told = [*_plain(f"Since {since[11:16]} UTC: "), why, *_plain(".")]
        yield Trouble("warn", "The bot is in maintenance.", [told], since)
    if "latency" in strange and gateway:
        yield _slow_gateway(strange.pop("latency"), stats["cards"], gateway)
    if failures.errors and failures.last:
        yield _failing(failures, failures.last)
        strange.pop("errors", None)
    if "p95" in strange and commands:
        yield _slow_commands(strange.pop("p95"), commands)
    for card in strange.values():
        yield Trouble(_STRANGE[card["state"]], f"{card['label']}: {card['word']}.", [])


def _down(bot: dict[str, Any]) -> str:
    """Return which shards are not connected."""
    down = [
        f"#{shard['id']} {shard['state']}"
        for shard in bot["shards"]
        if shard["state"] != "connected"
    ]
    more = f" and {len(down) - 3:,} more" if len(down) > 3 else ""
    return f"Shard {', '.join(down[:3])}{more}." if down else ""


def _slow_gateway(card: dict[str, Any], cards: Iterable[dict[str, Any]], slow: Slow) -> Trouble:
    text = f"Discord latency is {slow.times:,.0f} times its usual since {slow.at:%H:%M} UTC."
    details = [_plain(f"{card['value']} ms now.")]
    for p95 in cards:
        if p95["id"] == "p95" and p95["unit"]:
            details.append(_plain(f"Commands still answer: p95 {p95['value']} ms."))
    return Trouble(_STRANGE[card["state"]], text, details, timestamp(slow.at))


def _slow_commands(card: dict[str, Any], slow: Slow) -> Trouble:
    text = f"Commands take {slow.times:,.0f} times as long as usual."
    detail = f"p95 {card['value']} ms in the last hour, slowest at {slow.at:%H:%M} UTC."
    return Trouble(_STRANGE[card["state"]], text, [_plain(detail)], timestamp(slow.at))


def _failing(failures: Failures, last: Event) -> Trouble:
    errors, commands = failures.errors, failures.commands
    many = f"{errors:,}" if failures.whole else f"Over {errors:,}"
    if commands == errors:
        what = "One command has" if errors == 1 else f"{many} commands have"
        text = f"{what} failed in the last hour."
    else:
        of_them = f", {commands:,} of them failed commands" if commands else ""
        text = f"{'One error' if errors == 1 else f'{many} errors'} in the last hour{of_them}."
    return Trouble("warn", text, [], timestamp(last.timestamp), tells_failure=True)


def _last_command(command: Event | None) -> list[Part]:
    if command is None:
        return _plain("No commands yet: try /daily.")
    return [*_plain("Last command "), _ago(command), *_plain(".")]


def _last_failure(failures: Failures, last_command: Event | None) -> list[Part]:
    event = failures.last
    if event is None:
        return _plain("No failure in the log.") if failures.none and last_command else []
    return [*_plain("Last failure: "), *_failure(event), *_plain(", "), _ago(event), *_plain(".")]


def _failure(event: Event, *, place: bool = True) -> list[Part]:
    if event.kind != COMMAND_FAILED or not event.command:
        told = event_data(event) | {"message": event.message[:MESSAGE_MAX_CHARACTERS].rstrip(". ")}
        return [{"role": piece["role"] or "text", "text": piece["text"]} for piece in parts(told)]
    pieces: list[Part] = [{"role": "command", "text": f"/{event.command}"}]
    for word, name in (("for", event.actor_name), ("in", place and event.guild_name)):
        if name:
            pieces += [*_plain(f" {word} "), {"role": "name", "text": name}]
    return pieces


def _ago(event: Event) -> Part:
    return {"role": "ago", "text": timestamp(event.timestamp)}


def _plain(text: str) -> list[Part]:
    return [{"role": "", "text": text}] if text else []


def _joined(sentences: Iterable[list[Part]]) -> list[Part]:
    """Return the pieces of all sentences, a space between each and the next."""
    pieces: list[Part] = []
    for sentence in filter(None, sentences):
        for piece in [*_plain(" " if pieces else ""), *sentence]:
            if pieces and pieces[-1]["role"] == piece["role"] == "":
                pieces[-1] = {"role": "", "text": pieces[-1]["text"] + piece["text"]}
            else:
                pieces.append(piece)
    return pieces
