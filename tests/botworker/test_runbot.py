"""`manage.py runbot` as its operator meets it: exit codes, one line, signals."""

import re
import signal

import pytest
import redis

from botworker.database import in_database
from botworker.emulator import EmulatedDiscord, Limits
from botworker.emulator.tls import Certificate
from dashboard import audit
from dashboard.models import AuditEntry, BotProcess
from tests.botworker.running import events, eventually, manage, process
from tests.broker import Broker
from tests.project.processes import short_folder

pytestmark = pytest.mark.django_db(transaction=True)


async def refusal(*arguments, **variables):
    """Return the exit code of a command that cannot start, and what it complained about."""
    async with manage(*arguments, **variables) as running:
        _, errors = await running.communicate()
    lines = errors.decode().splitlines()
    complaints = [line for line in lines if not re.match(r"\d{4}-\d\d-\d\d .* INFO ", line)]
    return running.returncode, complaints


async def test_without_a_token_it_says_so_and_wants_no_restart(there):
    code, complaints = await refusal("runbot", **there | {"DISCORD_TOKEN": ""})

    assert code == 78
    assert len(complaints) == 1
    assert "DISCORD_TOKEN" in complaints[0]


@pytest.mark.parametrize("token", ["wrong-token-of-somebody", "of two\nlines"])
async def test_a_wrong_token_is_one_line_and_no_identify(there, emulated, token):
    code, complaints = await refusal("runbot", **there | {"DISCORD_TOKEN": token})

    assert code == 78
    assert len(complaints) == 1
    assert "DISCORD_TOKEN" in complaints[0]
    assert token not in complaints[0]
    assert emulated.gateway.identifies == 0


async def test_an_unreachable_database_is_one_line_without_its_password(there):
    url = "postgres://aurora:hunter2@127.0.0.1:1/aurora"

    code, complaints = await refusal("runbot", **there | {"DATABASE_URL": url})

    assert code == 1
    assert len(complaints) == 1
    assert "DATABASE_URL" in complaints[0]
    assert "hunter2" not in complaints[0]


async def test_a_database_that_was_never_migrated_is_one_line(there, tmp_path):
    url = f"sqlite:///{tmp_path / 'empty.sqlite3'}"

    code, complaints = await refusal("runbot", **there | {"DATABASE_URL": url})

    assert code == 1
    assert len(complaints) == 1
    assert "migrate" in complaints[0]


async def test_an_unreachable_broker_is_one_warning_and_the_bot_serves(there, emulated, tmp_path):
    url = f"unix://{tmp_path / 'nobody.sock'}"

    async with manage("runbot", **there | {"REDIS_URL": url}) as running:
        await emulated.wait_for_command("daily", within=30)
        reply = await (await emulated.run_command("daily")).reply()
        running.terminate()
        _, errors = await running.communicate()

    assert "110 coins" in reply.text
    assert running.returncode == 0
    (warning,) = [line for line in errors.decode().splitlines() if "runbroker" in line]
    assert "REDIS_URL" in warning


@pytest.mark.parametrize("password", ["", "wrong-password"], ids=["none", "wrong"])
async def test_a_broker_that_refuses_the_password_is_said_once_and_the_bot_serves(
    there, emulated, password
):
    with short_folder() as folder:
        broker = Broker(folder / "broker.sock")
        broker.start()
        try:
            with redis.Redis(unix_socket_path=str(broker.socket)) as operator:
                operator.config_set("requirepass", "right-password")
            url = f"unix://:{password}@{broker.socket}" if password else f"unix://{broker.socket}"
            async with manage("runbot", **there | {"REDIS_URL": url}) as running:
                await emulated.wait_for_command("daily", within=30)
                assert running.stderr is not None
                said = b""
                while b"is not heard" not in said:
                    said += (line := await running.stderr.readline())
                    assert line, said.decode()
                for _ in range(3):
                    assert (await (await emulated.run_command("daily")).reply()).text
                running.terminate()
                said += (await running.communicate())[1]
        finally:
            broker.stop()

    assert running.returncode == 0
    lines = said.decode().splitlines()
    complaints = [line for line in lines if " INFO " not in line]
    assert [line.split()[2] for line in complaints] == ["ERROR", "ERROR", "WARNING"], complaints
    assert "password" in complaints[0]
    assert "REDIS_URL" in complaints[0]
    assert "cannot publish" in complaints[1]
    assert "REDIS_URL" in complaints[1]
    assert "wrong-password" not in said.decode()
    (shown,) = await events("bot.broker_refused")
    assert shown.level == "error"
    assert "REDIS_URL" in shown.message


async def test_with_linger_a_wrong_setting_ends_it_late_and_a_signal_at_once(there):
    wrong = there | {"DISCORD_TOKEN": "wrong-token-of-somebody"}
    async with manage("runbot", "--linger", "600", **wrong) as running:
        assert running.stderr is not None
        while b"DISCORD_TOKEN" not in (line := await running.stderr.readline()):
            assert line
        running.terminate()
        assert await running.wait() != 0


async def test_a_discord_that_does_not_answer_is_one_line(there):
    nobody = "http://127.0.0.1:1/api/v10"

    code, complaints = await refusal("runbot", **there | {"DISCORD_API_URL": nobody})

    assert code == 69
    assert len(complaints) == 1
    assert nobody in complaints[0]


@pytest.mark.parametrize(
    ("option", "value"), [("--shards", "9/8"), ("--name", "x" * 65)], ids=["shards", "name"]
)
async def test_an_impossible_option_is_refused(there, option, value):
    code, complaints = await refusal("runbot", option, value, **there)

    assert code == 2
    assert value in complaints[-1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_with_a_farewell(there, emulated, number):
    async with manage("runbot", **there) as running:
        await eventually(is_connected)
        running.send_signal(number)
        _, errors = await running.communicate()

    assert running.returncode == 0, errors.decode()
    assert emulated.gateway.closed_by_clients == [1000]
    assert emulated.token not in errors.decode()
    assert [e.level for e in await events("bot.stopped")] == ["info"]
    last = await process()
    assert last is not None
    assert last.stopped_at is not None


async def test_a_killed_bot_that_starts_again_takes_its_row_back(there, emulated):
    async with manage("runbot", **there) as running:
        await eventually(is_connected)
        running.kill()
        await running.wait()

    async with manage("runbot", **there) as running:
        await emulated.wait_until(lambda: emulated.gateway.identifies == 2, within=30)
        running.terminate()
        await running.communicate()

    assert len(await events("bot.started")) == 2
    assert [e.level for e in await events("bot.crashed")] == ["warn"]
    assert await in_database(BotProcess.objects.count) == 1


async def test_sync_commands_tells_discord_the_commands(there, emulated):
    async with manage("sync_commands", **there) as running:
        output, errors = await running.communicate()

    assert running.returncode == 0, errors.decode()
    assert output.decode() == "Discord has 6 commands of this bot.\n"
    assert emulated.commands.find("daily", None)
    kept = await AuditEntry.objects.aget(action="bot.sync_requested")
    assert kept.target == "Discord"
    assert (kept.actor, kept.address) == (audit.operator().name, None)
    assert kept.actor.startswith("os:")
    assert kept.after is not None
    assert "daily" in kept.after["commands"]


async def test_a_bot_that_syncs_by_itself_is_nobodys_act(bot):
    assert bot.emulated.commands.find("daily", None)
    assert not await AuditEntry.objects.filter(action__startswith="bot.").aexists()


async def is_connected():
    found = await process()
    return found is not None and found.connected


async def test_it_trusts_the_certificate_it_is_given_and_resumes_there(there, tmp_path):
    pem = tmp_path / "discord.pem"
    limits = Limits(heartbeat_seconds=1, identify_seconds=0.01)
    async with EmulatedDiscord(limits=limits, tls=Certificate.kept_in(pem)) as discord:
        there |= {
            "DISCORD_API_URL": f"https://{discord.address}/api/v10",
            "DISCORD_GATEWAY_URL": f"wss://{discord.address}/",
        }
        async with manage("runbot", **there, DISCORD_CA_FILE=str(pem)):
            await discord.wait_for_command("ping", within=30)
            await discord.faults.reconnect()
            await discord.wait_until(lambda: discord.gateway.resumes == 1)
            assert "Pong" in (await (await discord.run_command("ping")).reply()).text

        code, complaints = await refusal("runbot", **there)
        assert code == 69
        assert "ClientConnectorCertificateError" in complaints[-1]


@pytest.mark.parametrize("content", [None, "nothing"], ids=["no file", "no certificate"])
async def test_a_certificate_that_cannot_be_trusted_is_one_line(there, tmp_path, content):
    path = tmp_path / "file.pem"
    if content:
        path.write_text(content)

    code, complaints = await refusal("runbot", **there, DISCORD_CA_FILE=str(path))

    assert code == 78
    assert len(complaints) == 1
    assert "DISCORD_CA_FILE" in complaints[0]
