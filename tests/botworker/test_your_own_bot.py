"""docs/your-own-bot.md, tried as it is written: in a fresh project, with its own database."""

import asyncio
import json
import os
import re
import signal
import sqlite3
import sys

import pytest
from django.core.management import call_command

from botworker.emulator import Limits
from tests.botworker.running import eventually
from tests.environment import ROOT

BLOCKS = dict(
    re.findall(
        r"```python\n(# \S+\.py)\n(.*?)```", (ROOT / "docs/your-own-bot.md").read_text(), re.DOTALL
    )
)

# Where their Discord is, for want of the real one.
START = """
import runpy, sys, yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route
Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = sys.argv[1], yarl.URL(sys.argv[2])
runpy.run_path("bot.py", run_name="__main__")
"""


@pytest.fixture
def project(tmp_path, emulated):
    """What somebody has who has a Django project, with the document's lines."""
    call_command("startproject", "mysite", tmp_path)
    with (tmp_path / "mysite/settings.py").open("a") as settings:
        settings.write(BLOCKS["# settings.py"])
    (tmp_path / "bot.py").write_text(BLOCKS["# bot.py"])
    (tmp_path / "events.py").write_text(BLOCKS["# events.py"])
    return tmp_path


@pytest.fixture
def start(project, emulated):
    async def start(*arguments, cwd=project, **variables):
        here = {
            "DJANGO_SETTINGS_MODULE": "mysite.settings",
            "PYTHONPATH": f"{project}{os.pathsep}{ROOT}",
            "DISCORD_TOKEN": emulated.token,
        }
        return await asyncio.create_subprocess_exec(
            sys.executable, *arguments, cwd=cwd, env={**os.environ, **here, **variables},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            # A suite in the background of a shell ignores Ctrl-C, and so would all that it starts.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip

    return start


async def finished(process):
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return output.decode()


def events_in(project, kind):
    with sqlite3.connect(project / "db.sqlite3", timeout=20) as database:
        rows = database.execute(
            "SELECT message, command, duration_ms, data FROM dashboard_event"
            " WHERE kind = ? ORDER BY seq",
            [kind],
        )
        return rows.fetchall()


async def test_the_document_works_as_it_is_written(project, start, emulated, guild, ada):
    await finished(await start("-m", "django", "migrate", "-v0"))
    bot = await start("-c", START, emulated.api_url, emulated.gateway_url)
    try:
        await emulated.wait_for_command("hello", within=30)
        call = await emulated.run_command("hello", member=ada, guild=guild)
        assert (await call.reply()).text == "Hello!"
        await emulated.run_command("broken", member=ada, guild=guild)

        async def both():
            found = events_in(project, "bot.command_completed")
            return found and events_in(project, "bot.command_failed")

        async def told():
            with sqlite3.connect(project / "db.sqlite3", timeout=20) as database:
                return database.execute("SELECT count(*) FROM dashboard_guild").fetchone()

        ((message, command, duration, data),) = await eventually(both)
        assert message == f"/broken for {ada.display_name} failed: KeyError"
        assert command == "broken"
        assert duration > 0
        assert json.loads(data)["fingerprint"]
        assert "everybody's eyes" not in data

        with sqlite3.connect(project / "db.sqlite3", timeout=20) as database:
            database.execute(
                "INSERT INTO dashboard_botmode (id, maintenance, reason) VALUES (1, 1, '')"
            )

        async def refused():
            call = await emulated.run_command("hello", member=ada, guild=guild)
            return "maintenance" in (await call.reply()).text

        await eventually(refused)
        (count,) = await eventually(told)
        assert count == len(emulated.world.guilds)
    finally:
        bot.send_signal(signal.SIGTERM)
        await bot.communicate()
    assert events_in(project, "bot.stopped")

    await finished(await start("-c", "import django; django.setup(); import events"))
    assert events_in(project, "shop.item_sold")

    # The page: this repository, on their database.
    shared = {
        "DJANGO_SETTINGS_MODULE": "dashboard_project.settings",
        "DATABASE_URL": f"sqlite:///{project / 'db.sqlite3'}",
        "DATA_DIR": str(project / "data"),
    }
    await finished(await start("manage.py", "migrate", "-v0", cwd=ROOT, **shared))
    shown = await finished(
        await start(
            "manage.py",
            "shell",
            "-v0",
            "-c",
            "from dashboard import stats; print(stats.encode(stats.collect()))",
            cwd=ROOT,
            **shared,
        )
    )
    stats = json.loads(shown.splitlines()[-1])["data"]
    counted = {row["command"]: row for row in stats["commandStats"]}
    assert {name: row["failed"] for name, row in counted.items()} == {"hello": 0, "broken": 1}
    assert counted["hello"]["refused"] == 1
    assert stats["bot"]["state"] == "stopped"
    assert stats["recentEvents"][0]["kind"] == "shop.item_sold"


class TestSeveralShards:
    @pytest.fixture
    def limits(self):
        return Limits(heartbeat_seconds=1, identify_seconds=0.01, advised_guilds_a_shard=3)

    async def test_as_many_shards_as_discord_advises_are_told_apart(self, project, start, emulated):
        (project / "bot.py").write_text(
            BLOCKS["# bot.py"].replace("(commands.Bot)", "(commands.AutoShardedBot)")
        )
        await finished(await start("-m", "django", "migrate", "-v0"))
        bot = await start("-c", START, emulated.api_url, emulated.gateway_url)

        async def known():
            with sqlite3.connect(project / "db.sqlite3", timeout=20) as database:
                rows = database.execute("SELECT shards FROM dashboard_botprocess").fetchall()
            shards = json.loads(rows[0][0]) if rows else []
            guilds = sum(shard["guilds"] or 0 for shard in shards)
            return [shard["id"] for shard in shards] == [0, 1] and guilds == len(
                emulated.world.guilds
            )

        try:
            await eventually(known)
        finally:
            bot.send_signal(signal.SIGINT)
            await bot.communicate()
        assert {kind for kind, *_ in events_in(project, "gateway.connected")} == {
            "Shard 0 connected",
            "Shard 1 connected",
        }


def test_it_takes_no_more_than_ten_lines():
    added = [line for line in BLOCKS["# bot.py"].splitlines() if line.endswith("# new")]
    settings = BLOCKS["# settings.py"].strip().splitlines()
    assert len(added) + len(settings) <= 10
