"""What is complained about at start: settings that are unsafe in production, or at odds."""

import re
import zlib
from ipaddress import ip_network
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.http.request import validate_host

from dashboard.hosts import host_of, is_loopback, is_private

TAG = "aurora"

BROWSER_INTERVAL_SECONDS = 5.0
"""What a page takes for fresh (static/js/lamp.js) goes by figures and heartbeats this often."""


@register(TAG)
def check_production(**_: Any) -> list[CheckMessage]:
    """Refuse what must not be reachable from outside; nothing where all hosts are our own."""
    if not settings.PRODUCTION:
        return []
    return [*_exposed(), *_origins(), *_proxies(), *_redis()]


def exposed(bind: str) -> list[CheckMessage]:
    """Return what forbids listening at `bind`: a page for others, even if for nobody by name."""
    return [] if settings.PRODUCTION or is_loopback(bind) else _exposed()


def _exposed() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.DEBUG:
        found.append(
            Error(
                "DEBUG is on where others can reach the page: it shows the code and the settings",
                hint="Set DEBUG=false.",
                id="aurora.E001",
            )
        )
    if is_weak(settings.SECRET_KEY):
        found.append(
            Error(
                "SECRET_KEY can be guessed: it is repetitive, or a placeholder",
                hint="Leave it out, then one is made in DATA_DIR, or give 50 random characters.",
                id="aurora.E002",
            )
        )
    if any(name.strip(".") in {"*", ""} for name in settings.ALLOWED_HOSTS):
        found.append(
            Error(
                "ALLOWED_HOSTS allows every host",
                hint="Name yours: ALLOWED_HOSTS=dashboard.example.org.",
                id="aurora.E003",
            )
        )
    return found


def _origins() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    plain = [origin for origin in settings.ALLOWED_ORIGINS if origin.startswith("http://")]
    public = [origin for origin in plain if not is_private(host_of(origin))]
    if public:
        found.append(
            Error(
                f"ALLOWED_ORIGINS has {public[0]}: passwords and cookies would travel readable",
                hint="Put a proxy with TLS in front (docs/operations.md) and use https://.",
                id="aurora.E004",
            )
        )
    elif plain and len(plain) < len(settings.ALLOWED_ORIGINS):
        found.append(
            Error(
                f"ALLOWED_ORIGINS mixes https with {plain[0]}: cookies could not be secure",
                hint="Leave the http:// ones out.",
                id="aurora.E005",
            )
        )
    outside = [name for name in settings.ALLOWED_HOSTS if not is_loopback(name)]
    if outside and all(is_loopback(host_of(origin)) for origin in settings.ALLOWED_ORIGINS):
        found.append(
            Error(
                f"ALLOWED_ORIGINS has no origin of {outside[0]}: its pages could not connect",
                hint=f"Set ALLOWED_ORIGINS=https://{outside[0].strip('.')}.",
                id="aurora.E006",
            )
        )
    return found


def _proxies() -> list[CheckMessage]:
    """TLS ends in a proxy: unless it is named, all clients have its address, and one lock."""
    if any(ip_network(name, strict=False).prefixlen == 0 for name in settings.TRUSTED_PROXIES):
        return [
            Error(
                "TRUSTED_PROXIES names everybody: each could choose the address they are known by",
                hint="Name your proxy alone: TRUSTED_PROXIES=127.0.0.1.",
                id="aurora.E013",
            )
        ]
    encrypted = [origin for origin in settings.ALLOWED_ORIGINS if origin.startswith("https://")]
    if encrypted and not settings.TRUSTED_PROXIES:
        return [
            Error(
                f"ALLOWED_ORIGINS has {encrypted[0]}, but no proxy that ends its TLS is named: its"
                " address would be everybody's, and who guesses at passwords would lock all out",
                hint="Name it, and have it set X-Forwarded-For: TRUSTED_PROXIES=127.0.0.1.",
                id="aurora.E012",
            )
        ]
    return []


def _redis() -> list[CheckMessage]:
    parts = urlsplit(settings.REDIS_URL)
    host = parts.hostname or ""
    if parts.scheme == "redis" and not is_private(host):
        return [
            Error(
                f"REDIS_URL leads to {host} unencrypted: its password would travel readable",
                hint="Use rediss://, or the broker's address in a private network.",
                id="aurora.E007",
            )
        ]
    if not is_loopback(host) and not parts.password:
        return [
            Error(
                f"REDIS_URL leads to {host} without a password: everybody near it could use it",
                hint="Give the broker one: redis://USER:PASSWORD@HOST:6379/0.",
                id="aurora.E008",
            )
        ]
    return []


@register(TAG, deploy=True)
def check_layer(**_: Any) -> list[CheckMessage]:
    """Whoever is on this machine reaches a port of it; a socket in a folder of ours only we do."""
    parts = urlsplit(settings.REDIS_URL)
    if settings.DEBUG or settings.REDIS_ENCRYPTED or parts.scheme == "unix":
        return []
    return [
        Warning(
            f"What travels through the broker at {parts.hostname} is neither encrypted nor signed:"
            " whoever reaches it may read the frames, and forge some",
            hint="Set REDIS_ENCRYPTED=true, and one SECRET_KEY, for the web processes and the bot.",
            id="aurora.W003",
        )
    ]


@register(TAG)
def check_relations(**_: Any) -> list[CheckMessage]:
    """Look at settings together: each alone was read by the settings."""
    found: list[CheckMessage] = []
    for origin in settings.ALLOWED_ORIGINS:
        host = host_of(origin)
        shown = f"[{host}]" if ":" in host else host
        if not validate_host(shown, settings.ALLOWED_HOSTS):
            found.append(
                Error(
                    f"ALLOWED_ORIGINS has {origin}, but ALLOWED_HOSTS lacks {shown}: 400 there",
                    hint=f"Add {shown} to ALLOWED_HOSTS.",
                    id="aurora.E009",
                )
            )
    if settings.BOT_OFFLINE_AFTER_SECONDS < 2 * settings.BOT_HEARTBEAT_SECONDS:
        found.append(
            Error(
                "BOT_OFFLINE_AFTER_SECONDS is less than two heartbeats: one late one means offline",
                hint=f"Set it to {2 * settings.BOT_HEARTBEAT_SECONDS:g} or more,"
                " or BOT_HEARTBEAT_SECONDS to less.",
                id="aurora.E010",
            )
        )
    for name in ("STATS_INTERVAL_SECONDS", "BOT_HEARTBEAT_SECONDS"):
        if getattr(settings, name) > BROWSER_INTERVAL_SECONDS:
            found.append(
                (Error if settings.PRODUCTION else Warning)(
                    f"{name} is more than the 5 s by which a page tells fresh from stale",
                    hint=f"Set {name} to 5 or less.",
                    id="aurora.E011" if settings.PRODUCTION else "aurora.W002",
                )
            )
    if settings.SOCKETS_PER_USER_MAX > settings.SOCKETS_PER_PROCESS_MAX:
        found.append(
            Warning(
                "SOCKETS_PER_USER_MAX is more than SOCKETS_PER_PROCESS_MAX: one user may fill it",
                hint="Set SOCKETS_PER_USER_MAX to less.",
                id="aurora.W001",
            )
        )
    return found


_PLACEHOLDERS = (
    "changeit", "changeme", "changethis", "default", "example", "insecure", "mysecret", "password",
    "placeholder", "pleasechange", "replaceme", "replacethis", "replacewith", "secretkey",
    "yoursecret", "yourkey",
)  # fmt: skip


def is_weak(key: str) -> bool:
    """Tell whether `key` has little to guess: what repeats itself compresses, randomness not.

    50 random letters and digits never come below 47 bytes, a repeated word never above 30. Words
    that stand for a key still to be made count however they are written, and so does the alphabet.
    """
    plain = re.sub(r"[^a-z0-9]", "", key.lower())
    if any(word in plain for word in _PLACEHOLDERS):
        return True
    steps = sum(ord(b) - ord(a) in {-1, 1} for a, b in pairwise(key))
    return steps > len(key) / 2 or len(zlib.compress(key.encode(), 9)) < 40
