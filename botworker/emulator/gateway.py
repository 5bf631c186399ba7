"""The gateway: who is connected, and who is told what."""

import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from aiohttp import web

from botworker.emulator import sessions as intents
from botworker.emulator.conditions import Conditions
from botworker.emulator.connection import Connection
from botworker.emulator.identify import Identification
from botworker.emulator.limits import Limits
from botworker.emulator.sessions import Sessions
from botworker.emulator.things import Guild, Member
from botworker.emulator.transport import encoder_for
from botworker.emulator.waiting import Changes
from botworker.emulator.world import World

Json = dict[str, Any]

VERSIONS = {"9", "10"}
REFUSED_KEPT = 1000

log = logging.getLogger(__name__)


class Gateway:
    """Accepts websockets and keeps their sessions fed."""

    recorder: Callable[[str, Json], None] | None = None
    """Told of every payload "sent", and "received" unless it was refused, for tests that hold them
    against a schema; on the class, those of every emulated Discord."""

    def __init__(self, world: World, token: str, limits: Limits, conditions: Conditions) -> None:
        self.world = world
        self.limits = limits
        self.conditions = conditions
        self.url_at: Callable[[str], str] = lambda host: f"ws://{host}"
        """Where the gateway is, for a client that came by this Host header."""
        self.sessions = Sessions(limits.session_seconds)
        self.identification = Identification(world, token, limits)
        self.connections: set[Connection] = set()
        self.closed_by_clients: list[int | None] = []
        """Close codes the clients sent last, oldest first; None for a cut connection."""
        self.refused: deque[int | None] = deque(maxlen=REFUSED_KEPT)
        """Opcodes of the payloads that ended a connection, oldest first; None for one without."""
        self.heartbeats = 0
        self.identifies = 0
        self.resumes = 0
        self.changes = Changes()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One websocket, from HELLO to its end."""
        socket = web.WebSocketResponse(timeout=1.0, max_msg_size=1 << 20)
        await socket.prepare(request)
        version = request.query.get("v", "10")
        if version not in VERSIONS:
            await socket.close(code=4012, message=b"Invalid API version.")
            return socket
        encoder = encoder_for(request.query.get("compress"))
        if encoder is None or request.query.get("encoding", "json") != "json":
            log.warning("gateway: refused %s", request.rel_url)
            await socket.close(code=4002, message=b"Unknown encoding or compression.")
            return socket
        connection = Connection(self, request, socket, encoder, int(version))
        self.connections.add(connection)
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)
            self.changes.notify()
        return socket

    def dispatch(self, event: str, data: Any, guild_id: int | None, needs: int = 0) -> int:
        """Give an event to every session that serves the guild and has the intents it `needs`."""
        receivers = [
            session
            for session in self.sessions.serving(guild_id)
            if not needs or session.intents & needs
        ]
        for session in receivers:
            session.dispatch(event, data)
        return len(receivers)

    def announce_member(self, guild: Guild, member: Member) -> None:
        """GUILD_MEMBER_ADD."""
        data = {**member.payload(), "guild_id": str(guild.id)}
        self.dispatch("GUILD_MEMBER_ADD", data, guild.id, intents.GUILD_MEMBERS)
