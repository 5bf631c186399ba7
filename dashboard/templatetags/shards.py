"""The shards of the bot, by process. `static/js/processes.js` does the same, live."""

from statistics import median
from typing import Any

from django import template

from dashboard.cards import times_usual

register = template.Library()


@register.filter
def by_process(bot: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the processes of the `bot` of the stats, each with a list of its own shards."""
    found, at = [], 0
    for process in bot["processes"]:
        end = at + process["shards"]
        found.append(process | {"shards": with_slow(bot["shards"])[at:end]})
        at = end
    return found


@register.filter
def with_slow(shards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return `shards`, those far slower than most of them with the state `slow`."""
    known = [shard["latencyMs"] for shard in shards if shard["latencyMs"] is not None]
    usual = median(known) if known else None
    return [
        shard | {"state": "slow"}
        if shard["state"] == "connected" and times_usual(shard["latencyMs"], usual)
        else shard
        for shard in shards
    ]


@register.filter
def shards_up(bot: dict[str, Any]) -> str:
    """Return `3 of 4 connected`, and nothing without a shard."""
    shards = bot["shards"]
    up = sum(1 for shard in shards if shard["state"] == "connected")
    return f"{up} of {len(shards)} connected" if shards else ""
