"""Who may open a session, as which shard, with which intents, and how often."""

import asyncio
from collections import deque
from typing import Any

from botworker.emulator.inbound import Closed
from botworker.emulator.limits import Limits
from botworker.emulator.sessions import EVERY_INTENT, PRIVILEGED, Session
from botworker.emulator.things import Guild
from botworker.emulator.world import World

Json = dict[str, Any]

DAY_SECONDS = 86_400.0
_FLAGS = {1 << 1: 1 << 15, 1 << 8: 1 << 13, 1 << 15: 1 << 19}
"""Privileged intent -> the application flag that tells it was granted (below 100 guilds)."""


class Refused(Exception):
    """Too many IDENTIFYs: op 9, not resumable."""


def application_flags(granted: int) -> int:
    """The application's flags for the privileged intents it was granted."""
    return sum(flag for intent, flag in _FLAGS.items() if granted & intent)


class Identification:
    """Checks IDENTIFY and RESUME as Discord does."""

    def __init__(self, world: World, token: str, limits: Limits) -> None:
        self._world = world
        self.token = token
        self._limits = limits
        self._last: dict[int, float] = {}
        self._starts: deque[float] = deque()

    def starts(self) -> int:
        """How many sessions were started within a day."""
        now = asyncio.get_running_loop().time()
        while self._starts and self._starts[0] <= now - DAY_SECONDS:
            self._starts.popleft()
        return len(self._starts)

    def accept(self, data: Any, version: int) -> Session:
        """The session an IDENTIFY opens on a gateway of this version.

        Raises Closed (4002, 4004, 4010 to 4014) or Refused.
        """
        if not isinstance(data, dict):
            raise Closed(4002, "Error while decoding payload.")
        self._authenticate(data.get("token"))
        if not isinstance(data.get("properties"), dict):
            raise Closed(4002, "IDENTIFY without properties.")
        shard = self._shard(data.get("shard"))
        asked = self._intents(data.get("intents"))
        threshold = data.get("large_threshold", 50)
        if not isinstance(threshold, int) or not 50 <= threshold <= 250:
            raise Closed(4002, "large_threshold is not between 50 and 250.")
        self._throttle(shard[0])
        return Session(shard, asked, threshold, version)

    def resumed(self, data: Any) -> tuple[str, int]:
        """The session id and sequence number of a RESUME. Raises Closed (4002, 4004, 4007)."""
        if not isinstance(data, dict):
            raise Closed(4002, "Error while decoding payload.")
        self._authenticate(data.get("token"))
        seq = data.get("seq")
        if not isinstance(seq, int) or seq < 0:
            raise Closed(4007, "Invalid seq.")
        return str(data.get("session_id")), seq

    def ready(self, session: Session, guilds: list[Guild], url: str) -> Json:
        """The data of READY."""
        bot = self._world.bot
        return {
            "v": session.version,
            "user": {**bot.payload(), "verified": True, "mfa_enabled": True, "email": None},
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": url,
            "shard": list(session.shard),
            "application": {
                "id": str(bot.id),
                "flags": application_flags(self._limits.granted_intents),
                "flags_new": str(application_flags(self._limits.granted_intents)),
            },
            "private_channels": [],
            "relationships": [],
            "presences": [],
            "_trace": ["aurora"],
        }

    def _authenticate(self, token: Any) -> None:
        if not isinstance(token, str) or token.removeprefix("Bot ") != self.token:
            raise Closed(4004, "Authentication failed.")

    def _shard(self, shard: Any) -> tuple[int, int]:
        if shard is None:
            if len(self._world.guilds) > self._limits.max_guilds_a_shard:
                raise Closed(4011, "Sharding required.")
            return (0, 1)
        if (
            not isinstance(shard, list)
            or len(shard) != 2
            or not all(isinstance(part, int) for part in shard)
            or not 0 <= shard[0] < shard[1]
        ):
            raise Closed(4010, "Invalid shard.")
        if len(self._world.guilds) > self._limits.max_guilds_a_shard * shard[1]:
            raise Closed(4011, "Sharding required.")
        return (shard[0], shard[1])

    def _intents(self, asked: Any) -> int:
        if not isinstance(asked, int) or isinstance(asked, bool) or asked & ~EVERY_INTENT:
            raise Closed(4013, "Invalid intent(s).")
        if asked & PRIVILEGED & ~self._limits.granted_intents:
            raise Closed(4014, "Disallowed intent(s).")
        return asked

    def _throttle(self, shard_id: int) -> None:
        now = asyncio.get_running_loop().time()
        key = shard_id % self._limits.max_concurrency
        last = self._last.get(key)
        if last is not None and now - last < self._limits.identify_seconds:
            raise Refused
        if self.starts() >= self._limits.session_starts:
            raise Refused
        self._last[key] = now
        self._starts.append(now)
