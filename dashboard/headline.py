"""The one sentence that says how things are, before any number."""

from datetime import datetime
from typing import Any

from dashboard.cards import times_usual
from dashboard.frames import timestamp
from dashboard.models import Event

_BOT_TROUBLE = {
    "never": ("warn", "No bot has reported yet.", "Start one with `manage.py runbot`."),
    "stopped": (
        "warn",
        "The bot is stopped.",
        "It said goodbye; start it with `manage.py runbot`.",
    ),
    "offline": (
        "bad",
        "The bot does not answer.",
        "Its last heartbeat is too old: look at its log.",
    ),
    "connecting": ("warn", "The bot runs, but is not connected to Discord.", ""),
}


def compose(
    bot: dict[str, Any],
    *,
    usual_ms: float | None,
    errors: int,
    last_command: Event | None,
    last_failure: Event | None,
    now: datetime,
) -> dict[str, str]:
    """Return `tone` (calm, warn, bad), `text` (one sentence) and `detail` (what to know next).

    `at` is the moment in the log to look at, empty where there is none. `usual_ms` is the usual
    gateway latency, `errors` how many errors this hour and the last had. The gravest trouble is
    told: the bot, maintenance, its latency, errors.
    """
    detail = _last(last_command, now)
    if bot["state"] in _BOT_TROUBLE:
        tone, text, hint = _BOT_TROUBLE[bot["state"]]
        return _line(tone, text, hint, detail, at=bot["heartbeatAt"] or "")
    if bot["maintenance"]:
        why = bot["maintenance"]["reason"]
        since = bot["maintenance"]["since"] or ""
        told = f"Since {since[11:16]} UTC: {why.rstrip('.')}."
        return _line("warn", "The bot is in maintenance.", told, detail, at=since)
    times = times_usual(bot["latencyMs"], usual_ms)
    if times:
        text = f"Discord latency is {times:.0f} times its usual."
        return _line("warn", text, f"{bot['latencyMs']:,.0f} ms now.", detail)
    if errors and last_failure is not None:
        number = "One command has" if errors == 1 else f"{errors:,} commands have"
        at = timestamp(last_failure.timestamp)
        why = _failure(last_failure, now)
        return _line("warn", f"{number} failed recently.", why, detail, at=at)
    return _line("calm", "All is well.", detail)


def age(seconds: float) -> str:
    """Return a length of time as it is read: `3 s`, `12 min`, `5 h`, `9 d`."""
    for limit, size, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{max(0, int(seconds // size))} {unit}"
    return f"{int(seconds // 86400)} d"


def _line(tone: str, text: str, *details: str, at: str = "") -> dict[str, str]:
    detail = " ".join(part for part in details if part)
    return {"tone": tone, "text": text, "detail": detail, "at": at}


def _last(command: Event | None, now: datetime) -> str:
    if command is None:
        return "No commands yet: try /daily."
    return f"Last command {age((now - command.timestamp).total_seconds())} ago."


def _failure(event: Event, now: datetime) -> str:
    where = f" in {event.guild_name}" if event.guild_name else ""
    who = f" for {event.actor_name}" if event.actor_name else ""
    return (
        f"Last: /{event.command}{who}{where}, {age((now - event.timestamp).total_seconds())} ago."
    )
