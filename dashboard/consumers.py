"""`/ws`: the consumer permits, joins the hub, and answers what the browser asks. A pipe."""

import logging
import time
from typing import Any
from urllib.parse import parse_qs

import msgspec
from channels.consumer import AsyncConsumer
from channels.db import database_sync_to_async
from django.conf import settings

from dashboard import access, frames
from dashboard.frames import BadFrame, Ping, Resume
from dashboard.hub import LOG_GROUP, Connection, TooManySockets, codes, current_hub, link_for
from dashboard.hub.link import Receive, Scope, Send

logger = logging.getLogger(__name__)

BAD_FRAMES_MAX = 5


class DashboardConsumer(AsyncConsumer):
    """One browser.

    It has no channel of its own on the layer and no dispatch by name: Channels would hop through
    a thread shared by all sockets for every message. The hub does what the layer is for.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it closes. Anonymous ones are refused before they are accepted."""
        await receive()  # websocket.connect
        user = scope["user"]
        if not user.is_authenticated:
            await send({"type": "websocket.close"})
            return
        await send({"type": "websocket.accept"})
        link = link_for(scope, send)
        if not await database_sync_to_async(access.may_view)(user):
            link.close(codes.NOT_ALLOWED)
            return
        self.connection = Connection(
            link, user_id=user.pk, session_key=scope["session"].session_key or ""
        )
        self.allowance = Allowance(settings.SOCKET_MESSAGES_PER_SECOND_MAX)
        self.bad_frames = 0
        try:
            await self.serve(scope, receive)
        finally:
            await current_hub().leave(LOG_GROUP, self.connection)

    async def serve(self, scope: Scope, receive: Receive) -> None:
        """Join the hub and answer frames until the socket closes."""
        try:
            await current_hub().join(LOG_GROUP, self.connection, _resume_of(scope))
        except TooManySockets:
            self.say_error("too_many", "There are too many open sockets.")
            self.connection.link.close(codes.TOO_MANY)
        except Exception:
            logger.exception("a socket could not begin")
            self.connection.link.close(codes.RESYNC)
        while (message := await receive())["type"] == "websocket.receive":
            self.answer(message)

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
