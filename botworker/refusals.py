"""What Discord refuses this bot for good: its operator has to act, starting again does not help."""

import asyncio

import discord
from discord.ext import commands

from botworker.errors import StartRefused

REVOKED = (
    "Discord does not accept DISCORD_TOKEN any more: make a new token in the developer portal,"
    " put it into the environment or .env, and start the bot again."
)
CLOSE_CODES = {
    4004: REVOKED,
    4010: "Discord refuses the shards of --shards: they are not valid.",
    4011: "Discord wants this bot to run with more shards: use --shards.",
    4012: "Discord does not speak this version of its gateway any more: update discord.py.",
    4013: "Discord refuses the intents: they are not valid.",
    4014: "Discord refuses the intents: the developer portal has to allow them.",
}


def refusal_of(error: BaseException | None) -> StartRefused | None:
    """Return what the error that ended a connection means for the operator, None for others."""
    code: int | None = getattr(error, "code", None)
    if isinstance(error, discord.PrivilegedIntentsRequired):
        code = 4014
    return _refusal(CLOSE_CODES[code]) if code in CLOSE_CODES else None


def _refusal(line: str) -> StartRefused:
    return StartRefused(line, configuration=True)


class Refusals(commands.Cog):
    """Sets `first` as soon as Discord refuses something, by whatever way it says so.

    By itself discord.py goes on when a request is refused, and hears of a refused shard only after
    it has identified all the others, too.
    """

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self.first: asyncio.Future[StartRefused] = asyncio.get_running_loop().create_future()

    def _refuse(self, line: str) -> None:
        if not self.first.done():
            self.first.set_result(_refusal(line))

    @commands.Cog.listener()
    async def on_token_refused(self) -> None:
        """A request with our token was answered with 401 (`client.build` tells)."""
        self._refuse(REVOKED)

    @commands.Cog.listener()
    async def on_shard_disconnect(self, shard_id: int) -> None:
        """The connection of a shard ended."""
        code = self._client._get_websocket(shard_id=shard_id).socket.close_code
        if code in CLOSE_CODES:
            self._refuse(CLOSE_CODES[code])
