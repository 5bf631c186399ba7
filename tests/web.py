"""A real web process on the database of the running test."""

import os
import socket
import subprocess
import sys
import threading
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlencode

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from dashboard_project.supervisor import die_with_parent
from tests.environment import ROOT


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def database_url() -> str:
    """Return the URL of the test database, for another process."""
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    options = {"host": found["HOST"] or found["OPTIONS"].get("host", "")}
    login = ":".join(quote(found[key], safe="") for key in ("USER", "PASSWORD") if found[key])
    port = f":{found['PORT']}" if found["PORT"] else ""
    return f"postgres://{login}@{port}/{found['NAME']}?{urlencode(options)}"


class LiveWeb:
    """`manage.py runweb` on a free port. Used with `with`: it always ends.

    The ORM may be used beside it, but not inside a `sync_playwright()` block.
    """

    def __init__(self, variables: dict[str, str], *arguments: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.socket_url = f"ws://127.0.0.1:{self.port}/ws"
        self.lines: list[str] = []  # what it printed
        self._variables = variables
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None
        self._reading: threading.Thread | None = None

    def cookie(self, user: User) -> dict[str, str]:
        """Sign `user` in; return the cookie as browsers' and HTTP clients' APIs want it."""
        client = Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        return {"name": name, "value": client.cookies[name].value, "url": self.url}

    def start(self) -> None:
        """Return when it answers. Raises `RuntimeError` with its output when it ends instead."""
        changes = {"PORT": str(self.port), "DATABASE_URL": database_url(), "PYTHONUNBUFFERED": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "manage.py", "runweb", *self._arguments],
            cwd=ROOT,
            env={**os.environ, **changes, **self._variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=die_with_parent,
        )
        listening = threading.Event()
        self._reading = threading.Thread(target=self._read, args=(self._process, listening))
        self._reading.daemon = True
        self._reading.start()
        listening.wait(timeout=30)
        if self._process.poll() is not None or not any("Listening" in line for line in self.lines):
            self.stop()
            raise RuntimeError("the web process did not start:\n" + "".join(self.lines))

    def stop(self) -> None:
        """End it as an operator does (SIGTERM); `start` brings it back on the same port."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self._process.kill()
            self._gone(self._process)

    def kill(self) -> None:
        """End it as a crash does (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._gone(self._process)

    def _gone(self, process: subprocess.Popen[str]) -> None:
        process.wait()
        assert self._reading is not None
        self._reading.join(timeout=10)  # then all that it printed is in `lines`
        self._process = None

    def _read(self, process: "subprocess.Popen[str]", listening: threading.Event) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self.lines.append(line)
                if line.startswith("Listening on"):
                    listening.set()
        listening.set()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        sys.stderr.write("".join(self.lines))  # pytest shows it when the test fails
