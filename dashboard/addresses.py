"""From where a request comes: the address nobody can choose for themselves."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest

if TYPE_CHECKING:  # a project that only has a bot has no hub
    from dashboard.hub.link import Scope

Address = IPv4Address | IPv6Address


def client_address(request: HttpRequest) -> str | None:
    """Return the client's address: that of the connection, unless a proxy of ours made it.

    `X-Forwarded-For` is a list to which every proxy appends whom it heard. It is read from its end
    and only while the one who wrote an entry is named by `TRUSTED_PROXIES`, so that what a client
    wrote into it itself is never reached. None where the connection has no address (a unix socket).
    """
    return behind_proxies(
        request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", "")
    )


def client_of(scope: "Scope") -> str | None:
    """Return the same for an ASGI scope."""
    given = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return behind_proxies((scope.get("client") or ("",))[0], b",".join(given).decode("latin1"))


def behind_proxies(connection: str, forwarded: str) -> str | None:
    """Return whom our proxies heard, by the address that connected and its `X-Forwarded-For`."""
    found = _read(connection)
    for entry in reversed(forwarded.split(",")):
        before = _read(entry)
        if found is None or not _is_proxy(found) or before is None:
            break
        found = before
    return None if found is None else str(found)


def neighbourhood(address: str | None) -> str:
    """Return what counts as one place when guesses are counted: of IPv6 the /64 one person has."""
    found = _read(address or "")
    if isinstance(found, IPv6Address):
        return str(IPv6Network((found, 64), strict=False).network_address)
    return str(found or "0.0.0.0")  # noqa: S104 - nothing listens there: it stands for "unknown"


def _read(text: str) -> Address | None:
    try:
        found = ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        found = IPv6Address(found.packed)  # without a scope, which only its own machine knows
        return found.ipv4_mapped or found
    return found


def _is_proxy(address: Address) -> bool:
    return any(address in network for network in _networks(tuple(settings.TRUSTED_PROXIES)))


@lru_cache(maxsize=8)
def _networks(proxies: tuple[str, ...]):  # type: ignore[no-untyped-def]
    return [ip_network(proxy, strict=False) for proxy in proxies]
