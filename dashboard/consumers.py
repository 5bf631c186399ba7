"""`/ws`: the consumer permits, joins the hub, and answers what the browser asks. A pipe."""

import logging
import time
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import msgspec
from channels.db import database_sync_to_async
from django.conf import settings

from dashboard import access, frames
from dashboard.frames import BadFrame, Ping, Resume
from dashboard.hub import LOG_GROUP, Connection, TooManySockets, codes, current_hub, link_for
from dashboard.hub.link import Application, Link, Receive, Scope, Send

logger = logging.getLogger(__name__)

BAD_FRAMES_MAX = 5
_ADMITTED = "aurora.admitted"


class Guest(NamedTuple):
    """Who was let in, and from where on they want what they missed."""

    user_id: int
    session_key: str
    may_view: bool
    resume: Resume | None


class Socket:
    """ASGI: lets the middleware find out who comes, then serves without it.

    The middleware ends in `admit` and is gone before the socket is served, with the scopes, the
    user and the session it made: a socket is idle for hours, and there are thousands.
    """

    def __init__(self, middleware: Application) -> None:
        self.middleware = middleware

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it closes, if whoever comes is let in."""
        admitted: list[Guest] = []
        await self.middleware({**scope, _ADMITTED: admitted}, receive, send)
        if admitted:
            await DashboardConsumer(link_for(send), admitted.pop()).serve(receive)


async def admit(scope: Scope, receive: Receive, send: Send) -> None:
    """Accept the handshake of a user; refuse that of anybody else."""
    await receive()  # websocket.connect
    user = scope["user"]
    if not user.is_authenticated:
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.accept"})
    may_view = await database_sync_to_async(access.may_view)(user)
    key = scope["session"].session_key or ""
    scope[_ADMITTED].append(Guest(user.pk, key, may_view, _resume_of(scope)))


class DashboardConsumer:
    """One browser.

    It has no channel of its own on the layer and no dispatch by name: Channels would hop through
    a thread shared by all sockets for every message. The hub does what the layer is for.
    """

    __slots__ = ("allowance", "bad_frames", "connection", "guest")

    def __init__(self, link: Link, guest: Guest) -> None:
        self.guest = guest
        self.connection = Connection(link, user_id=guest.user_id, session_key=guest.session_key)
        self.allowance = Allowance(settings.SOCKET_MESSAGES_PER_SECOND_MAX)
        self.bad_frames = 0

    async def serve(self, receive: Receive) -> None:
        """Join the hub and answer frames until the socket closes."""
        if not self.guest.may_view:
            self.connection.link.close(codes.NOT_ALLOWED)
            return
        try:
            await self.join()
            while (message := await receive())["type"] == "websocket.receive":
                self.answer(message)
        finally:
            await current_hub().leave(LOG_GROUP, self.connection)

    async def join(self) -> None:
        """Join the hub, or close and tell why."""
        try:
            await current_hub().join(LOG_GROUP, self.connection, self.guest.resume)
        except TooManySockets:
            self.say_error("too_many", "There are too many open sockets.")
            self.connection.link.close(codes.TOO_MANY)
        except Exception:
            logger.exception("a socket could not begin")
            self.connection.link.close(codes.RESYNC)

    def answer(self, message: dict[str, Any]) -> None:
        """Answer one frame of the browser; what is not understood is said, then not tolerated."""
        if not self.allowance.take():
            self.say_error("too_many", "Send fewer messages.")
            self.connection.link.close(codes.TOO_MANY)
            return
        try:
            frame = _decode(message)
        except BadFrame as error:
            self.say_error(error.code, error.message)
            self.bad_frames += 1
            if self.bad_frames >= BAD_FRAMES_MAX:
                self.connection.link.close(codes.PROTOCOL_ERROR)
            return
        if isinstance(frame, Ping):
            self.connection.deliver(frames.encode("PONG", {"id": frame.id}))
        else:
            current_hub().resume(self.connection, frame)

    def say_error(self, code: str, message: str) -> None:
        """Send a typed `ERROR`."""
        self.connection.deliver(frames.encode("ERROR", {"code": code, "message": message}))


class Allowance:
    """So many messages a second, with as many at once (a token bucket)."""

    __slots__ = ("_at", "_left", "per_second")

    def __init__(self, per_second: int) -> None:
        self.per_second = per_second
        self._left = float(per_second)
        self._at = time.monotonic()

    def take(self) -> bool:
        """Take one; return False if there is none left."""
        now = time.monotonic()
        self._left = min(self.per_second, self._left + (now - self._at) * self.per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def _decode(message: dict[str, Any]) -> Resume | Ping:
    text = message.get("text")
    if text is None:
        raise BadFrame("not_text", "Frames are text, not binary.")
    if len(text.encode(errors="replace")) > settings.SOCKET_MESSAGE_MAX_BYTES:
        limit = settings.SOCKET_MESSAGE_MAX_BYTES
        raise BadFrame("too_large", f"A message has at most {limit} bytes.")
    return frames.decode(text)


def _resume_of(scope: Scope) -> Resume | None:
    """Return the position named in the address, None if there is none or it makes no sense."""
    query = parse_qs(scope.get("query_string", b"").decode("latin1"))
    try:
        return msgspec.convert(
            {"epoch": query["epoch"][0], "after": query["after"][0]}, Resume, strict=False
        )
    except (KeyError, msgspec.ValidationError):
        return None
