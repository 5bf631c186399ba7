"""What we know of Daphne's insides; nothing else of ours touches them. pyproject.toml pins Daphne.

`send` is `functools.partial(Server.handle_reply, protocol)`. Of the protocol, which is Autobahn's,
we use `state`, `sendMessage`, `sendClose` and whether it compresses; of its transport, which is
Twisted's, the `socket` and the length of the buffer. `unknown` looks at the start whether it is so.
"""

import asyncio
import functools
import sys
from collections.abc import Callable, Coroutine
from typing import Any, cast

from dashboard.hub.batch import Batch

_OF_PROTOCOL = ("state", "STATE_OPEN", "sendMessage", "sendClose")
_OF_TRANSPORT = ("dataBuffer", "offset", "_tempDataLen", "write")


class DaphneLink:
    """Writes to Daphne's protocol object, and reads the buffer of its Twisted transport."""

    __slots__ = ("_protocol", "_transport")

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._transport = protocol.transport

    def write(self, text: str) -> None:
        """Send a text frame; nothing happens unless the socket is open."""
        if self._protocol.state == self._protocol.STATE_OPEN:
            self._protocol.sendMessage(text.encode(), False)

    def pass_on(self, batch: Batch) -> int:
        """Send what everybody is given; return how many bytes are unsent."""
        for text in batch.texts:
            self.write(text)
        return self.unsent_bytes

    def close(self, code: int) -> None:
        """Close with `code` after what was written."""
        if self._protocol.state == self._protocol.STATE_OPEN:
            self._protocol.sendClose(code=code)

    @property
    def unsent_bytes(self) -> int:
        """What waits in the buffer of the transport."""
        return waiting_bytes(self._transport)


class DirectLink(DaphneLink):
    """Gives what everybody is given to the kernel itself: one system call, no frame built again.

    While something waits in the transport it goes behind that, so the order is the transport's.
    """

    __slots__ = ("_open", "_send")

    def __init__(self, protocol: Any) -> None:
        super().__init__(protocol)
        self._open = protocol.STATE_OPEN
        self._send = protocol.transport.socket.send

    def pass_on(self, batch: Batch) -> int:
        """Send what everybody is given; return how many bytes are unsent."""
        if self._protocol.state != self._open:
            return 0
        wire, transport = batch.wire, self._transport
        if not transport._tempDataLen and not transport.dataBuffer:
            try:
                sent = self._send(wire)
            except OSError:  # full, or broken: the transport finds out which, and sees to it
                sent = 0
            if sent == len(wire):
                return 0
            wire = wire[sent:]
        transport.write(wire)
        return self.unsent_bytes


def waiting_bytes(transport: Any) -> int:
    """Return how much of what was written to a Twisted transport has not left this process."""
    return int(len(transport.dataBuffer) - transport.offset + transport._tempDataLen)


def daphne_link(send: Any, *, direct: bool) -> DaphneLink | None:
    """Return the way out behind Daphne's `send`; None if that is not Daphne's, or not a plain one.

    Without `direct`, when it compresses, and when `unknown` says so, each frame is sent by itself.
    """
    protocol = send.args[0] if isinstance(send, functools.partial) and send.args else None
    transport = getattr(protocol, "transport", None)
    if (
        all(base.__module__ != "daphne.ws_protocol" for base in type(protocol).__mro__)
        or not _has(protocol, _OF_PROTOCOL)
        or not _has(transport, _OF_TRANSPORT)  # TLS ended in this process has another one
        or getattr(transport, "TLS", False)
    ):
        return None
    plain = (
        getattr(protocol, "_perMessageCompress", 0) is None
        and not getattr(protocol, "send_queue", True)
        and hasattr(getattr(transport, "socket", None), "send")
    )
    return DirectLink(protocol) if direct and plain and unknown() is None else DaphneLink(protocol)


@functools.cache
def unknown() -> str | None:
    """Tell what of Daphne's insides is not as we know it; None if all is, or Daphne is not used."""
    if "daphne.server" not in sys.modules:
        return None
    from daphne.ws_protocol import WebSocketProtocol
    from twisted.internet.abstract import FileDescriptor

    missing = [name for name in _OF_PROTOCOL if not hasattr(WebSocketProtocol, name)]
    if set(missing) - {"state"}:  # that one is born with the connection
        return f"Daphne's protocol has no {' and no '.join(missing)}"

    class Transport(FileDescriptor):
        connected = 1

        def startWriting(self) -> None:
            """Leave what is written in the buffer."""

    transport: Any = Transport(reactor=cast(Any, object()))
    if not _has(transport, _OF_TRANSPORT):
        return "Twisted's transport keeps its buffer elsewhere"
    transport.write(b"seven b")
    return None if waiting_bytes(transport) == 7 else "Twisted's transport counts another way"


def before_server_stops(farewell: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Have Daphne wait for `farewell()` at SIGTERM: by itself it cuts the connections.

    Other servers say goodbye themselves; there, nothing happens.
    """
    reactor: Any = sys.modules.get("twisted.internet.reactor")
    if reactor is not None:
        from twisted.internet.defer import Deferred

        reactor.addSystemEventTrigger(
            "before", "shutdown", lambda: Deferred.fromFuture(asyncio.ensure_future(farewell()))
        )


def _has(thing: Any, names: tuple[str, ...]) -> bool:
    return all(hasattr(thing, name) for name in names)
