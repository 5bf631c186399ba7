"""What a program of the operator's sends so that a web process with our settings lets it in."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host


def headers_for(url: str, session_key: str) -> dict[str, str]:
    """Return the headers for requests to a web process at `url`, past the proxy before it.

    Behind a proxy it knows its public name only: where `url` is none that it answers to, the host
    is that of the first origin of the settings.
    """
    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session_key}"}
    host = urlsplit(url).hostname or ""
    origin = next(iter(settings.ALLOWED_ORIGINS), url)
    if not validate_host(host, settings.ALLOWED_HOSTS):
        headers["Host"] = urlsplit(origin).netloc
    if settings.SECURE_PROXY_SSL_HEADER and origin.startswith("https:"):
        headers["X-Forwarded-Proto"] = "https"
    return headers


def origins_for(url: str) -> list[str]:
    """Return the origins from which a web process at `url` may let a socket in, likeliest first."""
    parts = urlsplit(url)
    return [f"{parts.scheme}://{parts.netloc}".lower(), *settings.ALLOWED_ORIGINS]
