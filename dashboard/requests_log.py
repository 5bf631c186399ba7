"""One line in the log for each request and each socket, and an id that all their lines share."""

import logging
import re
import time
import uuid

from structlog.contextvars import bound_contextvars

from dashboard.addresses import client_of
from dashboard.hub.link import Application, Receive, Scope, Send

logger = logging.getLogger("aurora.access")

QUIET = ("/healthz", "/readyz", "/metrics", "/static/")
"""Asked so often that they are told at DEBUG only."""

_ID = re.compile(rb"[A-Za-z0-9-]{8,64}")


class Logged:
    """ASGI: gives every request an id (the proxy's `X-Request-ID`, or a new one) and logs its end.

    The line has the path without what follows the `?`: people search for names of members.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, and tell how it went."""
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        request_id = given.decode() if _ID.fullmatch(given) else uuid.uuid4().hex[:16]
        with bound_contextvars(request=request_id):
            if scope["type"] == "http":
                await self._request(scope, receive, send, request_id)
            else:
                await self._socket(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        started, client = time.perf_counter(), client_of(scope)
        status = size = 0

        async def watch(message: dict[str, object]) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]  # type: ignore[assignment]
                named = (b"x-request-id", request_id.encode())
                message = {**message, "headers": [*message.get("headers", ()), named]}  # type: ignore[misc]
            else:
                size += len(message.get("body", b""))  # type: ignore[arg-type]
            await send(message)

        try:
            await self.application(scope, receive, watch)
        finally:
            ms = round((time.perf_counter() - started) * 1000, 1)
            told = {"method": scope["method"], "status": status or 500, "ms": ms, "bytes": size}
            _tell(scope["path"], client, "request", told)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, client = time.perf_counter(), client_of(scope)  # its headers go when it opens
        code: object = None

        async def watch() -> dict[str, object]:
            nonlocal code
            message = await receive()
            if message["type"] == "websocket.disconnect":
                code = message.get("code")
            return message

        try:
            await self.application(scope, watch, send)
        finally:
            seconds = round(time.perf_counter() - started, 1)
            _tell(scope["path"], client, "socket", {"code": code or "refused", "seconds": seconds})


def _tell(path: str, client: str | None, what: str, told: dict[str, object]) -> None:
    level = logging.DEBUG if path.startswith(QUIET) else logging.INFO
    logger.log(level, what, extra={"path": path, "client": client or "", **told})
