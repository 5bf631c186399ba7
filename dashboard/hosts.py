"""Whose a host is, as far as its name or address tells. Needs no settings: they need it."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

_PRIVATE_NETWORKS = [
    ip_network(text)
    for text in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
        *("100.64.0.0/10", "::1/128", "fc00::/7", "fe80::/10"),
    )
]
_PRIVATE_ENDINGS = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


def host_of(url: str) -> str:
    """Return the host in `url`, empty where it has none."""
    return urlsplit(url).hostname or ""


def is_loopback(host: str) -> bool:
    """Tell whether `host` is this machine itself; no host at all is a unix socket of it."""
    address = _address(host)
    if address is not None:
        return address.is_loopback
    return host.lower() in {"", "localhost"} or host.lower().endswith(".localhost")


def is_private(host: str) -> bool:
    """Tell whether `host` is this machine or on a network of its owner's.

    A name without a dot is one: compose files and /etc/hosts have those. Nothing is looked up.
    """
    address = _address(host)
    if address is not None:
        return any(address in network for network in _PRIVATE_NETWORKS)
    name = host.lower().rstrip(".")
    return name != "*" and ("." not in name or name.endswith(_PRIVATE_ENDINGS))


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(host.strip("[]"))
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
