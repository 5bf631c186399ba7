"""REST rate limits: one bucket a route and major parameter, and one for everything."""

import hashlib
import math
import time
from dataclasses import dataclass

from botworker.emulator.errors import DiscordError

VIA = {"Via": "1.1 google"}
"""Without it a client may take a 429 for a ban by Cloudflare."""

DEFAULT = (50, 1.0)
_LIMITS = {
    ("PUT", "/applications/{application_id}/commands"): (5, 20.0),
    ("PUT", "/applications/{application_id}/guilds/{guild_id}/commands"): (5, 20.0),
    ("POST", "/applications/{application_id}/commands"): (5, 20.0),
    ("POST", "/applications/{application_id}/guilds/{guild_id}/commands"): (5, 20.0),
    ("POST", "/channels/{channel_id}/messages"): (5, 5.0),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"): (5, 5.0),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}"): (5, 1.0),
    ("GET", "/gateway/bot"): (2, 5.0),
    ("POST", "/webhooks/{webhook_id}/{webhook_token}"): (5, 2.0),
    ("GET", "/webhooks/{webhook_id}/{webhook_token}/messages/@original"): (5, 2.0),
    ("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/@original"): (5, 2.0),
    ("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"): (5, 2.0),
    ("DELETE", "/webhooks/{webhook_id}/{webhook_token}/messages/@original"): (5, 2.0),
    ("DELETE", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"): (5, 2.0),
    ("GET", "/guilds/{guild_id}/members/search"): (10, 10.0),
}
MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token")


@dataclass(slots=True)
class Bucket:
    """Requests left in the present window."""

    limit: int
    window: float
    remaining: int
    ends: float

    def take(self) -> bool:
        """Use one request; tells whether there was one left."""
        now = time.monotonic()
        if now >= self.ends:
            self.remaining, self.ends = self.limit, now + self.window
        if self.remaining <= 0:
            return False
        self.remaining -= 1
        return True

    @property
    def reset_after(self) -> float:
        """Seconds until the window ends."""
        return max(0.0, self.ends - time.monotonic())


def too_many(
    retry_after: float,
    *,
    is_global: bool = False,
    scope: str = "user",
    headers: dict[str, str] | None = None,
) -> DiscordError:
    """429 in Discord's form: seconds as a float in the body, whole ones in Retry-After."""
    retry_after = round(max(retry_after, 0.001), 3)
    sent = {
        **(headers or {}),
        **VIA,
        "Retry-After": str(math.ceil(retry_after)),
        "X-RateLimit-Scope": "global" if is_global else scope,
    }
    if is_global:
        sent["X-RateLimit-Global"] = "true"
    return DiscordError(
        429,
        0,
        "You are being rate limited.",
        headers=sent,
        extra={"retry_after": retry_after, "global": is_global},
    )


class RateLimits:
    """Counts every request and refuses those above the limits."""

    def __init__(self, requests_a_second: int) -> None:
        self._buckets: dict[str, Bucket] = {}
        self._global = Bucket(requests_a_second, 1.0, requests_a_second, 0.0)
        self.refused = 0

    def count_global(self) -> None:
        """Count a request against the limit of the whole application, or raise 429."""
        if not self._global.take():
            self.refused += 1
            raise too_many(self._global.reset_after, is_global=True)

    def count(self, method: str, template: str, params: dict[str, str]) -> dict[str, str]:
        """Count a request against its bucket: the headers to answer with, or 429."""
        limit, window = _LIMITS.get((method, template), DEFAULT)
        majors = "/".join(params[name] for name in MAJOR if name in params)
        name = hashlib.md5(f"{method} {template}".encode(), usedforsecurity=False).hexdigest()
        bucket = self._buckets.setdefault(f"{name}/{majors}", Bucket(limit, window, limit, 0.0))
        allowed = bucket.take()
        after = bucket.reset_after
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(bucket.remaining),
            "X-RateLimit-Reset": f"{time.time() + after:.3f}",
            "X-RateLimit-Reset-After": f"{after:.3f}",
            "X-RateLimit-Bucket": name,
        }
        if len(self._buckets) > 10_000:
            self._sweep()
        if not allowed:
            self.refused += 1
            raise too_many(after, headers=headers)
        return headers

    def _sweep(self) -> None:
        for name, bucket in list(self._buckets.items()):
            if bucket.reset_after <= 0:
                del self._buckets[name]
