"""Ids and tokens in the form Discord gives them."""

import base64
import time

EPOCH_MS = 1_420_070_400_000
"""The first millisecond of 2015, UTC: where Discord's ids begin."""


def snowflake_at(unix_ms: int, increment: int = 0) -> int:
    """The id of something made at `unix_ms`; `increment` tells apart what was made together."""
    return ((unix_ms - EPOCH_MS) << 22) | (increment & 0x3FFFFF)


class Snowflakes:
    """Hands out ids that never repeat and always grow, stamped with the present time."""

    def __init__(self) -> None:
        self._last = 0

    def __call__(self) -> int:
        """A new id."""
        return self.block(1)

    def block(self, size: int) -> int:
        """The first of `size` new ids in a row."""
        first = max(self._last + 1, snowflake_at(int(time.time() * 1000)))
        self._last = first + size - 1
        return first


def token_for(bot_id: int, ending: str = "emulated-discord-it-opens-nothing-real") -> str:
    """A token in Discord's three-part form, whose first part is `bot_id` in base64."""
    first = base64.urlsafe_b64encode(str(bot_id).encode()).decode().rstrip("=")
    return f"{first}.Aurora.{ending}"


def bot_id_in(token: str) -> int | None:
    """The bot's id from the first part of `token`, or None when it does not hold one."""
    first = token.partition(".")[0]
    try:
        text = base64.b64decode(first + "=" * (-len(first) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    return int(text) if text.isdigit() and len(text) <= 20 else None
