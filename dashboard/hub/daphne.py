"""What we know of Daphne's insides; nothing else of ours touches them. pyproject.toml pins Daphne.

`send` is `functools.partial(Server.handle_reply, protocol)`. Of the protocol, which is Autobahn's,
we use `state`, `sendMessage`, `sendClose` and whether it compresses; of its transport, which is
Twisted's, the `socket`, the length of the buffer and `reactor.getWriters()`, which names every
transport with something in its buffer. `unknown` looks at the start whether it is so.
"""

import asyncio
import functools
import logging
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from dashboard.hub.batch import Batch

logger = logging.getLogger(__name__)

_OF_PROTOCOL = ("state", "STATE_OPEN", "sendMessage", "sendClose")
_OF_TRANSPORT = ("dataBuffer", "offset", "_tempDataLen", "write")


class Tracked:
    """A base of Daphne's protocol, before it: tells that a connection opened or ended.

    Whoever asks `changes` first knows that of no connection `state` has changed since.
    """

    changes = 0
    _state = 0

    @property
    def state(self) -> int:
        """Where the connection is between its handshake and its end, as Autobahn counts."""
        return self._state

    @state.setter
    def state(self, state: int) -> None:
        self._state = state
        Tracked.changes += 1


class DaphneLink:
    """Writes to Daphne's protocol object, and reads the buffer of its Twisted transport."""

    __slots__ = ("_protocol", "transport")

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self.transport = protocol.transport

    @property
    def straight(self) -> "DirectLink | None":
        """None: here each frame is built for each socket."""
        return None

    def write(self, text: str) -> None:
        """Send a text frame; nothing happens unless the socket is open."""
        if self._protocol.state == self._protocol.STATE_OPEN:
            self._protocol.sendMessage(text.encode(), False)

    def pass_on(self, batch: Batch, sent_bytes: int = 0) -> int:
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
        return waiting_bytes(self.transport)


class DirectLink(DaphneLink):
    """Gives what everybody is given to the kernel itself: one system call, no frame built again.

    While something waits in the transport it goes behind that, so the order is the transport's.
    """

    __slots__ = ("reactor", "send")

    def __init__(self, protocol: Any) -> None:
        super().__init__(protocol)
        self.reactor = protocol.transport.reactor
        self.send = protocol.transport.socket.send

    @property
    def straight(self) -> "DirectLink | None":
        """Itself, if `send` may be called right away for as long as `Tracked.changes` stays.

        That is, unless `reactor.getWriters()` names its `transport`: then that has to go first.
        """
        protocol = self._protocol
        is_open = isinstance(protocol, Tracked) and protocol.state == self._protocol.STATE_OPEN
        return self if is_open else None

    def pass_on(self, batch: Batch, sent_bytes: int = 0) -> int:
        """Send what everybody is given, but for what left; return how many bytes are unsent."""
        if self._protocol.state != self._protocol.STATE_OPEN:
            return 0
        wire, transport = batch.wire[sent_bytes:], self.transport
        if not (sent_bytes or transport._tempDataLen or transport.dataBuffer):
            try:
                sent = self.send(wire)
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
    """Return the way out behind Daphne's `send`; None if that is not Daphne's as we know it.

    Without `direct`, when it compresses or encrypts, and when `unknown` says so, each frame is sent
    by itself.
    """
    protocol = send.args[0] if isinstance(send, functools.partial) and send.args else None
    if all(base.__module__ != "daphne.ws_protocol" for base in type(protocol).__mro__):
        return None
    transport = getattr(protocol, "transport", None)
    if not (_has(protocol, _OF_PROTOCOL) and _has(transport, _OF_TRANSPORT)):
        _warn_once("a slow browser is not noticed, for what is unsent cannot be told")
        return None
    if direct and _is_plain(protocol) and unknown() is None:
        return DirectLink(protocol)
    return DaphneLink(protocol)


def _is_plain(protocol: Any) -> bool:
    """Tell whether what is given to the socket itself is what the browser reads."""
    from twisted.internet.tcp import Connection

    transport = protocol.transport
    # TLS ended in this process has a transport that passes for the one within: ask for its class.
    return (
        isinstance(transport, Connection)
        and not transport.TLS
        and hasattr(getattr(transport, "socket", None), "send")
        and hasattr(transport.reactor, "getWriters")
        and getattr(protocol, "_perMessageCompress", 0) is None
        and not getattr(protocol, "send_queue", True)
    )


@functools.cache
def _warn_once(what: str) -> None:
    logger.warning("%s. Install the Daphne that requirements/base.txt names.", what)


@functools.cache
def unknown() -> str | None:
    """Tell what of Daphne's insides is not as we know it; None if all is, or Daphne is not used.

    Logs a warning, once, for then events are sent one by one to each socket.
    """
    if "daphne.server" not in sys.modules:
        return None
    from daphne.ws_protocol import WebSocketProtocol
    from twisted.internet.abstract import FileDescriptor

    surprise = surprise_of(WebSocketProtocol, FileDescriptor)
    if surprise is not None:
        _warn_once(f"events are sent one by one to each socket, which is slow: {surprise}")
    return surprise


def surprise_of(protocol: type, descriptor: type) -> str | None:
    """Tell what of Daphne's protocol or Twisted's transport is not as we know it."""
    missing = [name for name in _OF_PROTOCOL if not hasattr(protocol, name)]
    if set(missing) - {"state"}:  # that one is born with the connection
        return f"Daphne's protocol has no {' and no '.join(missing)}"

    class Transport(descriptor):
        connected = 1

        def startWriting(self) -> None:
            """Leave what is written in the buffer."""

    transport: Any = Transport(reactor=object())
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
