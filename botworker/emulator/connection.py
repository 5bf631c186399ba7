"""One gateway connection: what is said on it, and every way to be thrown off it."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiohttp import WSCloseCode, WSMsgType, web

from botworker.emulator import sessions as intents
from botworker.emulator.identify import Refused
from botworker.emulator.inbound import Closed, Op, read
from botworker.emulator.member_requests import member_chunks
from botworker.emulator.sessions import Session
from botworker.emulator.things import Guild
from botworker.emulator.transport import Encoder, Plain

if TYPE_CHECKING:
    from botworker.emulator.gateway import Gateway

Json = dict[str, Any]

SESSION_ENDS = {4004, 4007, 4009, 4010, 4011, 4012, 4013, 4014}
KEPT = 1000
RECONNECT_SECONDS = 5.0
"""How long Discord waits for a client that it asked to go."""

log = logging.getLogger(__name__)


class Connection:
    """One websocket. What it sends goes through one queue, so the order is that of the posts."""

    def __init__(
        self,
        gateway: "Gateway",
        request: web.Request,
        socket: web.WebSocketResponse,
        encoder: Encoder,
        version: int,
    ) -> None:
        self.gateway = gateway
        self.session: Session | None = None
        self._request = request
        self._socket = socket
        self._encoder = encoder
        self._version = version
        self._outbox: asyncio.Queue[Json | Closed] = asyncio.Queue()
        self._received: deque[float] = deque()
        self._loop = asyncio.get_running_loop()
        self._last_heartbeat = self._loop.time()
        self._timers: set[asyncio.TimerHandle] = set()
        self._closing = False

    def post(self, payload: Json) -> None:
        """Send a payload after all earlier ones."""
        self._outbox.put_nowait(payload)

    def close(self, code: int, reason: str = "") -> None:
        """Close with a code, after everything posted so far; some leave nothing to resume."""
        if code in SESSION_ENDS and self.session is not None:
            self.gateway.sessions.drop(self.session)
        self._closing = True
        self._outbox.put_nowait(Closed(code, reason))

    def abort(self) -> None:
        """Cut the wire: no close frame, a TCP reset."""
        self._closing = True
        if self._request.transport is not None:
            self._request.transport.abort()

    def ask_to_reconnect(self) -> None:
        """RECONNECT (op 7), and the end of this connection soon after."""
        self.post(_frame(Op.RECONNECT, None))
        self._go_later()

    def invalidate(self, *, resumable: bool) -> None:
        """INVALID_SESSION (op 9); unless resumable, the session is gone.

        Either way the client may go on with RESUME or IDENTIFY on this very connection.
        """
        if self.session is not None:
            self.gateway.sessions.detach(self.session, self)
            if not resumable:
                self.gateway.sessions.drop(self.session)
            self.session = None
        self.post(_frame(Op.INVALID_SESSION, resumable))
        self._go_later()

    def _go_later(self) -> None:
        asked = self.session

        def go() -> None:
            if self.session is asked:  # else it has begun anew on this very connection
                self.close(4000, "The client was asked to reconnect.")

        self._later(RECONNECT_SECONDS, go)

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something after so many seconds, unless the connection has ended by then."""

        def run() -> None:
            self._timers.discard(timer)
            act()

        timer = self._loop.call_later(seconds, run)
        self._timers.add(timer)

    async def run(self) -> None:
        """Serve until either side ends it."""
        interval = int(self.gateway.limits.heartbeat_seconds * 1000)
        self.post(_frame(Op.HELLO, {"heartbeat_interval": interval, "_trace": ["aurora"]}))
        writer = asyncio.create_task(self._write())
        watchdog = asyncio.create_task(self._watch())
        try:
            await self._read()
        finally:
            for timer in self._timers:
                timer.cancel()
            watchdog.cancel()
            writer.cancel()
            await asyncio.gather(writer, watchdog, return_exceptions=True)
            self._end()

    def _end(self) -> None:
        code = None if self._closing else self._socket.close_code
        if not self._closing:
            self.gateway.closed_by_clients.append(None if code == 1006 else code)
            del self.gateway.closed_by_clients[:-KEPT]
        if self.session is not None and self.session.outlet is self:
            self.gateway.sessions.detach(self.session, self)
            if code in {WSCloseCode.OK, WSCloseCode.GOING_AWAY}:
                self.gateway.sessions.drop(self.session)

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY} or self._closing:
                continue
            op = None
            try:
                self._count()
                op, data = read(message.data, self.gateway.limits.gateway_payload_bytes)
                self._handle(op, data)
                self._record("received", {"op": op, "d": data})
            except Closed as closed:
                self.gateway.refused.append(op)
                self.close(closed.code, closed.reason)
            except (TypeError, ValueError, AttributeError, KeyError) as error:
                log.warning("gateway: op %s cannot be read (%s)", op, error)
                self.close(4002, "Error while decoding payload.")

    def _count(self) -> None:
        now = self._loop.time()
        self._received.append(now)
        while self._received[0] <= now - 60:
            self._received.popleft()
        if len(self._received) > self.gateway.limits.gateway_sends:
            raise Closed(4008, "You are being rate limited.")

    def _handle(self, op: int, data: Any) -> None:
        if op == Op.HEARTBEAT:
            self._heartbeat(data)
        elif op == Op.IDENTIFY:
            self._identify(data)
        elif op == Op.RESUME:
            self._resume(data)
        elif op not in {Op.PRESENCE, Op.VOICE_STATE, Op.REQUEST_MEMBERS, Op.REQUEST_SOUNDS}:
            raise Closed(4001, "Unknown opcode.")
        elif self.session is None:
            raise Closed(4003, "Not authenticated.")
        elif op == Op.PRESENCE:
            _check_presence(data)
        elif op == Op.REQUEST_MEMBERS:
            for chunk in member_chunks(self.gateway.world, self.session, data):
                self.session.dispatch("GUILD_MEMBERS_CHUNK", chunk)
        elif op == Op.REQUEST_SOUNDS:
            for guild_id in data["guild_ids"]:
                if (
                    self.session.serves(int(guild_id))
                    and int(guild_id) in self.gateway.world.guilds
                ):
                    sounds = {"guild_id": str(guild_id), "soundboard_sounds": []}
                    self.session.dispatch("SOUNDBOARD_SOUNDS", sounds)

    def _heartbeat(self, seq: Any) -> None:
        if self.session is not None and isinstance(seq, int):
            self.session.forget(seq)
        self._last_heartbeat = self._loop.time()
        self.gateway.heartbeats += 1
        self.gateway.changes.notify()
        if self.gateway.conditions.acks_dropped:
            return

        def acknowledge() -> None:
            if not self.gateway.conditions.acks_dropped:
                self.post(_frame(Op.HEARTBEAT_ACK, None))

        self._later(self.gateway.conditions.ack_seconds(), acknowledge)

    def _identify(self, data: Any) -> None:
        if self.session is not None:
            raise Closed(4005, "Already authenticated.")
        try:
            session = self.gateway.identification.accept(data, self._version)
        except Refused:
            refusal = _frame(Op.INVALID_SESSION, False)
            self._later(self.gateway.limits.refusal_seconds, lambda: self.post(refusal))
            return
        if isinstance(self._encoder, Plain):
            self._encoder.compress_payloads = bool(data.get("compress"))
        self.gateway.identifies += 1
        self.session = session
        self.gateway.sessions.add(session)
        self.gateway.sessions.attach(session, self)
        world = self.gateway.world
        mine = [guild for guild in world.guilds.values() if session.serves(guild.id)]
        ready = self.gateway.identification.ready(
            session, mine, self.gateway.url_at(self._request.host)
        )
        session.dispatch("READY", ready)
        if session.intents & intents.GUILDS:
            for guild in mine:
                if guild.available:
                    session.dispatch("GUILD_CREATE", visible_guild(session, guild, world.bot.id))
        self.gateway.changes.notify()

    def _resume(self, data: Any) -> None:
        if self.session is not None:
            raise Closed(4005, "Already authenticated.")
        session_id, seq = self.gateway.identification.resumed(data)
        session = self.gateway.sessions.get(session_id)
        if session is None or not session.can_replay(min(seq, session.seq)):
            self.post(_frame(Op.INVALID_SESSION, False))
            return
        if seq > session.seq:
            raise Closed(4007, "Invalid seq.")
        if isinstance(session.outlet, Connection):
            session.outlet.close(4000, "Resumed elsewhere.")
        for payload in session.since(seq):
            self.post(payload)
        trace = {"_trace": ["aurora"]}
        self.post({"t": "RESUMED", "s": session.seq, "op": Op.DISPATCH, "d": trace})
        self.session = session
        self.gateway.sessions.attach(session, self)
        self.gateway.resumes += 1
        self.gateway.changes.notify()

    async def _write(self) -> None:
        while True:
            item = await self._outbox.get()
            if isinstance(item, Closed):
                await self._socket.close(code=item.code, message=item.reason.encode())
                return
            self._record("sent", item)
            frame = self._encoder.encode(item)
            try:
                if isinstance(frame, str):
                    await self._socket.send_str(frame)
                else:
                    await self._socket.send_bytes(frame)
            except ConnectionError:
                return  # the reader notices too, and ends the connection

    def _record(self, direction: str, payload: Json) -> None:
        if self.gateway.recorder is not None:
            self.gateway.recorder(direction, payload)

    async def _watch(self) -> None:
        patience = self.gateway.limits.heartbeat_seconds * 1.5 + 0.5
        left = patience
        while left > 0:
            await asyncio.sleep(left)
            left = self._last_heartbeat + patience - self._loop.time()
        self.close(4009, "Session timed out.")


def visible_guild(session: Session, guild: Guild, bot_id: int) -> Json:
    """GUILD_CREATE as this session may see it: without presences, only the bot's own member."""
    members = [guild.members[bot_id]]
    if session.intents & intents.GUILD_PRESENCES and len(guild.members) <= session.large_threshold:
        members = list(guild.members.values())
    return guild.create_payload(members)


def _check_presence(data: Any) -> None:
    """Raise Closed (4002) for what is no presence."""
    well = (
        isinstance(data, dict)
        and data.get("status") in {"online", "dnd", "idle", "invisible", "offline"}
        and isinstance(data.get("activities", []), list | None)
        and isinstance(data.get("since"), int | float | None)
    )
    if not well:
        raise Closed(4002, "Error while decoding payload.")


def _frame(op: Op, data: Any) -> Json:
    return {"t": None, "s": None, "op": int(op), "d": data}
