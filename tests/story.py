"""A bot with a past: what pages are looked at with, by eye and by machine.

The same for every call but for the clock: it ends a few seconds ago. The last three hours were
played through the economy's own services; before them there are only figures.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from random import Random
from unittest import mock
from uuid import UUID

from django.utils import timezone

from dashboard.events import Origin, Ref, record_event
from dashboard.models import (
    ActiveDay,
    ControlAction,
    ControlRequest,
    DurationMinute,
    GuildCommandDay,
    HourlyCount,
    Level,
    MetricSample,
)
from dashboard.runs import Fault, Run, bucket_of, count_runs
from dashboard.services import GuildState, guild_left, record_guilds, record_heartbeat
from economy.errors import EconomyError
from economy.services import claim_daily, transfer

GUILD_NAMES = [
    "Harbour", "Library", "Foundry", "Night Shift", "The Observatory", "Café Müller",
    "Böögg & Söhne", "夜の図書館", "حديقة القمر",
    "A very long name of a server whose owner liked long names a lot, really",
]  # fmt: skip
MEMBER_NAMES = [
    "kestrel", "ada", "Mio", "grace.h", "olu", "Zoë", "tinker", "雪", "sam_the_second", "nadia",
    "Ferran", "quill", "ليلى", "b0rg", "marlow", "vale <3",
]  # fmt: skip
GUILDS = [Ref(81_000_000_000_000_001 + n, name) for n, name in enumerate(GUILD_NAMES)]
MEMBERS = [Ref(92_000_000_000_000_001 + n, name) for n, name in enumerate(MEMBER_NAMES)]
COMMANDS = {"daily": 40, "balance": 25, "transfer": 16, "leaderboard": 10, "history": 6, "ping": 3}
FAULT = Fault("6f1c09d2a7b34e58", "OperationalError", "economy.ledger.lock")
PLAYED = timedelta(hours=3)
DAYS = 60


def tell() -> None:
    """Write it all into the empty database of this process."""
    now, random = timezone.now(), Random(7)
    _figures(now - PLAYED, now, random)
    record_guilds(
        [
            GuildState(
                guild.id, guild.name, 4_200 // (n + 1) ** 2 + 7, True, now - timedelta(97 * n + 30)
            )
            for n, guild in enumerate(GUILDS)
        ],
        bot="bot",
    )  # fmt: skip
    guild_left(GUILDS[6].id)
    for day in range(29, 0, -1):
        with _clock(now - timedelta(day)):
            _payments(f"day-{day}", random)
    _play(now - PLAYED, now - timedelta(seconds=4), random)
    _asked(now)
    shards = [
        {"id": id, "state": "connected", "latencyMs": 58.0 + 3 * id, "lastAckSeconds": 4 + id,
         "guilds": 3 + id % 2}
        for id in range(3)
    ]  # fmt: skip
    record_heartbeat(
        name="bot", started_at=now - timedelta(days=2, hours=5), emulated=False, connected=True,
        latency_ms=61.0, guilds=len(GUILDS) - 1, members=6_481, shards=shards,
        memory_bytes=94_000_000, database_ms=0.6,
    )  # fmt: skip


def _asked(now: datetime) -> None:
    bot = {"requested_by": "olu", "state": ControlRequest.State.DONE, "detail": "bot: done"}
    for hours, action, reason in (
        (51, ControlAction.MAINTENANCE_ON, "moving to the new database server"),
        (50, ControlAction.MAINTENANCE_OFF, "moved; claims and transfers checked"),
        (26, ControlAction.CLEAR_CACHE, "cooldowns were too long after the change"),
    ):
        at = now - timedelta(hours=hours)
        ControlRequest.objects.create(
            id=UUID(int=hours), action=action, reason=reason, requested_at=at,
            finished_at=at + timedelta(seconds=1), **bot,
        )  # fmt: skip


def _payments(name: str, random: Random) -> None:
    for member in MEMBERS:
        if random.random() < 0.8:
            claim_daily(
                request_id=f"{name}-{member.id}", member_id=member.id, member_name=member.name
            )
    for number in range(random.randint(0, 5)):
        sender, receiver = random.sample(MEMBERS, 2)
        with suppress(EconomyError):  # who never claimed has nothing to send
            transfer(
                request_id=f"{name}-{number}", sender_id=sender.id, receiver_id=receiver.id,
                amount=random.randint(5, 90), sender_name=sender.name, receiver_name=receiver.name,
            )  # fmt: skip


def _play(since: datetime, until: datetime, random: Random) -> None:
    at, number = since, 0
    while at < until:
        number += 1
        with _clock(at):
            _command(f"played-{number}", at, random)
            if number in (60, 61):
                resumed = number == 61
                record_event(
                    kind="gateway.resumed" if resumed else "gateway.disconnected",
                    level=Level.SUCCESS if resumed else Level.WARN,
                    message=f"Shard 1 {'resumed' if resumed else 'disconnected'}",
                    data={"shard": 1},
                )
        at += timedelta(seconds=random.uniform(20, 110))


def _command(request: str, at: datetime, random: Random) -> None:
    command = random.choices(list(COMMANDS), list(COMMANDS.values()))[0]
    guild, (member, other) = random.choice(GUILDS[:5]), random.sample(MEMBERS, 2)
    if command == "daily" and random.random() < 0.7:
        command = "balance"  # most have claimed already, and know it
    origin = Origin(guild, member, command, request)
    took = round(random.lognormvariate(3.9, 0.4), 1)
    said = f"/{command} for {member.name}"
    if command == "transfer" and random.random() < 0.12:
        count_runs([Run(command, "failed", took * 9, at, FAULT, guild)])
        record_event(
            kind="bot.command_failed", level=Level.ERROR, message=f"{said} failed: {FAULT.error}",
            origin=origin, duration_ms=took * 9, data=FAULT._asdict(),
        )  # fmt: skip
        return
    try:
        if command == "daily":
            claim_daily(
                request_id=request, member_id=member.id, member_name=member.name, origin=origin
            )
        elif command == "transfer":
            transfer(
                request_id=request, sender_id=member.id, receiver_id=other.id,
                amount=random.randint(5, 90), sender_name=member.name, receiver_name=other.name,
                origin=origin,
            )  # fmt: skip
    except EconomyError:
        count_runs([Run(command, "refused", took, at, None, guild)])
        record_event(
            kind="bot.command_refused", message=f"Refused: {said}", origin=origin, duration_ms=took
        )
        return
    count_runs([Run(command, "completed", took, at, None, guild)])
    record_event(kind="bot.command_completed", message=said, origin=origin, duration_ms=took)


@contextmanager
def _clock(at: datetime) -> Iterator[None]:
    """Let it be `at`."""
    with mock.patch("django.utils.timezone.now", return_value=at):
        yield


def _figures(until: datetime, now: datetime, random: Random) -> None:
    """Write what was counted and sampled in `DAYS` days."""
    hour = until.replace(minute=0, second=0, microsecond=0)
    counts, runs = [], []
    for back in range(1, DAYS * 24):
        at = hour - timedelta(hours=back)
        many = int(60 + 50 * math.sin((at.hour - 9) / 24 * 2 * math.pi) + random.uniform(0, 24))
        counts += [
            HourlyCount(hour=at, kind="bot.command_completed", level="info", count=many),
            HourlyCount(hour=at, kind="economy.daily_claimed", level="success", count=many // 3),
            HourlyCount(hour=at, kind="economy.transferred", level="success", count=many // 7),
        ]
        for command, share in COMMANDS.items():
            took = random.lognormvariate(3.9, 0.4)
            runs += [Run(command, "completed", took, at)] * (many * share // 200)
        if back % 17 == 0:
            counts.append(HourlyCount(hour=at, kind="bot.command_failed", level="error", count=1))
            runs.append(Run("transfer", "failed", 600.0, at))
    HourlyCount.objects.bulk_create(counts)
    count_runs(runs)
    DurationMinute.objects.all().delete()  # only hours are known of these; minutes follow
    minute = now.replace(second=0, microsecond=0)
    slow = range(200, 260)
    samples, minutes = [], []
    week = 7 * 24 * 60
    for back in [*range(week), *range(week, DAYS * 24 * 60, 60)]:
        at = minute - timedelta(minutes=back)
        latency = 58 + 5 * math.sin(back / 300) + random.uniform(-3, 3) + 150 * (back in slow)
        samples.append(
            MetricSample(
                at=at, bot="bot", latency_ms=latency, guilds=9, members=6_481 - back // 100,
                active_actors=1_260 - back // 400, memory_bytes=94_000_000, database_ms=0.6,
            )
        )  # fmt: skip
        spread = (46, 55, 90) if back not in slow else (150, 260, 420)
        minutes += [
            DurationMinute(minute=at, bucket=bucket_of(ms), runs=1)
            for ms in sorted({random.uniform(0.8, 1.2) * ms for ms in spread}, key=bucket_of)
        ]
    MetricSample.objects.bulk_create(samples)
    DurationMinute.objects.bulk_create(minutes, ignore_conflicts=True)
    today = now.astimezone(UTC).date()
    ActiveDay.objects.bulk_create(
        [
            ActiveDay(day=today - timedelta(n), actors=900 if n == 1 else 10 + n % 4)
            for n in range(1, DAYS)
        ]
    )
    GuildCommandDay.objects.bulk_create(
        [
            GuildCommandDay(
                day=today - timedelta(n), guild_id=guild.id, command=command,
                outcome="completed", runs=int(share * random.uniform(2, 4)) // (at + 1) + 1,
            )
            for n in range(1, 30)
            for at, guild in enumerate(GUILDS)
            for command, share in COMMANDS.items()
        ]
    )  # fmt: skip
