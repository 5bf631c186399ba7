"""The command line of the drill: one run for each database asked for."""

import argparse
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from dashboard_project.supervisor import die_with_parent

ROOT = Path(__file__).resolve().parent.parent.parent
LANES_SHORT = 4
INTERRUPTED = 130  # as a shell says it


def main() -> int:
    """Perform the drill; return 0 when every row on every database is as expected."""
    parser = argparse.ArgumentParser(prog="drill", description="Break things, and see who notices.")
    parser.add_argument("rows", nargs="*", help="only these rows (default: all)")
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--short", action="store_true", help="smaller numbers, under 3 minutes")
    parser.add_argument("--seed", help="repeat the choices of the run that printed it")
    parser.add_argument("--lanes", type=int, help="rows at a time (default: 1; short: 4)")
    parser.add_argument(
        "--ordinary-writes", action="store_true", help="with SOCKET_DIRECT_WRITES=false"
    )
    options = parser.parse_args()
    seed = options.seed or secrets.token_hex(4)
    lanes = options.lanes or (LANES_SHORT if options.short else 1)
    command = [sys.executable, "-m", "tests.drill.run", f"--seed={seed}", f"--lanes={lanes}"]
    flags = {"--short": options.short, "--ordinary-writes": options.ordinary_writes}
    command += [*(flag for flag, wanted in flags.items() if wanted), *options.rows]
    databases = ["sqlite", "postgres"] if options.database == "both" else [options.database]
    status = 0
    for database in databases:
        print(f"The drill on {database}, seed {seed}", flush=True)
        status = run(command, database) or status
        if status == INTERRUPTED:
            break
    return status


def run(command: list[str], database: str) -> int:
    """Run one drill with a temporary folder that goes with it; return its exit status."""
    folder = tempfile.mkdtemp(prefix="v")
    Path(folder).chmod(0o711)  # the user `postgres` passes through
    variables = {**os.environ, "TMPDIR": folder}
    variables.pop("TEST_DATABASE_URL", None)
    prefix = [sys.executable, "-m", "tests.postgres"] if database == "postgres" else []
    try:
        with subprocess.Popen(
            [*prefix, *command], cwd=ROOT, env=variables, preexec_fn=die_with_parent
        ) as process:
            signal.signal(signal.SIGTERM, lambda *_: process.terminate())
            try:
                return process.wait()
            except KeyboardInterrupt:  # it was told as well, and ends what it started
                process.wait()
                return INTERRUPTED
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
