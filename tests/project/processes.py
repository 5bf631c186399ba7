"""Starting our programs as an operator does, with nothing of the suite's environment."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.environment import ROOT


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """Return the variables of a clean machine, with its data in `folder`."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    fixed = {"READ_DOTENV": "false", "DATA_DIR": str(folder), "PYTHONUNBUFFERED": "1"}
    return {**kept, **fixed, **variables}


@contextmanager
def short_folder() -> Iterator[Path]:
    """Make a folder whose path is short enough for a unix socket."""
    with tempfile.TemporaryDirectory(prefix="v") as name:
        yield Path(name)


def manage(folder: Path, *command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of `manage.py` to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=environment(folder, **variables),
        capture_output=True,
        text=True,
        timeout=60,
    )


def only_line(ended: "subprocess.CompletedProcess[str]") -> str:
    """Return the one line that a refused start shows; nothing else is shown."""
    assert ended.returncode not in {0, None}, ended.stdout
    (line,) = (ended.stdout + ended.stderr).splitlines()
    return line
