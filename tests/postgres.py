"""Run a command with TEST_DATABASE_URL naming a private PostgreSQL, which ends with it.

`python -m tests.postgres COMMAND...` makes a cluster on a unix socket from the binaries of this
machine, as the user `postgres` when we are root, which PostgreSQL refuses to run as.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Never, Self

from tests.environment import DATABASE_VARIABLE


def _stop(*_: object) -> Never:
    raise SystemExit(130)


def _binaries() -> Path:
    """Return the folder of `initdb`: Debian keeps it out of PATH, a folder for each version."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parts[-2])
    if found is None and not folders:
        sys.exit("tests.postgres: there is no initdb. On Debian: apt-get install postgresql")
    return Path(found).parent if found else folders[-1]


class Cluster:
    """A new PostgreSQL at `url`, for `with`; `stop` and `start` may be called again and again.

    Without `fsync` it forgets on a power failure, and is quick; with it, it is as in production.
    """

    def __init__(self, *, fsync: bool = False) -> None:
        self._binaries, self.folder = _binaries(), Path(tempfile.mkdtemp(prefix="v"))
        self.url = f"postgres://postgres@/postgres?host={self.folder}"
        self._data = str(self.folder / "data")
        self._options = f"-c listen_addresses='' -c unix_socket_directories={self.folder}"
        if not fsync:
            self._options += " -c fsync=off"

    def __enter__(self) -> Self:
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres")
        made = ["-U", "postgres", "--no-sync", "--auth=trust", "--encoding=UTF8"]
        try:
            self._run("initdb", *made, "--locale=C.UTF-8", check=True)
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._run("pg_ctl", "-w", "-s", "-m", "immediate", "stop", check=False)
        shutil.rmtree(self.folder)

    def start(self) -> None:
        """Return when it answers."""
        log = str(self.folder / "log")
        self._run("pg_ctl", "-w", "-s", "-l", log, "-o", self._options, "start", check=True)

    def stop(self) -> None:
        """End it as its operator does: sessions are thrown out, transactions rolled back."""
        self._run("pg_ctl", "-w", "-s", "-m", "fast", "stop", check=True)

    def _run(self, program: str, *arguments: str, check: bool) -> None:
        as_postgres = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        command = [*as_postgres, str(self._binaries / program), "-D", self._data, *arguments]
        subprocess.run(command, check=check, stdout=subprocess.DEVNULL, cwd="/")


@contextmanager
def private_cluster(*, fsync: bool = False) -> Iterator[str]:
    """Yield the URL of a `Cluster`, which ends with the block."""
    with Cluster(fsync=fsync) as cluster:
        yield cluster.url


def main(command: list[str]) -> int:
    """Run `command` on a new cluster; return its exit status."""
    signal.signal(signal.SIGTERM, _stop)
    with private_cluster() as url:
        return subprocess.run(command, env={**os.environ, DATABASE_VARIABLE: url}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
