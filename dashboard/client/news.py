"""What a follower of the log tells."""

from typing import Any, NamedTuple


class Happened(NamedTuple):
    """The next event of the log."""

    event: dict[str, Any]


class WentAway(NamedTuple):
    """The connection was lost, and is being tried again. Said once for each time away."""

    why: str


class CameBack(NamedTuple):
    """The log is followed again: `events` events of the `seconds` away were told.

    `whole` says that none of them is missing, `polling` that the log is read every few seconds,
    for no socket can be had.
    """

    events: int
    seconds: float
    whole: bool
    polling: bool


class TooFarBehind(NamedTuple):
    """More was missed than the server replays: it is read from the log instead."""


class NoLongerKept(NamedTuple):
    """Events `first` to `last` were pruned before they could be read."""

    first: int
    last: int


class OtherLog(NamedTuple):
    """The log is another one, as after a restore: what follows are its newest events."""


class Live(NamedTuple):
    """There is a socket, and nothing is missing: said for the first one, and after polling."""


News = Happened | WentAway | CameBack | TooFarBehind | NoLongerKept | OtherLog | Live
