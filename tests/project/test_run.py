"""`make run`, as its user sees it."""

import fcntl
import os
import re
import select
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest

from dashboard_project.supervisor import die_with_parent
from tests.environment import ROOT
from tests.project.processes import environment, short_folder
from tests.web import free_port


class Run:
    """`python -m dashboard_project.run`, and what it prints."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dashboard_project.run"],
            cwd=ROOT,
            env=environment(folder, PORT=str(self.port), **variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=die_with_parent,
        )

    def until(self, pattern: str) -> str:
        """Read on until a line matches; return the line."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if re.search(pattern, line):
                return line
        raise AssertionError(f"it ended without {pattern!r}:\n" + "".join(self.lines))

    def children(self) -> dict[str, int]:
        """Return the process ids of the programs by the last word of what starts them."""
        found = {}
        pid = self.process.pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            words = Path(f"/proc/{child}/cmdline").read_text().split("\0")
            name = next((word for word in words if word.startswith("run")), "runbroker")
            found[name] = int(child)
        return found


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as found:
        yield found


@pytest.fixture
def run(folder: Path) -> Iterator[Run]:
    running = Run(folder)
    yield running
    running.process.terminate()
    running.process.communicate(timeout=60)


def sign_in(url: str, user: str, password: str) -> str:
    """Sign in to the admin as a browser does; return the page that follows."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    page = browser.open(f"{url}/admin/login/").read().decode()
    (token,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    form = {"csrfmiddlewaretoken": token, "username": user, "password": password, "next": "/admin/"}
    headers = {"Origin": url, "Referer": f"{url}/admin/login/"}
    request = urllib.request.Request(f"{url}/admin/login/", urlencode(form).encode(), headers)
    answer: str = browser.open(request).read().decode()
    return answer


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_one_command_starts_everything_repairs_a_crash_and_leaves_nothing_behind(
    run: Run, folder: Path
) -> None:
    assert run.until("Aurora is up").split()[-1] == f"http://localhost:{run.port}"
    password = run.until("password").split()[-1]
    assert "emulated" in run.until("discord ")
    assert "DISCORD_TOKEN=" in run.until("your own bot")
    assert "Log out" in sign_in(run.url, "admin", password)
    run.until(r"bot \| .*connected to Gateway")

    children = run.children()
    assert set(children) == {"runbroker", "rundiscord", "runweb", "runbot"}
    os.kill(children["runweb"], signal.SIGKILL)
    run.until(r"web \| ended \(SIGKILL\); it is started again")
    run.until(r"web \| Listening on")
    assert "Log out" in sign_in(run.url, "admin", password)

    handles = [os.pidfd_open(pid) for pid in run.children().values()]
    assert len(handles) == 4
    run.process.send_signal(signal.SIGINT)
    run.until("Stopping")
    run.process.communicate(timeout=60)
    assert run.process.returncode == 0
    for handle in handles:
        assert select.select([handle], [], [], 0)[0], "a program still runs"
        os.close(handle)

    assert (folder / "admin_password").stat().st_mode & 0o777 == 0o600
    again = Run(folder)
    try:
        assert again.until("password").split()[-1] == password
        assert "Log out" in sign_in(again.url, "admin", password)
    finally:
        again.process.terminate()
        again.process.communicate(timeout=60)


def test_a_given_password_works_and_is_not_shown(folder: Path) -> None:
    run = Run(folder, DEMO_ADMIN_PASSWORD="correct-horse-battery")
    try:
        run.until("Ctrl-C stops everything")
        assert "correct-horse-battery" not in "".join(run.lines)
        assert "Log out" in sign_in(run.url, "admin", "correct-horse-battery")
    finally:
        run.process.terminate()
        run.process.communicate(timeout=60)
    assert run.process.returncode == 0


def test_a_second_run_from_the_same_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    with (tmp_path / "run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = subprocess.run(
            [sys.executable, "-m", "dashboard_project.run"],
            cwd=ROOT,
            env=environment(tmp_path, PORT=str(free_port())),
            capture_output=True,
            text=True,
        )
    assert second.returncode == 1
    assert "already runs" in second.stderr
    assert len(second.stderr.splitlines()) == 1
