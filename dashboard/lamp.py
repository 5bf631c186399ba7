"""The connection lamp: page, bot and Discord told apart. `static/js/lamp.js` does the same, live.

Both are held to `tests/js/fixtures/lamp.json`.
"""

from datetime import datetime, timedelta
from typing import Any, TypedDict

SHAPES = {"good": "●", "warn": "▲", "bad": "✕", "unknown": "○"}


class Link(TypedDict):
    """One link of the chain: its `state` and word, and since when that is known (`at`)."""

    id: str
    state: str
    shape: str
    word: str
    at: str | None


def lamp(stats: dict[str, Any]) -> list[Link]:
    """Return the three links as they were when `stats` were made; the page itself is not live."""
    bot = _bot(stats)
    return [
        _link("page", "unknown", "page not live", stats["generatedAt"]),
        bot,
        _discord(stats) if bot["state"] == "good" else _link("discord", "unknown", "Discord ?"),
    ]


def _link(id: str, state: str, word: str, at: str | None = None) -> Link:
    return {"id": id, "state": state, "shape": SHAPES[state], "word": word, "at": at}


def _bot(stats: dict[str, Any]) -> Link:
    bot = stats["bot"]
    if bot["state"] == "never":
        return _link("bot", "unknown", "bot never seen")
    good = bot["state"] in {"online", "connecting"}
    word = "bot online" if good else f"bot {bot['state']}"
    return _link("bot", "good" if good else "bad", word, bot["heartbeatAt"])


def _discord(stats: dict[str, Any]) -> Link:
    bot, shards = stats["bot"], stats["bot"]["shards"]
    down = sum(1 for shard in shards if shard["state"] != "connected")
    acks = [s["lastAckSeconds"] for s in shards if s["lastAckSeconds"] is not None]
    at = _before(bot["heartbeatAt"], max(acks)) if acks and bot["heartbeatAt"] else None
    if bot["state"] == "connecting" or (shards and down == len(shards)):
        return _link("discord", "bad", "Discord not connected", at)
    if down:
        word = f"Discord: {down} of {len(shards)} shards down"
        return _link("discord", "warn", word, at)
    latency = "" if bot["latencyMs"] is None else f" {int(bot['latencyMs'] + 0.5):,} ms"
    if any(card["id"] == "latency" and card["state"] for card in stats["cards"]):
        return _link("discord", "warn", f"Discord slow{latency}", at)
    return _link("discord", "good", f"Discord{latency or ' connected'}", at)


def _before(timestamp: str, seconds: float) -> str:
    at = datetime.fromisoformat(timestamp) - timedelta(milliseconds=int(seconds * 1000 + 0.5))
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
