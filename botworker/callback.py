"""The first answer to an interaction: Discord waits 3 s for it, so it is tried again at once.

discord.py waits 1 s and then 3 s after a server error, and gives up when a connection breaks.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import discord
from discord.http import json_or_text
from discord.webhook.async_ import AsyncWebhookAdapter, async_context

ANSWER_SECONDS = 3.0
PAUSE_SECONDS = 0.1
PAUSE_MAX_SECONDS = 0.8
LATELY_SECONDS = 60.0
ALREADY_ACKNOWLEDGED = 40060

UNREACHABLE = (aiohttp.ClientError, OSError)
UNHEARD = (discord.DiscordServerError, *UNREACHABLE)
"""What leaves open whether Discord took an answer."""


_taken: deque[tuple[float, float]] = deque(maxlen=50)
"""When Discord responded to the last first answers, and how long that took."""


def slowest_lately() -> float:
    """Return how many seconds Discord took at most to respond to a first answer, of late."""
    since = time.monotonic() - LATELY_SECONDS
    return max((seconds for at, seconds in _taken if at > since), default=0.0)


def forget_lately() -> None:
    """Know nothing of how long Discord takes, as a new client does."""
    _taken.clear()


class TakenUnheard(discord.HTTPException):
    """Discord says that it has an answer: one of ours, whose response never came."""


@contextmanager
def promptly() -> Iterator[None]:
    """Have the first answers that discord.py gives here tried again at once.

    They raise `TakenUnheard` beside what they always do.
    """
    token = async_context.set(_ADAPTER)
    try:
        yield
    finally:
        async_context.reset(token)


class _Prompt(AsyncWebhookAdapter):
    """Sends first answers by itself, and leaves all else to discord.py."""

    async def create_interaction_response(
        self,
        interaction_id: int,
        token: str,
        *,
        session: aiohttp.ClientSession,
        proxy: str | None = None,
        proxy_auth: aiohttp.BasicAuth | None = None,
        params: Any,
    ) -> Any:
        if params.files:  # they would have to be read anew for each attempt
            return await super().create_interaction_response(
                interaction_id,
                token,
                session=session,
                proxy=proxy,
                proxy_auth=proxy_auth,
                params=params,
            )
        path = f"/interactions/{interaction_id}/{token}/callback"
        loop = asyncio.get_running_loop()
        deadline = loop.time() + ANSWER_SECONDS
        pause = PAUSE_SECONDS
        unheard = False
        while True:
            began = time.monotonic()
            try:
                async with session.post(
                    discord.http.Route.BASE + path,
                    json=params.payload,
                    params={"with_response": "1"},
                    proxy=proxy,
                    proxy_auth=proxy_auth,
                ) as response:
                    content: Any = await json_or_text(response)
                ended = time.monotonic()
                _taken.append((ended, ended - began))
                if response.status < 300:
                    return content
                wait = pause
                error: Exception = _error_of(response, content, unheard=unheard)
                if response.status == 429 and isinstance(content, dict):
                    wait = float(content["retry_after"])
                elif response.status < 500:
                    raise error
            except UNREACHABLE as broken:
                wait, error = pause, broken
            unheard = unheard or isinstance(error, UNHEARD)
            if loop.time() + wait > deadline:
                raise error
            await asyncio.sleep(wait)
            pause = min(2 * pause, PAUSE_MAX_SECONDS)


_ADAPTER = _Prompt()  # type: ignore[no-untyped-call]


def _error_of(
    response: aiohttp.ClientResponse, content: Any, *, unheard: bool
) -> discord.HTTPException:
    if response.status >= 500:
        return discord.DiscordServerError(response, content)
    if response.status == 404:
        return discord.NotFound(response, content)
    error = discord.HTTPException(response, content)
    if unheard and error.code == ALREADY_ACKNOWLEDGED:
        return TakenUnheard(response, content)
    return error
