"""What must not be reachable from outside does not start, and says what to do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.checks import is_weak
from dashboard.hosts import is_loopback, is_private
from tests.environment import ROOT
from tests.project.processes import manage, only_line, short_folder
from tests.web import free_port

KEY = "Yc3Vv0pQ8rT1uW5xZ7aB2dE4fG6hJ9kL-mN_oPqRsTuVwXyZ012345"
SAFE = {
    "SECRET_KEY": KEY,
    "ALLOWED_HOSTS": "dashboard.example.org",
    "ALLOWED_ORIGINS": "https://dashboard.example.org",
    "REDIS_URL": "rediss://aurora:hunter2@cache.example.org:6379/0",
    "TRUSTED_PROXIES": "127.0.0.1",
}


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as found:
        yield found


REFUSED = [
    ({"DEBUG": "true"}, "aurora.E001", "DEBUG=false"),
    ({"SECRET_KEY": "password" * 7}, "aurora.E002", "50 random characters"),
    ({"ALLOWED_HOSTS": "dashboard.example.org,*"}, "aurora.E003", "ALLOWED_HOSTS=dashboard."),
    ({"ALLOWED_ORIGINS": "http://dashboard.example.org"}, "aurora.E004", "https://"),
    (
        {
            "ALLOWED_HOSTS": "dashboard.example.org,localhost",
            "ALLOWED_ORIGINS": "https://dashboard.example.org,http://localhost:8000",
        },
        "aurora.E005",
        "Leave the http:// ones out",
    ),
    ({"REDIS_URL": "redis://:hunter2@203.0.113.9:6379/0"}, "aurora.E007", "rediss://"),
    ({"REDIS_URL": "redis://valkey:6379/0"}, "aurora.E008", "redis://USER:PASSWORD@HOST"),
    ({"ALLOWED_HOSTS": "other.example.org"}, "aurora.E009", "ALLOWED_HOSTS"),
    ({"BOT_OFFLINE_AFTER_SECONDS": "4"}, "aurora.E010", "Set it to 10 or more"),
    ({"STATS_INTERVAL_SECONDS": "30"}, "aurora.E011", "5 or less"),
    ({"TRUSTED_PROXIES": ""}, "aurora.E012", "TRUSTED_PROXIES=127.0.0.1"),
    ({"TRUSTED_PROXIES": "10.0.0.1,0.0.0.0/0"}, "aurora.E013", "your proxy alone"),
]


@pytest.mark.parametrize(("wrong", "id", "remedy"), REFUSED, ids=[row[1] for row in REFUSED])
def test_what_is_unsafe_in_production_stops_the_start_in_one_line(
    folder: Path, wrong: dict[str, str], id: str, remedy: str
) -> None:
    ended = manage(folder, "runweb", **SAFE | wrong)
    line = only_line(ended)
    assert ended.returncode == 78
    assert id in line
    assert remedy in line
    assert "hunter2" not in line
    assert KEY not in line


def test_a_bot_is_held_to_the_same(folder: Path) -> None:
    ended = manage(folder, "runbot", **SAFE | {"DEBUG": "true"})
    assert ended.returncode == 78
    assert "aurora.E001" in only_line(ended)


def test_every_reason_is_told_and_each_in_its_line(folder: Path) -> None:
    ended = manage(folder, "runweb", **SAFE | {"DEBUG": "true", "ALLOWED_HOSTS": "*"})
    assert ended.returncode == 78
    assert [line.split("(aurora.")[1] for line in ended.stderr.splitlines()] == ["E001)", "E003)"]


def test_no_page_of_a_named_host_could_connect_without_its_origin(folder: Path) -> None:
    hosts = "dashboard.example.org,localhost,127.0.0.1"
    line = only_line(manage(folder, "runweb", ALLOWED_HOSTS=hosts, PORT=str(free_port())))
    assert "ALLOWED_ORIGINS=https://dashboard.example.org" in line


def test_debug_may_not_listen_to_others_by_any_name(folder: Path) -> None:
    line = only_line(manage(folder, "runweb", "--bind", "0.0.0.0", DEBUG="true"))
    assert "Set DEBUG=false." in line


def test_the_setting_alone_makes_it_production(folder: Path) -> None:
    line = only_line(manage(folder, "runweb", PRODUCTION="true", DEBUG="true"))
    assert "aurora.E001" in line


def test_on_one_machine_nothing_of_it_is_asked(folder: Path) -> None:
    line = only_line(manage(folder, "runweb", DEBUG="true", PORT=str(free_port())))
    assert "The database lacks" in line  # it came as far as that


def test_djangos_own_checks_of_a_deployment_find_nothing(folder: Path) -> None:
    ended = manage(folder, "check", "--deploy", "--fail-level", "WARNING", **SAFE)
    assert ended.returncode == 0, ended.stderr
    assert "no issues" in ended.stdout


@pytest.mark.parametrize(
    ("url", "variables", "warned"),
    [
        ("redis://127.0.0.1:6379/0", {}, True),
        ("redis://:hunter2@localhost:6379/0", {}, True),
        ("redis://:hunter2@valkey:6379/0", {"REDIS_ENCRYPTED": "false"}, True),
        ("rediss://:hunter2@cache.example.org/0", {"REDIS_ENCRYPTED": "false"}, True),
        ("redis://127.0.0.1:6379/0", {"REDIS_ENCRYPTED": "true"}, False),
        ("redis://127.0.0.1:6379/0", {"DEBUG": "true"}, False),
        ("unix:///run/valkey/valkey.sock", {}, False),
        ("redis://:hunter2@valkey:6379/0", {}, False),
    ],
)
def test_a_deployment_is_warned_of_a_channel_layer_that_its_neighbours_may_forge(
    folder: Path, url: str, variables: dict[str, str], warned: bool
) -> None:
    check = ["check", "--tag", "aurora"]
    told = manage(folder, *check, "--deploy", REDIS_URL=url, **variables)
    assert told.returncode == 0, told.stderr
    assert ("aurora.W003" in told.stderr) is warned
    assert ("Set REDIS_ENCRYPTED=true" in told.stderr) is warned
    assert "hunter2" not in told.stderr
    assert "W003" not in manage(folder, *check, REDIS_URL=url, **variables).stderr


def test_what_is_deployed_as_we_tell_encrypts_the_channel_layer_wherever_the_broker_is() -> None:
    for name in ("compose.env", "systemd/aurora-web@.service", "systemd/aurora-bot.service"):
        assert "REDIS_ENCRYPTED=true" in (ROOT / "deploy" / name).read_text().split()


def test_every_command_says_in_one_line_that_the_database_does_not_answer(folder: Path) -> None:
    url = f"postgres://me:hunter2@127.0.0.1:{free_port()}/aurora"
    for command in (["migrate"], ["createsuperuser", "--noinput"]):
        line = only_line(manage(folder, *command, DATABASE_URL=url))
        assert line.startswith("CommandError: The database cannot be used: ")
        assert "Check DATABASE_URL." in line
        assert "hunter2" not in line


@pytest.mark.parametrize(
    "key",
    [
        "a" * 50,
        "1234567890" * 5,
        "changeme-" + KEY,
        "secret" * 20,
        "django-insecure-" + KEY,
        "please-change-this-key-before-you-put-it-on-the-internet!",
        "your_secret_key_goes_here_make_it_long_and_very_random_42",
        "REPLACE-ME-with-fifty-characters-of-your-own-randomness-7",
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    ],
)
def test_a_key_that_repeats_itself_or_stands_for_another_is_weak(key: str) -> None:
    assert is_weak(key)
    assert not is_weak(KEY)


@pytest.mark.parametrize(
    ("host", "loopback", "private"),
    [
        ("", True, True), ("localhost", True, True), ("127.8.9.1", True, True),
        ("[::1]", True, True),
        ("::ffff:127.0.0.1", True, True), ("valkey", False, True), ("10.1.2.3", False, True),
        ("cache.internal", False, True), ("fd00::1", False, True), ("203.0.113.9", False, False),
        ("8.8.8.8", False, False), ("2001:db8::1", False, False), ("example.org", False, False),
        ("localhost.example.org", False, False), ("*", False, False),
        ("::ffff:8.8.8.8", False, False), ("134744072", False, False), ("0x8080808", False, False),
        (".example.org", False, False), ("0.0.0.0", False, False),
    ],
)  # fmt: skip
def test_whose_a_host_is(host: str, loopback: bool, private: bool) -> None:
    assert is_loopback(host) is loopback
    assert is_private(host) is private
