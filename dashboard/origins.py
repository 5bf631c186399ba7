"""Which pages may open a socket."""

from collections.abc import Sequence

from django.conf import settings

from dashboard.hub.link import Receive, Scope, Send


def is_allowed(origins: Sequence[bytes]) -> bool:
    """Tell whether the `Origin` headers of a handshake are one that is allowed, to the letter.

    Browsers write an origin in one way only, so nothing has to be parsed, and nothing can be
    parsed wrongly; see docs/decisions/0006-exact-origins.md.
    """
    allowed = {origin.lower().encode("latin1") for origin in settings.ALLOWED_ORIGINS}
    return len(origins) == 1 and origins[0] in allowed


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a handshake with 403."""
    await receive()
    await send({"type": "websocket.close"})
