"""A wrong setting stops the start with one line: its name, what is wrong, the remedy."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from environs import Env

from tests.environment import ROOT, variables_of_example

SECRET = "hunter2-never-shown"


def start(
    folder: Path, code: str = "import dashboard_project.settings", **variables: str
) -> "subprocess.CompletedProcess[str]":
    """Import the settings in a process of their own, with only these variables."""
    inherited = {"PATH": os.environ["PATH"], "READ_DOTENV": "false", "DATA_DIR": str(folder)}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**inherited, **variables},
        capture_output=True,
        text=True,
    )


WRONG = [
    ("PORT", "http", "port number"),
    ("PORT", "0", "1 to 65535"),
    ("DEBUG", "perhaps", "true or false"),
    ("LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING or ERROR"),
    ("ALLOWED_ORIGINS", "dashboard.example.org", "https://"),
    ("ALLOWED_ORIGINS", "https://dashboard.example.org/path", "'https://dashboard.example.org'"),
    ("ALLOWED_ORIGINS", "https://dashboard.example.org:99999", "ort"),
    ("ALLOWED_ORIGINS", "https://dashboard.example.org/", "'https://dashboard.example.org'"),
    ("ALLOWED_ORIGINS", "https://dashboard.example.org:443", "'https://dashboard.example.org'"),
    ("ALLOWED_ORIGINS", "http://dashboard.example.org:080", "'http://dashboard.example.org'"),
    ("ALLOWED_ORIGINS", "https://dashboard.example.org:", "'https://dashboard.example.org'"),
    ("ALLOWED_ORIGINS", "https://dashboard.example.org#", "'https://dashboard.example.org'"),
    ("ALLOWED_ORIGINS", f"https://me:{SECRET}@example.org", "'https://example.org'"),
    ("ALLOWED_ORIGINS", "http://[0:0::1]:8000", "'http://[::1]:8000'"),
    ("ALLOWED_ORIGINS", "https://b\u00fccher.example", "'https://xn--bcher-kva.example'"),
    ("DATABASE_URL", f"mysql://me:{SECRET}@db/aurora", "postgres://USER:PASSWORD@HOST"),
    ("DATABASE_URL", f"postgres://me:{SECRET}/rest@db:5432/aurora", "/ is written %2F"),
    ("REDIS_URL", f"http://:{SECRET}@cache", "redis://HOST:6379/0"),
    ("REDIS_URL", f"redis://:{SECRET}#rest@cache:6379/0", "# %23"),
    ("SECRET_KEY", SECRET, "50 random characters"),
    ("METRICS_TOKEN", SECRET[:19], "20 random letters and digits"),
    ("METRICS_TOKEN", f"{SECRET} {SECRET}", "20 random letters and digits"),
    ("METRICS_TOKEN", f"{SECRET}\u00e9", "20 random letters and digits"),
    ("DISCORD_API_URL", "https://discord.example.org/api/v10", "Leave it out for Discord"),
    ("DISCORD_GATEWAY_URL", "http://127.0.0.1:1/", "ws://127.0.0.1:PORT/"),
    ("STATS_INTERVAL_SECONDS", "soon", ".env.example"),
    ("SOCKETS_PER_USER_MAX", "0", "1 or more"),
    ("EVENT_RETENTION_DAYS", "-1", "0 or more"),
    ("SAMPLE_RETENTION_DAYS", "30", "62 or more"),
    ("DATA_DIR", "/dev/null/data", "folder you may write to"),
]


@pytest.mark.parametrize(("name", "value", "remedy"), WRONG)
def test_a_wrong_value_is_said_in_one_line_with_its_remedy(
    tmp_path: Path, name: str, value: str, remedy: str
) -> None:
    ended = start(tmp_path, **{name: value})
    assert ended.returncode == 78
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"aurora: {name}")
    assert remedy in line
    assert SECRET not in line


def test_all_wrong_values_are_said_at_once(tmp_path: Path) -> None:
    ended = start(tmp_path, PORT="x", DEBUG="perhaps")
    assert ended.returncode == 78
    assert {line.split()[1].split("=")[0] for line in ended.stderr.splitlines()} == {
        "DEBUG",
        "PORT",
    }


def test_without_any_variable_the_settings_load_and_the_secret_key_is_kept(tmp_path: Path) -> None:
    assert start(tmp_path).returncode == 0
    key = (tmp_path / "secret_key").read_text()
    assert len(key) >= 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
    assert start(tmp_path).returncode == 0
    assert (tmp_path / "secret_key").read_text() == key


# ---------------------------------------------------------------------------- .env.example

SOURCE = (ROOT / "dashboard_project" / "settings.py").read_text()
# Whether the file is read, so it cannot stand in the file.
NOT_IN_THE_FILE = {"READ_DOTENV"}


def _read_by_settings() -> set[str]:
    return set(re.findall(r"\benv\.\w+\(\s*\"([A-Z][A-Z0-9_]*)\"", SOURCE))


def test_the_example_names_exactly_the_variables_that_are_read() -> None:
    assert set(variables_of_example()) == _read_by_settings() - NOT_IN_THE_FILE


def test_every_line_of_the_example_is_a_default_and_commented_out() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert not [line for line in lines if line and not line.startswith("#")]


def test_the_defaults_that_the_example_tells_are_those_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {name: value for name, value in variables_of_example().items() if value}
    code = (
        "import dashboard_project.settings as s, json;"
        f"print(json.dumps({{n: getattr(s, n) for n in {sorted(told)!r}}}))"
    )
    ended = start(tmp_path, code)
    for name, actual in json.loads(ended.stdout).items():
        monkeypatch.setenv(name, told[name])
        assert _read_as(actual, name) == actual, name


def _read_as(example: object, name: str) -> object:
    """Read a variable as the type that `example` has."""
    env = Env()
    if isinstance(example, bool):
        return env.bool(name)
    if isinstance(example, int):
        return env.int(name)
    if isinstance(example, float):
        return env.float(name)
    return env.list(name) if isinstance(example, list) else env.str(name)


def test_a_variable_that_is_set_to_nothing_counts_as_absent(tmp_path: Path) -> None:
    code = (
        "from dashboard_project import settings as s;"
        "print(s.PORT, s.DEBUG, s.DATA_DIR, s.ALLOWED_ORIGINS, s.SESSION_COOKIE_SECURE,"
        " s.DATABASES['default']['ENGINE'], s.REDIS_ENCRYPTED)"
    )
    absent = start(tmp_path, code)
    own = {"READ_DOTENV", "DATA_DIR"}  # what `start` itself gives
    empty = start(tmp_path, code, **dict.fromkeys(set(variables_of_example()) - own, ""))
    assert absent.returncode == empty.returncode == 0, empty.stderr
    assert empty.stdout == absent.stdout
