"""What one bot process is told: whom to be, where Discord is, which shards are its own."""

import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import quote, urlsplit

from django.conf import settings

from botworker.errors import StartRefused


class ShardRange(NamedTuple):
    """The shards `first` to `last`, both included, of `total`."""

    first: int
    last: int
    total: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `0-3/8`, `2/8`, or `4` for all of four. Raises `ValueError`."""
        match = re.fullmatch(r"(?:(\d{1,5})(?:-(\d{1,5}))?/)?(\d{1,5})", text)
        if match is None:
            raise ValueError(f"{text!r} is not FIRST-LAST/TOTAL, such as 0-3/8")
        total = int(match[3])
        first = int(match[1] or 0)
        last = int(match[2]) if match[2] else first if match[1] else total - 1
        if not 0 <= first <= last < total:
            raise ValueError(f"{text!r} does not name shards from 0 to {total - 1}")
        return cls(first, last, total)

    def __str__(self) -> str:
        return f"{self.first}-{self.last}/{self.total}"


@dataclass(frozen=True, kw_only=True)
class BotOptions:
    """Everything a bot process needs to know; `from_settings` reads it from the environment's."""

    token: str
    api_url: str
    gateway_url: str
    name: str = "bot"
    shards: ShardRange | None = None
    heartbeat_seconds: float = 5.0
    sample_seconds: float = 60.0
    count_seconds: float = 600.0
    login_wait_seconds: float = 10.0
    drain_seconds: float = 10.0
    guild_ready_seconds: float = 2.0
    pages_seconds: float = 120.0
    spool: Path | None = None
    trusted: ssl.SSLContext | None = None
    """Whom to trust instead of the authorities of this machine."""
    broker_refused: bool = False
    """The broker does not take our password: an operator should read so on the page."""

    def __repr__(self) -> str:  # the token must not get into a log this way
        return f"<BotOptions {self.name} at {self.api_url}>"

    @property
    def emulated(self) -> bool:
        """Tell whether this Discord is one that runs on this machine."""
        return urlsplit(self.api_url).hostname in {"localhost", "127.0.0.1", "::1"}

    @property
    def owns_first_shard(self) -> bool:
        """Tell whether this is the process that does what only one of them may do."""
        return self.shards is None or self.shards.first == 0

    @classmethod
    def from_settings(cls, *, name: str = "", shards: ShardRange | None = None) -> Self:
        """Take the settings; the name is made of the shards when it is empty. May refuse."""
        if not settings.DISCORD_TOKEN:
            raise StartRefused(
                "DISCORD_TOKEN is missing: put the bot's token into the environment or .env.",
                configuration=True,
            )
        name = name or (f"bot {shards}" if shards else "bot")
        return cls(
            token=settings.DISCORD_TOKEN,
            api_url=settings.DISCORD_API_URL,
            gateway_url=settings.DISCORD_GATEWAY_URL,
            name=name,
            shards=shards,
            heartbeat_seconds=settings.BOT_HEARTBEAT_SECONDS,
            sample_seconds=settings.BOT_SAMPLE_SECONDS,
            login_wait_seconds=settings.STARTUP_WAIT_SECONDS,
            spool=settings.DATA_DIR / "spool" / f"{quote(name, safe=' ')}.jsonl",
            trusted=_trusted(settings.DISCORD_CA_FILE),
        )


def _trusted(ca_file: str) -> ssl.SSLContext | None:
    if not ca_file:
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise StartRefused(
            f"DISCORD_CA_FILE: {ca_file} cannot be used ({error.strerror or error});"
            " leave it out for Discord itself.",
            configuration=True,
        ) from None
