"""`/ws`: the consumer permits, joins the hub, and answers what the browser asks. A pipe."""

import asyncio
import logging
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import msgspec
from django.conf import settings
from django.db import Error

from dashboard import access, frames
from dashboard.admission import Admission
from dashboard.allowance import Allowance
from dashboard.asgi_handler import read_cookies
from dashboard.frames import BadFrame, Ping, Resume
from dashboard.hub import LOG_GROUP, Connection, TooManySockets, codes, current_hub, link_for
from dashboard.hub.link import Link, Receive, Scope, Send

logger = logging.getLogger(__name__)

BAD_FRAMES_MAX = 5

_admission = Admission(access.look_up_sessions)


class Guest(NamedTuple):
    """Who was let in, and from where on they want what they missed."""

    user_id: int
    session_key: str
    may_view: bool
    resume: Resume | BadFrame | None


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI: serve one socket until it closes, if whoever comes is let in."""
    guest = await admit(scope, receive, send)
    if guest is not None:
        await DashboardConsumer(link_for(send), guest).serve(receive)


async def admit(scope: Scope, receive: Receive, send: Send) -> Guest | None:
    """Accept the handshake of a user; refuse that of anybody else, and let go of who has left.

    While the database cannot tell who it is, they are told to come back.
    """
    await receive()  # websocket.connect
    key = _session_key_of(scope)
    if not key:
        await send({"type": "websocket.close"})
        return None
    looked_up = asyncio.ensure_future(_admission.ask(key))
    leaves = asyncio.ensure_future(receive())  # there is nothing else to hear before the accept
    leaves.add_done_callback(lambda _: looked_up.cancel())
    try:
        user_id, verdict = await looked_up
    except asyncio.CancelledError:
        if leaves.done():
            return None
        raise
    except Error as error:
        logger.warning("a socket cannot begin, the database fails: %s", type(error).__name__)
        await send({"type": "websocket.accept"})  # else the code would be lost
        await send({"type": "websocket.close", "code": codes.RESYNC})
        return None
    finally:
        left = leaves.done()
        leaves.cancel()
        looked_up.cancel()
    if left:
        return None
    if user_id is None:
        await send({"type": "websocket.close"})
        return None
    guest = Guest(user_id, key, verdict is access.Verdict.ALLOWED, _resume_of(scope))
    await send({"type": "websocket.accept"})
    return guest


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
        wanted = self.guest.resume
        told, resume = (None, wanted) if not isinstance(wanted, BadFrame) else (wanted, None)
        try:
            await current_hub().join(LOG_GROUP, self.connection, resume)
        except TooManySockets:
            self.say_error("too_many", "There are too many open sockets.")
            self.connection.link.close(codes.TOO_MANY)
        except Exception:
            logger.exception("a socket could not begin")
            self.connection.link.close(codes.RESYNC)
        if told is not None:
            self.say_error(told.code, told.message)

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


def _decode(message: dict[str, Any]) -> Resume | Ping:
    text = message.get("text")
    if text is None:
        raise BadFrame("not_text", "Frames are text, not binary.")
    if len(text.encode(errors="replace")) > settings.SOCKET_MESSAGE_MAX_BYTES:
        limit = settings.SOCKET_MESSAGE_MAX_BYTES
        raise BadFrame("too_large", f"A message has at most {limit} bytes.")
    return frames.decode(text)


def _session_key_of(scope: Scope) -> str:
    """Return the key in the cookie of the handshake, empty if there is none."""
    cookies = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
    return read_cookies(cookies.decode("latin1")).get(settings.SESSION_COOKIE_NAME, "")


def _resume_of(scope: Scope) -> Resume | BadFrame | None:
    """Return the position named in the address, None if there is none; or what is wrong with it."""
    query = parse_qs(scope.get("query_string", b"").decode("latin1"), keep_blank_values=True)
    said = {name: query[name][0] for name in ("epoch", "after") if name in query}
    if not said:
        return None
    try:
        return msgspec.convert(said, Resume, strict=False)
    except msgspec.ValidationError as error:
        return BadFrame("bad_data", f"The address does not carry a position: {error}.")
