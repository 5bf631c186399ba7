"""A PostgreSQL that really stops and starts under a running bot: nothing is lost or told twice."""

import asyncio
from contextlib import closing

import psycopg
import pytest

from tests.botworker.running import eventually, manage
from tests.postgres import Cluster


@pytest.fixture(scope="module")
def cluster():
    with Cluster() as made:
        yield made


def query(cluster, statement, *values):
    """Return the rows of a statement, in a session of its own."""
    with closing(psycopg.connect(cluster.url)) as session:
        return session.execute(statement, values).fetchall()


async def test_a_postgresql_that_restarts_is_borne(there, emulated, guild, cluster):
    there |= {"DATABASE_URL": cluster.url}
    async with manage("migrate", "--verbosity", "0", **there) as migrating:
        assert await migrating.wait() == 0
    members = iter(guild.people)
    calls = []

    async def call(name, member=None):
        calls.append(await emulated.run_command(name, member=member or next(members), guild=guild))
        return calls[-1]

    async def answer(name, member=None):
        return (await (await call(name, member)).reply()).text

    async def recorded():
        done = "SELECT count(*) FROM dashboard_event WHERE kind LIKE 'bot.command\\_%%'"
        return query(cluster, done)[0][0] == len(calls)

    async with manage("runbot", **there) as running:
        await emulated.wait_for_command("daily", within=30)
        assert "110 coins" in await answer("daily")
        await eventually(recorded)

        # It restarts while the bot has nothing to do.
        await asyncio.to_thread(cluster.stop)
        await asyncio.to_thread(cluster.start)
        assert "110 coins" in await answer("daily")
        await eventually(recorded)

        # It is away for a while, and members call commands.
        await asyncio.to_thread(cluster.stop)
        for name in ("ping", "daily", "ping", "balance"):
            assert ("Pong" if name == "ping" else "went wrong") in await answer(name)
        await asyncio.to_thread(cluster.start)
        assert "110 coins" in await answer("daily")
        await eventually(recorded)

        # It stops while a command waits in it.
        unlucky = next(members)
        with closing(psycopg.connect(cluster.url)) as session:
            session.execute("LOCK TABLE economy_account")
            stuck = await call("daily", unlucky)
            await stuck.acknowledged()
            await asyncio.to_thread(cluster.stop)
        assert "went wrong" in (await stuck.reply()).text
        assert "Pong" in await answer("ping")
        await asyncio.to_thread(cluster.start)
        assert "110 coins" in await answer("daily", unlucky)
        await eventually(recorded)

        running.terminate()
        _, errors = await running.communicate()
    assert running.returncode == 0, errors.decode()

    rows = query(cluster, "SELECT seq, kind, request_id FROM dashboard_event ORDER BY seq")
    assert [seq for seq, _, _ in rows] == list(range(1, len(rows) + 1))
    outcomes = [(id, kind) for _, kind, id in rows if kind.startswith("bot.command_")]
    failed = {3, 5, 7}
    assert outcomes == [
        (str(one.id), f"bot.command_{'failed' if at in failed else 'completed'}")
        for at, one in enumerate(calls)
    ]
    paid = [id for _, kind, id in rows if kind == "economy.daily_claimed"]
    assert paid == [str(calls[at].id) for at in (0, 1, 6, 9)]
