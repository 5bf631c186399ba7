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
from typing import Never

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


@contextmanager
def private_cluster(*, fsync: bool = False) -> Iterator[str]:
    """Yield the URL of a new PostgreSQL, which ends with the block.

    Without `fsync` it forgets on a power failure, and is quick; with it, it is as in production.
    """
    binaries, folder = _binaries(), Path(tempfile.mkdtemp(prefix="v"))
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if as_postgres:
        shutil.chown(folder, "postgres")
    data = str(folder / "data")
    initdb = [*as_postgres, str(binaries / "initdb"), "-D", data, "-U", "postgres", "--no-sync"]
    control = [*as_postgres, str(binaries / "pg_ctl"), "-D", data, "-w", "-s"]
    options = f"-c listen_addresses='' -c unix_socket_directories={folder}"
    if not fsync:
        options += " -c fsync=off"
    try:
        subprocess.run(
            [*initdb, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
        )
        started = [*control, "-l", str(folder / "log"), "-o", options, "start"]
        subprocess.run(started, check=True, cwd="/")
        yield f"postgres://postgres@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, cwd="/")
        shutil.rmtree(folder)


def main(command: list[str]) -> int:
    """Run `command` on a new cluster; return its exit status."""
    signal.signal(signal.SIGTERM, _stop)
    with private_cluster() as url:
        return subprocess.run(command, env={**os.environ, DATABASE_VARIABLE: url}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
