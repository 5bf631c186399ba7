"""A process that cannot start says so in one line, with a status that is not 0."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.preflight import address
from tests.broker import Broker
from tests.environment import ROOT
from tests.project.processes import environment, manage, only_line, short_folder
from tests.web import free_port

SECRET = "hunter2-never-shown"


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as found:
        yield found


@pytest.fixture
def migrated(folder: Path) -> Path:
    assert manage(folder, "migrate", "--verbosity", "0").returncode == 0
    return folder


@pytest.mark.parametrize("command", [["runweb"], ["runbot"]], ids=" ".join)
def test_a_database_that_does_not_answer_is_said(folder: Path, command: list[str]) -> None:
    url = f"postgres://me:{SECRET}@127.0.0.1:{free_port()}/aurora"
    line = only_line(manage(folder, *command, DATABASE_URL=url, DISCORD_TOKEN="a.b.c"))
    assert line.startswith("CommandError: The database cannot be used: ")
    assert "Check DATABASE_URL." in line
    assert SECRET not in line


def test_a_database_without_its_tables_is_said(folder: Path) -> None:
    line = only_line(manage(folder, "runweb", PORT=str(free_port())))
    assert "The database lacks" in line
    assert "manage.py migrate" in line


def test_a_broker_that_does_not_answer_is_said(migrated: Path) -> None:
    url = f"redis://me:{SECRET}@127.0.0.1:{free_port()}/0"
    line = only_line(
        manage(migrated, "runweb", PORT=str(free_port()), REDIS_URL=url, STARTUP_WAIT_SECONDS="0.2")
    )
    assert "The broker at redis://127.0.0.1:" in line
    assert "did not answer within 0.2 s" in line
    assert "Check REDIS_URL" in line
    assert SECRET not in line


@pytest.mark.parametrize("command", [["-m", "dashboard_project.run"], ["manage.py", "runweb"]])
def test_a_taken_port_is_said(folder: Path, command: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment(folder, PORT=str(port)),
            capture_output=True,
            text=True,
        )
    line = only_line(ended)
    assert f"Port {port} on 127.0.0.1 cannot be used: Address already in use." in line
    assert "PORT=8001" in line


# ---------------------------------------------------------------------------- the broker


def test_a_second_broker_on_the_same_socket_is_refused(folder: Path, broker: Broker) -> None:
    ended = manage(folder, "runbroker", "--socket", str(broker.socket))
    assert f"A broker answers at {broker.socket} already." in only_line(ended)


def test_a_folder_that_others_may_write_to_is_refused(folder: Path) -> None:
    open_to_all = folder / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    ended = manage(folder, "runbroker", "--socket", str(open_to_all / "broker.sock"))
    assert "is not a folder into which only you may write." in only_line(ended)


def test_the_socket_of_a_dead_broker_is_replaced_and_sigterm_ends_the_new_one(folder: Path) -> None:
    path = folder / "private" / "broker.sock"
    path.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    command = [sys.executable, "manage.py", "runbroker", "--socket", str(path)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(folder), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(f"The broker listens on {path}")
        line = manage(folder, "shell", "-v", "0", "-c", wait_for(path)).stdout
        assert line == "True\n"
        assert path.stat().st_mode & 0o077 == 0
        process.terminate()
    assert process.returncode == 0


def wait_for(path: Path) -> str:
    return (
        "from django.conf import settings; from dashboard.preflight import *;"
        f"settings.REDIS_URL = 'unix://{path}'; require_broker(20); print(True)"
    )


# ---------------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"redis://me:{SECRET}@cache.example.org:6380/2", "redis://cache.example.org:6380/2"),
        (f"redis://[::1]:6379/0?password={SECRET}", "redis://[::1]:6379/0"),
        (f"unix://:{SECRET}@/run/v.sock?db=1", "unix:///run/v.sock"),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert address(url) == shown
