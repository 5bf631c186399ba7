"""TLS for the emulated Discord: a certificate made at run time, and names that lead to it."""

import ipaddress
import re
import socket
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"
API_HOST, GATEWAY_HOST = "discord.com", "gateway.discord.gg"
NAMES = (API_HOST, "*.discord.com", "*.discord.gg", "*.discordapp.com")
LIFETIME = timedelta(days=1)
KEPT_LIFETIME = timedelta(days=90)
_BLOCK = re.compile(r"(-----BEGIN ([A-Z ]+)-----[^-]+-----END \2-----\n?)")


class UnusableCertificate(Exception):
    """A file has no certificate with its key, or one that has expired. The text is one line."""


class Certificate:
    """A certificate and its key. `pem` is what a client has to trust.

    Without arguments it is self-signed, for Discord's names and for this machine, and its key is on
    no disk but for the moment OpenSSL, which reads files only, needs to load it.
    """

    def __init__(self, pem: str = "", key: str = "", *, lifetime: timedelta = LIFETIME) -> None:
        if not pem:
            pem, key = _self_signed(lifetime)
        self.pem = pem
        self._key = key

    @classmethod
    def kept_in(cls, path: Path) -> Self:
        """Return the certificate of a PEM file, which is made, for its owner alone, when absent.

        Raises UnusableCertificate, and OSError.
        """
        if not path.exists():
            made = cls(lifetime=KEPT_LIFETIME)
            path.touch(mode=0o600)
            path.write_text(made.pem + made._key)
            return made
        blocks = _BLOCK.findall(path.read_text("ascii", errors="replace"))
        pem = "".join(text for text, kind in blocks if kind == "CERTIFICATE")
        key = "".join(text for text, kind in blocks if kind.endswith("PRIVATE KEY"))
        if not pem or not key:
            raise UnusableCertificate("it needs a CERTIFICATE and its PRIVATE KEY, as PEM")
        found = cls(pem, key)
        try:
            ends = x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
            found.server_context()
        except (ValueError, ssl.SSLError) as error:
            raise UnusableCertificate(f"certificate and key cannot be used ({error})") from None
        if ends < datetime.now(UTC):
            raise UnusableCertificate(
                f"the certificate expired on {ends:%d %b %Y}: remove the file, or give another"
            )
        return found

    def server_context(self) -> ssl.SSLContext:
        """What the listener speaks TLS with."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "both.pem")
            path.touch(mode=0o600)
            path.write_text(self.pem + self._key)
            context.load_cert_chain(path)
        return context

    def client_context(self) -> ssl.SSLContext:
        """What a client trusts: this certificate, and no other."""
        return client_context(self.pem)


def _self_signed(lifetime: timedelta) -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "emulated Discord")])
    now = datetime.now(UTC)
    names = [*map(x509.DNSName, NAMES), x509.IPAddress(ipaddress.ip_address(HOST))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), secret.decode()


def client_context(pem: str) -> ssl.SSLContext:
    """What a client trusts that knows `pem` alone."""
    return ssl.create_default_context(cadata=pem)


class OnlyHere(AbstractResolver):
    """Leads Discord's names to a port of this machine, and refuses all others.

    For `connector=aiohttp.TCPConnector(resolver=OnlyHere(port), ssl=...)`: nothing leaves the
    machine. `asked` holds the names that were looked up, in order.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the one address. Raises OSError for what is not Discord."""
        self.asked.append(host)
        _, _, parent = host.partition(".")
        if host not in NAMES and f"*.{parent}" not in NAMES:
            raise OSError(f"{host} is not Discord")
        return [
            {"hostname": host, "host": HOST, "port": self._port, "family": socket.AF_INET,
             "proto": 0, "flags": socket.AI_NUMERICHOST}
        ]  # fmt: skip

    async def close(self) -> None:
        """Nothing is kept."""
