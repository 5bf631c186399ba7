"""What the hub of this process counts, for whoever watches the process from outside."""

import asyncio
import uuid
from typing import NamedTuple

from channels.layers import get_channel_layer

from dashboard.hub.hub import running_hub

_CHANNEL = f"asgispecific.ready-{uuid.uuid4().hex}"
_AGAIN_SECONDS = 0.05


class HubFigures(NamedTuple):
    """`last` is the newest seq that was relayed, None while the log is not followed."""

    sockets: int = 0
    unsent_bytes: int = 0
    unsent_bytes_most: int = 0
    last: int | None = None
    hears_layer: bool = True
    counts: tuple[tuple[str, int], ...] = ()


def figures() -> HubFigures:
    """Return the figures of the hub of the running event loop, all zero where there is none."""
    hub = running_hub()
    if hub is None:
        return HubFigures()
    unsent = [each.link.unsent_bytes for members in hub.groups.values() for each in members]
    log = hub.log
    counts = hub.counts + log.counts
    if log.runs:
        counts["duplicate"] += log.tail.duplicates
    counts["garbled"] += sum(intake.garbled for intake in hub.intakes())
    return HubFigures(
        sockets=len(unsent),
        unsent_bytes=sum(unsent),
        unsent_bytes_most=max(unsent, default=0),
        last=log.tail.last if log.runs else None,
        hears_layer=all(intake.hears for intake in hub.intakes()),
        counts=tuple(sorted(counts.items())),
    )


async def round_trip() -> None:
    """Return when a message of ours came back through the channel layer; bound it with a timeout.

    The channel stays, so that a layer that is away does not leave one behind for each attempt.
    """
    layer = get_channel_layer()
    nonce = uuid.uuid4().hex
    heard = asyncio.ensure_future(_hear(nonce))
    try:
        while not heard.done():  # the first may be sent before the channel is subscribed to
            await layer.send(_CHANNEL, {"type": "dashboard.round_trip", "nonce": nonce})
            await asyncio.wait({heard}, timeout=_AGAIN_SECONDS)
        heard.result()
    finally:
        heard.cancel()


async def _hear(nonce: str) -> None:
    layer = get_channel_layer()
    while (await layer.receive(_CHANNEL)).get("nonce") != nonce:
        pass
