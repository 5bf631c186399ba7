"""Gateway sessions: what each client is owed, kept until it has said that it is done."""

import asyncio
import secrets
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

Json = dict[str, Any]

GUILDS, GUILD_MEMBERS, GUILD_PRESENCES = 1 << 0, 1 << 1, 1 << 8
GUILD_WEBHOOKS = 1 << 5
GUILD_MESSAGES, GUILD_REACTIONS, GUILD_TYPING = 1 << 9, 1 << 10, 1 << 11
DIRECT_MESSAGES, DIRECT_REACTIONS, DIRECT_TYPING = 1 << 12, 1 << 13, 1 << 14
MESSAGE_CONTENT = 1 << 15
PRIVILEGED = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT
EVERY_INTENT = (1 << 27) - 1
"""Discord also takes bits that it does not document, and libraries set some of them (1 << 17)."""

MAX_REPLAY = 20_000


class Outlet(Protocol):
    """A connection a session can speak through."""

    def post(self, payload: Json) -> None:
        """Send a payload after all earlier ones."""


@dataclass(slots=True, eq=False)
class Session:
    """One identified client on one shard. It outlives its connections."""

    shard: tuple[int, int]
    intents: int
    large_threshold: int = 50
    version: int = 10
    """Of the gateway."""
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    seq: int = 0
    outlet: Outlet | None = None
    detached_at: float | None = None
    _log: deque[Json] = field(default_factory=deque)
    _forgotten: int = 0

    def dispatch(self, event: str, data: Any) -> None:
        """Log an event under the next sequence number and send it if someone is listening."""
        self.seq += 1
        payload = {"t": event, "s": self.seq, "op": 0, "d": data}
        self._log.append(payload)
        if len(self._log) > MAX_REPLAY:
            self._forgotten = self._log.popleft()["s"]
        if self.outlet is not None:
            self.outlet.post(payload)

    def forget(self, seq: int) -> None:
        """The client has everything up to `seq`."""
        while self._log and self._log[0]["s"] <= min(seq, self.seq):
            self._forgotten = self._log.popleft()["s"]

    def can_replay(self, seq: int) -> bool:
        """Everything after `seq` is still known."""
        return self._forgotten <= seq <= self.seq

    def since(self, seq: int) -> list[Json]:
        """Every payload after `seq`, in order."""
        return [payload for payload in self._log if payload["s"] > seq]

    def serves(self, guild_id: int | None) -> bool:
        """The guild belongs to this session's shard; direct messages belong to shard 0."""
        shard_id, count = self.shard
        return shard_id == (0 if guild_id is None else (guild_id >> 22) % count)


class Sessions:
    """Every session that a client may still resume."""

    def __init__(self, keep_seconds: float) -> None:
        self._keep_seconds = keep_seconds
        self._sessions: dict[str, Session] = {}

    def add(self, session: Session) -> None:
        """Keep a session."""
        self._sessions[session.id] = session

    def get(self, session_id: str) -> Session | None:
        """The session, unless it is gone."""
        self._expire()
        return self._sessions.get(session_id)

    def drop(self, session: Session) -> None:
        """Forget a session: it cannot be resumed any more."""
        self._sessions.pop(session.id, None)

    def drop_all(self) -> None:
        """Forget every session, as an outage of the session store does."""
        self._sessions.clear()

    def detach(self, session: Session, outlet: Outlet) -> None:
        """The connection is gone; the session waits to be resumed."""
        if session.outlet is outlet:
            session.outlet = None
            session.detached_at = asyncio.get_running_loop().time()

    def attach(self, session: Session, outlet: Outlet) -> None:
        """Speak through this connection from now on."""
        session.outlet = outlet
        session.detached_at = None

    def all(self) -> list[Session]:
        """Every session, attached or waiting."""
        self._expire()
        return list(self._sessions.values())

    def connected(self) -> list[Session]:
        """The sessions with a connection."""
        return [session for session in self._sessions.values() if session.outlet is not None]

    def serving(self, guild_id: int | None) -> Iterable[Session]:
        """The sessions an event of this guild goes to."""
        return [session for session in self.all() if session.serves(guild_id)]

    def _expire(self) -> None:
        now = asyncio.get_running_loop().time()
        for session in list(self._sessions.values()):
            if session.detached_at is not None and now - session.detached_at > self._keep_seconds:
                self.drop(session)
