"""Figures as the page writes them: what is not known is a dash, never a zero."""

from typing import Any

from django import template

register = template.Library()

UNKNOWN = "–"
_NOTHING = (None, "")  # a template hands over "" for what is not there

_BOT_WORDS = {
    "online": "online",
    "connecting": "connecting to Discord",
    "offline": "offline",
    "stopped": "stopped",
    "never": "never seen",
}
_DELIVERY_WORDS = {
    "live": "live",
    "polling": "polling the database",
    "stale": "database silent",
}


@register.filter
def figure(value: Any) -> str:
    """Return `4,182`, or a dash."""
    return UNKNOWN if value in _NOTHING else f"{int(value + 0.5):,}"


@register.filter
def milliseconds(value: Any) -> str:
    """Return `61 ms`, `<1 ms` for what would be rounded to nothing, or a dash."""
    if value in _NOTHING:
        return UNKNOWN
    return "<1 ms" if 0 < value < 0.5 else f"{figure(value)} ms"


@register.filter
def megabytes(count: Any) -> str:
    """Return `84 MB` for a number of bytes, or a dash."""
    return UNKNOWN if count in _NOTHING else f"{figure(count / 1_000_000)} MB"


@register.filter
def ack(seconds: Any) -> str:
    """Return `ack 3 s`: how old the last answer of Discord was at the bot's last heartbeat."""
    return f"ack {UNKNOWN}" if seconds in _NOTHING else f"ack {figure(seconds)} s"


@register.filter
def guilds(count: Any) -> str:
    """Return `5 guilds`, or nothing when it is not known."""
    if count in _NOTHING:
        return ""
    return "1 guild" if count == 1 else f"{figure(count)} guilds"


@register.filter
def bot_word(bot: dict[str, Any]) -> str:
    """Return the state of the bot in words."""
    state: str = bot["state"]
    return _BOT_WORDS.get(state, state)


@register.filter
def delivery_word(live: str) -> str:
    """Return how events come to the page, in words."""
    return _DELIVERY_WORDS.get(live, live)


@register.filter
def guild_word(state: str) -> str:
    """Return what to say of a guild in which the bot is not, or that Discord cannot reach."""
    return state if state in {"left", "unavailable"} else ""
