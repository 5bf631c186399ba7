"""From heartbeats to the one answer: is the bot up, and how is its connection?"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from dashboard.frames import timestamp
from dashboard.models import BotProcess

NEVER_SEEN: dict[str, Any] = {
    "state": "never",
    "emulated": False,
    "heartbeatAt": None,
    "startedAt": None,
    "guilds": None,
    "members": None,
    "latencyMs": None,
    "memoryBytes": None,
    "databaseMs": None,
    "processes": [],
    "shards": [],
}


def state_of(process: BotProcess, now: datetime) -> str:
    """Return `online`, `connecting`, `offline` or `stopped`, by the last heartbeat and its age."""
    if process.stopped_at is not None:
        return "stopped"
    if now - process.heartbeat_at > timedelta(seconds=settings.BOT_OFFLINE_AFTER_SECONDS):
        return "offline"
    return "online" if process.connected else "connecting"


def describe(processes: Sequence[BotProcess], now: datetime) -> dict[str, Any]:
    """Return the `bot` section of the stats: all processes of the bot taken together.

    The state is that of the worst process that has not stopped; figures are summed over those
    that are online (the database's answer: the slowest), and null where none is.
    """
    if not processes:
        return NEVER_SEEN
    states = {process.name: state_of(process, now) for process in processes}
    worst = next(
        state
        for state in ("offline", "connecting", "online", "stopped")
        if state in states.values()
    )
    online = [process for process in processes if states[process.name] == "online"]
    latencies = [process.latency_ms for process in online if process.latency_ms is not None]
    return {
        "state": worst,
        "emulated": processes[0].emulated,
        "heartbeatAt": timestamp(
            min((p.heartbeat_at for p in online), default=processes[0].heartbeat_at)
        ),
        "startedAt": timestamp(max(process.started_at for process in processes)),
        "guilds": _total(process.guilds for process in online),
        "members": _total(process.members for process in online),
        "latencyMs": round(sum(latencies) / len(latencies), 1) if latencies else None,
        "memoryBytes": _total(process.memory_bytes for process in online),
        "databaseMs": max(
            (p.database_ms for p in online if p.database_ms is not None), default=None
        ),
        "processes": [_process(process, states[process.name]) for process in processes],
        "shards": [
            _shard(shard) if states[process.name] == "online" else _shard(shard | _UNKNOWN)
            for process in processes
            if states[process.name] != "stopped"
            for shard in process.shards
        ],
    }


def _process(process: BotProcess, state: str) -> dict[str, Any]:
    """Return a process as docs/wire.md has it; `shards` of the bot's shards are its."""
    return {
        "name": process.name,
        "state": state,
        "heartbeatAt": timestamp(process.heartbeat_at),
        "startedAt": timestamp(process.started_at),
        "guilds": process.guilds if state == "online" else None,
        "memoryBytes": process.memory_bytes,
        "databaseMs": process.database_ms,
        "shards": 0 if state == "stopped" else len(process.shards),
    }


_UNKNOWN = {"state": "unknown", "latencyMs": None}


def _shard(told: dict[str, Any]) -> dict[str, Any]:
    """Return a shard as docs/wire.md has it; what its process did not tell is null."""
    return {
        name: told.get(name) for name in ("id", "state", "latencyMs", "lastAckSeconds", "guilds")
    }


def _total(values: Any) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
