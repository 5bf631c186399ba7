"""Logs and schedules of faults, drawn by Hypothesis: what the parity tests play."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st

from dashboard import frames
from dashboard.models import Event, Level

KINDS = (
    "bot.command_completed",
    "bot.command_failed",
    "bot.command_refused",
    "bot.commands_refused",
    "bot.broker_refused",
    "bot.crashed",
    "bot.started",
    "bot.stopped",
    "control.done",
    "control.failed",
    "control.requested",
    "dashboard.events_pruned",
    "economy.account_frozen",
    "economy.account_unfrozen",
    "economy.balance_corrected",
    "economy.daily_claimed",
    "economy.request_mismatched",
    "economy.transferred",
    "gateway.connected",
    "gateway.disconnected",
    "gateway.heartbeat_answered",
    "gateway.heartbeat_missed",
    "gateway.resumed",
)
_ENDINGS = KINDS[:3]


# ---------------------------------------------------------------------------- events

_BEGAN = datetime(2026, 1, 8, 12, tzinfo=UTC)
_NAMES = st.sampled_from(
    ["ada", "bob", "a", "Ада", "عادل", "a.b*c", "<b>", "/daily", "名前 1", "$&"]
)
_WORDS = st.sampled_from(
    ["claimed", "150", "coins", "to", "·", "(", "</script>", "{{ 7 }}", "é", ""]
)
_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cn", "Cc"]), max_size=12)
_SNOWFLAKES = st.integers(1, 2**63 - 1)
_DATA = st.fixed_dictionaries(
    {},
    optional={
        "amount": st.integers(0, 2**63 - 1).map(str),
        "senderName": _NAMES,
        "receiver": st.fixed_dictionaries({"name": _NAMES}),
        "streak": st.integers(0, 400),
        "where": st.none() | _TEXT,
    },
)


@st.composite
def _facts(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the fields of an event but its place in the log."""
    guild, actor = draw(st.none() | _NAMES), draw(st.none() | _NAMES)
    command = draw(st.sampled_from(["", "daily", "transfer"]))
    said = [name for name in (guild, actor, f"/{command}") if name]
    words = draw(st.lists(st.sampled_from(said) | _WORDS | _TEXT, max_size=6))
    return {
        "kind": draw(st.sampled_from(KINDS) | st.sampled_from(_ENDINGS)),
        "level": draw(st.sampled_from(Level.values)),
        "message": " ".join(words),
        "guild_id": None if guild is None else draw(_SNOWFLAKES),
        "guild_name": guild or "",
        "actor_id": None if actor is None else draw(_SNOWFLAKES),
        "actor_name": actor or "",
        "command": command,
        "duration_ms": draw(st.none() | st.just(0.0) | st.floats(0, 1e7)),
        "request_id": draw(st.sampled_from(["", "r", "r", "s"])),
        "data": draw(_DATA),
    }


# Some dozens, from which logs are made: drawing every field of every event is slow.
PALETTES = st.lists(_facts(), min_size=6, max_size=12)


def one_of_each_kind() -> list[dict[str, Any]]:
    """Return the fields of events of every kind; in every second one all is null that may be."""
    full = {"guild_id": 2**63 - 1, "guild_name": "عادل", "actor_id": 2001, "actor_name": "名前 1",
            "command": "daily", "duration_ms": 84.25, "request_id": "r",
            "data": {"amount": "9007199254740993", "streak": 7}}  # fmt: skip
    return [
        {"kind": kind, "level": Level.values[at % 4], "message": f"{kind} · <b>"}
        | (full if at % 2 else {"request_id": ""})
        for at, kind in enumerate(KINDS)
    ]


def row(palette: list[dict[str, Any]], seq: int, turn: int) -> Event:
    """Return the row of an event, not saved, an hour or so after the one before it.

    `turn` makes it another one than any that had this place in the log. A request has its events
    close together.
    """
    facts = palette[(turn * 7 + turn // 5) % len(palette)]
    at = _BEGAN + timedelta(minutes=47 * seq, milliseconds=turn)
    request = facts["request_id"] and f"{facts['request_id']}{seq // 5}"
    return Event(seq=seq, timestamp=at, **facts | {"request_id": request})


# ---------------------------------------------------------------------------- schedules


class Play(NamedTuple):
    """What the page's server goes through, and what its log is at the end of it."""

    request: dict[str, Any]
    epoch: str
    log: list[dict[str, Any]]
    kept_from: int

    def __repr__(self) -> str:
        """Say what was done; the events would hide it."""
        began = len(self.request["log"]["events"])
        steps = [
            {**step, "events": len(step["events"])} if "events" in step else step
            for step in self.request["steps"]
        ]
        return f"<{began} events, replays of {self.request['log']['replayMax']}: {steps}>"


FATES = st.lists(st.sampled_from(["arrives", "arrives", "lost", "twice", "late"]), max_size=12)
_MILLISECONDS = st.sampled_from([1, 20, 200, 1_000, 2_500, 6_000, 13_000, 30_000])
_PAUSES = st.sampled_from([0, 20, 45, 45, 300, 3_000])
_COME_BACK = st.sampled_from([1000, 1006, 1011, 4001, 4008, 4009, 4029])
_RECORD = st.tuples(st.just("record"), st.integers(1, 9), FATES)
_STEPS = st.one_of(
    _RECORD,
    _RECORD,
    st.tuples(st.just("pass"), _MILLISECONDS),
    st.tuples(st.just("end"), _COME_BACK),
    st.tuples(st.just("down"), _COME_BACK),
    st.tuples(st.just("up")),
    st.tuples(st.just("up")),
    st.tuples(st.just("deafen")),
    st.tuples(st.just("sleep"), _MILLISECONDS),
    st.tuples(st.just("wake")),
    st.tuples(st.just("http"), st.sampled_from([0, 30, 700, 9_000]), st.integers(0, 3)),
    st.tuples(st.just("record"), st.sampled_from([20, 90, 230]), FATES),
    st.tuples(st.just("prune"), st.integers(1, 20)),
    st.tuples(st.just("restore"), st.integers(0, 15)),
    st.tuples(st.just("pause")),
)


@st.composite
def plays(draw: st.DrawFn) -> Play:
    """Draw a log, and what happens to it, its server and the page's connection."""
    palette = draw(PALETTES)
    turn, epoch, kept_from = 0, "log-0", 1
    log: list[dict[str, Any]] = []

    def more(count: int) -> list[dict[str, Any]]:
        nonlocal turn
        events = []
        for _ in range(count):
            turn += 1
            events.append(frames.event_data(row(palette, len(log) + 1, turn)))
            log.append(events[-1])
        return events

    begin = more(draw(st.sampled_from([0, 1, 3, 60])))
    steps: list[dict[str, Any]] = []
    for name, *values in draw(st.lists(_STEPS, min_size=5, max_size=30)):
        step: dict[str, Any] = {"op": name, "after": draw(_PAUSES)}
        if name == "record":
            step |= {"events": more(values[0]), "fates": values[1]}
        elif name in {"pass", "sleep"}:
            step["ms"] = values[0]
        elif name in {"end", "down"}:
            step["code"] = values[0]
        elif name == "http":
            step |= {"ms": values[0], "fails": values[1]}
        elif name == "prune":
            step["keep"] = values[0]
            kept_from = max(kept_from, len(log) - values[0] + 1)
        elif name == "restore":
            del log[max(0, len(log) - values[0]) :]
            epoch = f"log-{len(steps) + 1}"
            kept_from = min(kept_from, max(1, len(log)))
            step |= {"epoch": epoch, "head": len(log)}
        steps.append(step)
    request = {
        "log": {
            "epoch": "log-0",
            "events": begin,
            "replayMax": draw(st.sampled_from([5, 30, 500])),
        },
        "steps": steps,
        "chances": draw(st.lists(st.floats(0, 1), min_size=1, max_size=4)),
        "healMs": 120_000,
    }
    return Play(request, epoch, list(log), kept_from)
