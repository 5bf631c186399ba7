"""Which socket address leads where."""

from dashboard.consumers import serve
from dashboard.hub.link import Receive, Scope, Send
from dashboard.origins import is_allowed, refuse


async def websocket(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI: lead a handshake to `/ws` from a page of ours on; answer every other one with 403."""
    origins = [value for name, value in scope["headers"] if name == b"origin"]
    if scope["path"] == "/ws" and is_allowed(origins):
        await serve(scope, receive, send)
    else:
        await refuse(scope, receive, send)
