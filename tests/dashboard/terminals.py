"""`manage.py tail` as an operator runs it: a process, its two streams, its end."""

import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from dashboard_project.supervisor import die_with_parent
from tests.environment import ROOT
from tests.web import LiveWeb, database_url

PATIENCE_SECONDS = 15.0


def prepare_child() -> None:
    """Have Ctrl-C work, which a suite that runs in the background would not pass on."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    die_with_parent()


def command(url: str, *options: str) -> list[str]:
    return [sys.executable, "manage.py", "tail", "--url", url, *options]


def variables(**changes: str) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": database_url(), "PYTHONUNBUFFERED": "1", **changes}


class Tail:
    """A running `manage.py tail`. Used with `with`: it always ends."""

    def __init__(self, web: LiveWeb, *options: str, terminal: bool = False, **changes: str) -> None:
        self.lines: list[str] = []
        self.notices: list[str] = []
        self._news = threading.Condition()
        mine, theirs = pty.openpty() if terminal else os.pipe()
        self.process = subprocess.Popen(
            command(web.url, *options),
            cwd=ROOT,
            env=variables(**changes),
            stdout=theirs,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=prepare_child,
        )
        os.close(theirs)
        assert self.process.stderr is not None
        self.out = os.fdopen(mine, encoding="utf-8")
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stderr, self.notices)),
        ]
        self._readers.append(threading.Thread(target=self._read, args=(self.out, self.lines)))
        for reader in self._readers:
            reader.start()

    def wait_until(self, seen: Callable[[], bool]) -> None:
        """Return when `seen()`; fail with all that was written when that takes too long."""
        with self._news:
            assert self._news.wait_for(seen, PATIENCE_SECONDS), self._all()

    def wait_for_notice(self, text: str) -> None:
        self.wait_until(lambda: any(text in notice for notice in self.notices))

    def wait_for_lines(self, count: int) -> list[str]:
        """Return the first `count` events, as lines."""
        self.wait_until(lambda: len(self._events()) >= count)
        return self._events()[:count]

    def seqs(self, count: int) -> list[int]:
        """Return the numbers of the first `count` events."""
        return [int(line.split()[1]) for line in self.wait_for_lines(count)]

    def objects(self, count: int) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.wait_for_lines(count)]

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; return the exit status, everything having been read."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        status = self.process.wait(PATIENCE_SECONDS)
        for reader in self._readers:
            reader.join(PATIENCE_SECONDS)
        return status

    def _events(self) -> list[str]:
        return [line for line in self.lines if not line.startswith("—")]

    def _read(self, stream: Any, into: list[str]) -> None:
        try:
            for line in stream:
                with self._news:
                    into.append(line.rstrip("\n"))
                    self._news.notify_all()
        except OSError:  # how a terminal ends
            return

    def _all(self) -> str:
        return "\n".join(["standard output:", *self.lines, "standard error:", *self.notices])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.wait()
        self.out.close()
        assert self.process.stderr is not None
        self.process.stderr.close()
        sys.stderr.write(self._all())  # pytest shows it when the test fails
