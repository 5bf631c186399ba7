"""Listening to one group of the channel layer, and knowing whether anything can be heard.

The layer says nothing when its Redis goes away, and loses what is sent meanwhile. So the intake
sends itself a probe every second: when none comes back, it is deaf, whatever the reason.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

from channels.layers import get_channel_layer

from dashboard.hub.subscription import NOT_AS_KNOWN, subscribed

logger = logging.getLogger(__name__)

PROBE_SECONDS = 1.0
DEAF_AFTER_SECONDS = 2.5
RECONNECT_SECONDS = 10.0
CALL_TIMEOUT_SECONDS = 1.0
PROBE = "dashboard.probe"
FRAME_MAX_CHARACTERS = 200_000
"""What is longer is not ours; of four bytes each they stay under the 1 MiB that Daphne sends."""


class Intake:
    """A channel of our own in `group`; the messages that arrive go to `on_messages`, unchecked.

    Those that arrive together go together.

    `on_hearing` is called with False when the layer is no longer heard, with True when it is again.
    """

    def __init__(
        self,
        group: str,
        on_messages: Callable[[list[dict[str, Any]]], None],
        on_hearing: Callable[[bool], None],
    ) -> None:
        self.group = group
        self.hears = True
        self.garbled = 0
        self._on_messages = on_messages
        self._on_hearing = on_hearing
        self._layer = get_channel_layer()
        self._channel: str | None = None
        self._lean = True
        self._known = False  # whether Redis was heard by our own reader: then it is as we know it
        self._heard_at = time.monotonic()
        self._confirmed = False
        self._reconnect_after = RECONNECT_SECONDS

    def start(self) -> None:
        """Begin to listen, in the background; the layer may be away."""
        self._listener = asyncio.ensure_future(self._listen())
        self._prober = asyncio.ensure_future(self._probe())

    async def stop(self) -> None:
        """Leave the group and end; a layer that does not answer cannot hold this up."""
        self._prober.cancel()
        self._listener.cancel()
        await asyncio.wait([self._prober, self._listener], timeout=CALL_TIMEOUT_SECONDS)

    async def _listen(self) -> None:
        while True:
            try:
                async with AsyncExitStack() as stack:
                    async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
                        subscription = await stack.enter_async_context(
                            subscribed(self._layer, self.group, lean=self._lean)
                        )
                    self._channel = subscription.channel
                    self._confirmed = False
                    while True:
                        self._take(await subscription.receive())
            except Exception as error:  # noqa: BLE001 - any layer, any fault: the probe tells, here we try again
                logger.debug("cannot hear %s: %r", self.group, error)
                if self._lean and not self._known and isinstance(error, NOT_AS_KNOWN):
                    self._lean = False
                    logger.warning(
                        "listening through the channel layer, which is slower: %r. Install what"
                        " requirements/base.txt names, and name no protocol in REDIS_URL.",
                        error,
                    )
                    continue
            finally:
                self._channel = None
            await asyncio.sleep(PROBE_SECONDS)

    def _take(self, arrived: list[Any]) -> None:
        messages: list[dict[str, Any]] = []
        for message in arrived:
            if not isinstance(message, dict):
                self.garbled += 1
                logger.debug("a message on %s was not ours: %r", self.group, message)
            elif message.get("type") == PROBE:
                self._heard()
            else:
                messages.append(message)
        if messages:
            try:
                self._on_messages(messages)
            except Exception:
                logger.exception("%d messages on %s were not handled", len(messages), self.group)

    async def _probe(self) -> None:
        while True:
            channel = self._channel
            if channel is not None:
                try:
                    async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
                        await self._layer.send(channel, {"type": PROBE})
                except Exception as error:  # noqa: BLE001 - counted by the silence that follows
                    logger.debug("cannot probe %s: %r", self.group, error)
            await asyncio.sleep(PROBE_SECONDS)
            silence = time.monotonic() - self._heard_at
            if self.hears and silence > DEAF_AFTER_SECONDS:
                self.hears = False
                logger.warning("the channel layer is not heard; reading the database instead")
                self._on_hearing(False)
            if silence > self._reconnect_after:
                self._reconnect_after = silence + RECONNECT_SECONDS
                await self._reconnect()

    async def _reconnect(self) -> None:
        """Have the layer open new connections: a dead one may never tell that it is dead."""
        try:
            async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
                await self._layer.flush()
        except Exception as error:  # noqa: BLE001 - it is still away: the next try is due
            logger.debug("cannot flush the layer: %r", error)
        self._listener.cancel()
        self._listener = asyncio.ensure_future(self._listen())

    def _heard(self) -> None:
        self._heard_at = time.monotonic()
        self._known = self._lean
        self._reconnect_after = RECONNECT_SECONDS
        if not self.hears:
            logger.info("the channel layer is heard again")
        if not (self.hears and self._confirmed):
            self.hears = self._confirmed = True
            self._on_hearing(True)  # what was said before we were subscribed is to be looked up
