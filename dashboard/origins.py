"""Which pages may open a socket."""

from collections.abc import Iterable

from dashboard.hub.link import Application, Receive, Scope, Send


class ExactOrigin:
    """Lets a handshake through whose one `Origin` is, to the letter, one of those allowed.

    Browsers write an origin in one way only, so nothing has to be parsed, and nothing can be
    parsed wrongly; see docs/decisions/0006-exact-origins.md. Everything else is answered with 403.
    """

    def __init__(self, application: Application, allowed: Iterable[str]) -> None:
        self.application = application
        self.allowed = {origin.lower().encode("latin1") for origin in allowed}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the handshake on, or refuse it."""
        origins = [value for name, value in scope["headers"] if name == b"origin"]
        if len(origins) == 1 and origins[0] in self.allowed:
            await self.application(scope, receive, send)
        else:
            await refuse(scope, receive, send)


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a handshake with 403."""
    await receive()
    await send({"type": "websocket.close"})
