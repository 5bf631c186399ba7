"""Whose a host is, as far as its name or address tells. Needs no settings: they need it."""

import re
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

_PRIVATE_NETWORKS = [
    ip_network(text)
    for text in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
        *("100.64.0.0/10", "::1/128", "fc00::/7", "fe80::/10"),
    )
]
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PRIVATE_ENDINGS = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


def host_of(url: str) -> str:
    """Return the host in `url`, empty where it has none."""
    return urlsplit(url).hostname or ""


def origin_of(url: str) -> str:
    """Return the origin of an http or https `url` as browsers write it.

    In lower case and ASCII, without a user, the port of its scheme, or anything after the port.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        address = ip_address(host)
        host = f"[{address}]" if isinstance(address, IPv6Address) else str(address)
    except ValueError:
        with suppress(UnicodeError):
            host = host.encode("idna").decode()
    default = {"http": 80, "https": 443}.get(parts.scheme)
    port = "" if parts.port in (None, default) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def is_loopback(host: str) -> bool:
    """Tell whether `host` is this machine itself; no host at all is a unix socket of it."""
    address = _address(host)
    if address is not None:
        return address.is_loopback
    return host.lower() in {"", "localhost"} or host.lower().endswith(".localhost")


def is_private(host: str) -> bool:
    """Tell whether `host` is this machine or on a network of its owner's.

    A name without a dot is one: compose files and /etc/hosts have those. A number is an address in
    disguise, and could be anybody's. Nothing is looked up.
    """
    address = _address(host)
    if address is not None:
        return any(address in network for network in _PRIVATE_NETWORKS)
    name = host.lower().rstrip(".")
    if name == "*" or _NUMBER.fullmatch(name):
        return False
    return "." not in name or name.endswith(_PRIVATE_ENDINGS)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(host.strip("[]"))
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
