"""How soon members get their answer, from the real bot processes and the emulated Discord.

`make bench-bot`: two shards, each a process of `manage.py runbot`, 50 guilds, 10,000 members, 100
commands a second for a minute, on SQLite and on PostgreSQL (with `fsync`). Commands are called by
the clock, however the bot keeps up. Exit status 1 when an interaction missed its three seconds, an
outcome is not in the log, the log has a gap, or the p99 is above its bound.
"""

import argparse
import asyncio
import gc
import math
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SHARDS = 2
MIX = {"daily": 25, "balance": 30, "transfer": 25, "history": 10, "leaderboard": 7, "ping": 3}
P99_MAX_MS = 250.0
PATIENCE_SECONDS = 30.0


class Result(NamedTuple):
    """What one run came to; durations are seconds, as the member waited."""

    answers: list[float]
    acknowledged: list[float]
    missed: int
    behind: float
    lost: int
    gaps: int
    outcomes: Counter[str]

    def faults(self, p99_max_ms: float) -> list[str]:
        """Return what is not as promised, in words."""
        p99 = percentile(self.answers, 0.99) * 1000
        return [
            text
            for wrong, text in (
                (self.missed, f"{self.missed} interactions missed their 3 s"),
                (self.lost, f"{self.lost} outcomes are not in the log"),
                (self.gaps, f"the log has {self.gaps} gaps"),
                (p99 > p99_max_ms, f"p99 {p99:.0f} ms is above {p99_max_ms:.0f} ms"),
            )
            if wrong
        ]


def percentile(values: Sequence[float], share: float) -> float:
    """Return what `share` of `values` did not pass (nearest rank); NaN without any."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


class Members:
    """Members who call commands: each claims once, and sends to somebody of their guild."""

    def __init__(self, discord: Any, seed: int = 7) -> None:
        self._discord = discord
        self._dice = random.Random(seed)
        self._homes = [
            (guild, guild.people) for guild in discord.world.guilds.values() if guild.people
        ]
        self._unclaimed = [(guild, one) for guild, people in self._homes for one in people]
        self._dice.shuffle(self._unclaimed)
        self._claimed: list[tuple[Any, Any]] = []

    def draw(self) -> tuple[str, Any, Any, dict[str, Any]]:
        """Return a command, who calls it, where, and its options."""
        (name,) = self._dice.choices(list(MIX), list(MIX.values()))
        guild, people = self._dice.choice(self._homes)
        member = self._dice.choice(people)
        options: dict[str, Any] = {}
        if name == "daily" and self._unclaimed:
            guild, member = self._unclaimed.pop()
            self._claimed.append((guild, member))
        if name == "transfer":
            if self._claimed:
                guild, member = self._dice.choice(self._claimed)
            options = {
                "member": self._dice.choice(guild.people),
                "amount": self._dice.randint(1, 9),
            }
        return name, guild, member, options


async def play(discord: Any, rate: float, seconds: float) -> tuple[list[Any], float]:
    """Call `rate` commands a second by the clock; return the interactions and the worst lag."""
    members, behind = Members(discord), 0.0
    calls: list[Any] = []
    began = time.perf_counter()
    for number in range(int(rate * seconds)):
        due = began + number / rate
        if (early := due - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        behind = max(behind, time.perf_counter() - due)
        name, guild, member, options = members.draw()
        calls.append(await discord.run_command(name, member=member, guild=guild, options=options))
    return calls, behind


@asynccontextmanager
async def bot_process(discord: Any, shard: int) -> AsyncIterator[None]:
    """Run one of the bot's processes."""
    variables = {
        "DISCORD_TOKEN": discord.token,
        "DISCORD_API_URL": discord.api_url,
        "DISCORD_GATEWAY_URL": discord.gateway_url,
        "LOG_LEVEL": "WARNING",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "manage.py", "runbot", "--shards", f"{shard}/{SHARDS}",
        cwd=ROOT, env={**os.environ, **variables},
    )  # fmt: skip
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def measure(options: argparse.Namespace) -> Result:
    """Play on new processes, then look into the log."""
    from botworker.emulator import EmulatedDiscord, InteractionFailed, Limits

    limits = Limits(identify_seconds=0.01, max_concurrency=SHARDS)
    size = (options.guilds, options.members)
    async with EmulatedDiscord(limits=limits, world_size=size) as discord, AsyncExitStack() as bots:
        for shard in range(SHARDS):
            await bots.enter_async_context(bot_process(discord, shard))
        await discord.wait_for_command("history", within=PATIENCE_SECONDS)
        await discord.wait_connected(SHARDS, within=PATIENCE_SECONDS)
        await play(discord, 10, 2)  # connections are made by the first ones
        await asyncio.sleep(1)
        gc.collect()
        gc.freeze()  # a collection of the world's 10,000 people would count as the bot's delay
        calls, behind = await play(discord, options.rate, options.seconds)
        answers: list[float] = []
        acknowledged: list[float] = []
        missed = 0
        for call in calls:
            try:
                reply = await call.reply(within=PATIENCE_SECONDS)
            except (InteractionFailed, TimeoutError):
                missed += 1
            else:
                answers.append(reply.seconds)
                acknowledged.append(reply.acknowledged_seconds)
    # The processes have ended, and recorded what they had on the way.
    lost, gaps, outcomes = await asyncio.to_thread(look_into_the_log, {str(c.id) for c in calls})
    return Result(answers, acknowledged, missed, behind, lost, gaps, outcomes)


def look_into_the_log(requests: set[str]) -> tuple[int, int, Counter[str]]:
    """Return how many outcomes are missing, how many numbers, and what the outcomes are."""
    from dashboard.models import Event, Stream

    rows = Event.objects.filter(kind__startswith="bot.command_").values_list("request_id", "kind")
    found = {request: kind.removeprefix("bot.command_") for request, kind in rows}
    outcomes = Counter(found[request] for request in requests & found.keys())
    return len(requests - found.keys()), Stream.objects.get().head - Event.objects.count(), outcomes


def report(database: str, result: Result, options: argparse.Namespace) -> int:
    """Print the figures; return the exit status."""

    def ms(values: Sequence[float], share: float) -> str:
        return f"{percentile(values, share) * 1000:.0f} ms"

    print(
        f"{database}: {len(result.answers) + result.missed} commands, {result.missed} missed;"
        f" answer p50 {ms(result.answers, 0.5)}, p95 {ms(result.answers, 0.95)},"
        f" p99 {ms(result.answers, 0.99)}, worst {ms(result.answers, 1)};"
        f" acknowledged p99 {ms(result.acknowledged, 0.99)};"
        f" {result.lost} outcomes lost, {result.gaps} gaps; {dict(result.outcomes)};"
        f" callers at most {result.behind * 1000:.0f} ms late",
        flush=True,
    )
    faults = result.faults(options.p99_max_ms)
    for fault in faults:
        print(f"  NOT AS PROMISED: {fault}", flush=True)
    return 1 if faults else 0


def main(arguments: list[str]) -> int:
    """Run on private databases; return the exit status."""
    from benchmarks.economy import machine
    from tests.private import DATABASES, private_machine

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    parser.add_argument("--rate", type=float, default=100, help="commands a second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--guilds", type=int, default=50)
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--p99-max-ms", type=float, default=P99_MAX_MS)
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.inside:
        import django

        django.setup()
        return report(options.inside, asyncio.run(measure(options)), options)
    print(
        f"{options.rate:g} commands a second for {options.seconds:g} s, {SHARDS} shards in as many"
        f" processes, {options.guilds} guilds, {options.members:,} members; {machine()}",
        flush=True,
    )
    status = 0
    for database in DATABASES if options.database == "both" else [options.database]:
        with private_machine(database, fsync=True) as environment:
            command = [sys.executable, "-m", "benchmarks.bot", "--inside", database, *arguments]
            status |= subprocess.run(command, cwd=ROOT, env=environment).returncode
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
