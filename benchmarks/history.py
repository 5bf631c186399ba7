"""Does the cost of a page follow the length of the log? It must not.

`make bench-history` makes two bots on each database, alike but for their past: they did the same
in the last 60 days, but the log of one keeps its last 10,000 events, the log of the other all its
5,000,000, with all that was counted and sampled beside them. Both are asked for the same pages by
turns, so that whatever else the machine does falls on both. The medians count, of costs and of the
ratios of neighbours; one over `RATIO_MAX` is a failure. PostgreSQL runs with `fsync`, as in
production. The ledger has a transaction for every `EVENTS_A_TRANSACTION` events, all of today: what
the economy's page adds up by days is the same in both, what it proves is at the end of the ledger.
"""

import argparse
import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import perf_counter, time
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).resolve().parent.parent
RATIO_MAX = 1.3
FLOOR_MS = 1.0
"""Two costs that differ by less are the same: a tick of the clock, a page of memory."""

DAY = 86_400
STEP_SECONDS = 8.64
"""An event every so many seconds: 10,000 a day, and 5,000,000 in 500 days."""
WINDOW_DAYS = 60
"""How far back any figure looks: the last 30 days, and the 30 before."""
EVENTS_A_TRANSACTION = 250
TRANSACTIONS_MIN = 4_000
"""Several times what one look of the live proof checks, so that it has as much to do in both."""
MEMBERS = 100
"""Who send each other coins in the ledger."""
NUMBERS = 100_000
GUILDS, ACTORS = 200, 5_000

KINDS = (
    "CASE n.n % 10 WHEN 0 THEN 'economy.daily_claimed' WHEN 1 THEN 'economy.transferred'"
    " WHEN 2 THEN 'bot.command_refused' WHEN 3 THEN 'gateway.resumed'"
    " ELSE 'bot.command_completed' END"
)
PAGES = {
    "overview": "/",
    "stats": "/api/stats",
    "feed, first page": "/api/events",
    "feed of a guild": "/api/events?guild=1042",
    "feed of errors": "/api/events?level=error",
    "feed of a command": "/api/events?command=transfer",
    "feed with a text": "/api/events?q=kestrel",
    "feed at a moment": "/events?at={hour_ago}",
    "activity, 30 days": "/api/stats/activity?range=30d",
    "latency, 24 hours": "/api/stats/latency?range=24h",
    "latency, 7 days": "/api/stats/latency?range=7d",
    "commands, 30 days": "/commands?range=30d",
    "shards": "/shards",
    "guilds": "/guilds",
    "a guild": "/guilds/1042",
    "economy": "/economy",
}


class Bot:
    """A process beside a database of its own, which it fills and then asks for pages."""

    def __init__(self, events: int, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "benchmarks.history", "--inside", "--events", str(events)]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> int:
        """Wait until the database is filled; return the bytes it takes."""
        return int(self._answer())

    def cost(self, path: str) -> float:
        """Return how long the page at `path` took, in ms."""
        assert self._process.stdin
        self._process.stdin.write(f"{path}\n")
        self._process.stdin.flush()
        return self._answer()

    def end(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> float:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("bench-history: a process ended early; see above.")
        return float(json.loads(line))


# ---------------------------------------------------------------------------- inside a process


def serve(events: int) -> None:
    """Fill the database of the environment, then time the page of each line of standard input."""
    import django

    django.setup()
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client, override_settings

    settings.DATABASES["default"]["CONN_MAX_AGE"] = 600
    Filling(events).run()
    with override_settings(WHITENOISE_SKIP_COMPRESS_EXTENSIONS=["css", "js", "svg", "txt", "md"]):
        call_command("collectstatic", interactive=False, verbosity=0)
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.create_superuser("admin"))
    print(json.dumps(_database_bytes()), flush=True)
    for line in sys.stdin:
        start = perf_counter()
        answer = client.get(line.strip())
        took = (perf_counter() - start) * 1000
        if answer.status_code != 200:
            raise SystemExit(f"bench-history: {line.strip()} answered {answer.status_code}.")
        print(json.dumps(took), flush=True)


def _database_bytes() -> int:
    from django.db import connection

    if connection.vendor == "sqlite":
        return Path(connection.settings_dict["NAME"]).stat().st_size
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


class Filling:
    """Writes a past of so many events and all that is counted with them, by the database itself."""

    def __init__(self, events: int) -> None:
        from django.db import connection

        self.events = events
        self.connection = connection
        self.sqlite = connection.vendor == "sqlite"
        self.now = int(time()) // 60 * 60
        self.days = max(WINDOW_DAYS, round(events * STEP_SECONDS / DAY))

    def run(self) -> None:
        """Fill every table, telling on standard error how far it is."""
        self._do("CREATE TABLE bench_numbers (n integer PRIMARY KEY)")
        self._do(
            "INSERT INTO bench_numbers WITH RECURSIVE r(n) AS (SELECT 0 UNION ALL SELECT n + 1"
            f" FROM r WHERE n < {NUMBERS - 1}) SELECT n FROM r"
        )
        for first in range(0, self.events, NUMBERS):
            self._log(first, min(NUMBERS, self.events - first))
            done = min(first + NUMBERS, self.events)
            print(f"\r  {done:>9,} events", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        self._do(f"UPDATE dashboard_stream SET head = {self.events}")
        self._counters()
        self._bot()
        self._ledger()
        self._do("DROP TABLE bench_numbers")
        # As after years of running, and not while PostgreSQL tidies up what came all at once.
        for each in ["ANALYZE"] if self.sqlite else ["VACUUM ANALYZE", "CHECKPOINT"]:
            self._do(each)

    def _do(self, sql: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)

    def _stamp(self, seconds: str) -> str:
        if self.sqlite:
            whole = f"CAST({seconds} AS INTEGER)"
            return f"strftime('%Y-%m-%d %H:%M:%S', {whole}, 'unixepoch')"
        return f"to_timestamp({seconds})"

    def _date(self, seconds: str) -> str:
        if self.sqlite:
            return f"date({seconds}, 'unixepoch')"
        return f"(to_timestamp({seconds}) AT TIME ZONE 'UTC')::date"

    def _log(self, first: int, count: int) -> None:
        # Counted from the newest: both logs end with the same events.
        back = f"({self.events} - {first} - n.n)"
        at = self._stamp(f"{self.now} - {back} * {STEP_SECONDS}")
        self._do(
            "INSERT INTO dashboard_event (seq, timestamp, level, kind, message, guild_id,"
            " guild_name, actor_id, actor_name, command, duration_ms, request_id, data)"
            f" SELECT {first} + n.n + 1, {at}, CASE WHEN {back} % 100 = 7 THEN 'error'"
            f" WHEN n.n % 10 < 2 THEN 'success' ELSE 'info' END,"
            f" CASE WHEN {back} % 100 = 7 THEN 'bot.command_failed' ELSE {KINDS} END,"
            f" '/daily for member ' || ({back} % {ACTORS}), 1000 + {back} % {GUILDS},"
            f" 'Guild ' || ({back} % {GUILDS}), 2000 + {back} % {ACTORS},"
            f" 'member ' || ({back} % {ACTORS}),"
            " CASE n.n % 3 WHEN 0 THEN 'transfer' ELSE 'daily' END, 84.0,"
            f" 'r' || (({first} + n.n) / 2), '{{}}' FROM bench_numbers n WHERE n.n < {count}"
        )

    def _counters(self) -> None:
        hour, minute = self.now // 3600 * 3600, self.now
        today = self.now // DAY * DAY
        chunks = [
            (start, min(start + 50, self.days)) for start in range(0, self.days, 50)
        ]  # of days: a statement's work stays small
        for since, until in chunks:
            hours = self._stamp(f"{hour} - n.n * 3600")
            between = f"n.n >= {since * 24} AND n.n < {until * 24}"
            self._do(
                "INSERT INTO dashboard_hourlycount (hour, kind, level, count)"
                f" SELECT {hours}, 'kind.' || k.n, 'info', 40 FROM bench_numbers n,"
                f" bench_numbers k WHERE {between} AND k.n < 7"
                f" UNION ALL SELECT {hours}, 'bot.command_completed', 'info', 300"
                f" FROM bench_numbers n WHERE {between}"
                f" UNION ALL SELECT {hours}, 'bot.command_failed', 'error', 4"
                f" FROM bench_numbers n WHERE {between}"
            )
            self._do(
                "INSERT INTO dashboard_commandcount (hour, command, outcome, bucket, runs)"
                f" SELECT {hours}, 'command' || c.n, 'completed', 18 + b.n, 9"
                " FROM bench_numbers n, bench_numbers c, bench_numbers b"
                f" WHERE {between} AND c.n < 5 AND b.n < 6"
            )
            day = self._date(f"{today} - n.n * {DAY}")
            days = f"n.n >= {since} AND n.n < {until}"
            self._do(
                "INSERT INTO dashboard_commandday (day, command, outcome, bucket, runs)"
                f" SELECT {day}, 'command' || c.n, 'completed', 18 + b.n, 200"
                " FROM bench_numbers n, bench_numbers c, bench_numbers b"
                f" WHERE {days} AND c.n < 5 AND b.n < 20"
            )
            self._do(
                "INSERT INTO dashboard_guildcommandday (day, guild_id, command, outcome, runs)"
                f" SELECT {day}, 1000 + g.n, 'command' || c.n, 'completed', 5"
                " FROM bench_numbers n, bench_numbers g, bench_numbers c"
                f" WHERE {days} AND g.n < {GUILDS} AND c.n < 3"
            )
            self._do(
                "INSERT INTO dashboard_activeday (day, actors)"
                f" SELECT {day}, 100 FROM bench_numbers n WHERE {days}"
            )
            for first in range(since, until):
                moment = self._stamp(f"{minute - first * DAY} - n.n * 60")
                self._do(
                    "INSERT INTO dashboard_durationminute (minute, bucket, runs)"
                    f" SELECT {moment}, 18 + b.n, 3 FROM bench_numbers n, bench_numbers b"
                    " WHERE n.n < 1440 AND b.n < 3"
                )
                self._do(
                    "INSERT INTO dashboard_metricsample"
                    " (at, bot, latency_ms, guilds, members, active_actors)"
                    f" SELECT {moment}, 'bot', 60.0, {GUILDS}, 5000, 100"
                    " FROM bench_numbers n WHERE n.n < 1440"
                )
            print(f"\r  {until:>9,} days counted", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)

    def _bot(self) -> None:
        from datetime import UTC, datetime, timedelta

        from dashboard.models import BotProcess, Event
        from dashboard.services import GuildState, record_guilds

        # A heartbeat of the future stays young however long the measuring takes.
        ahead = datetime.now(UTC) + timedelta(hours=3)
        shards: list[dict[str, Any]] = [
            {"id": id, "state": "connected", "latencyMs": 60.0, "guilds": 50} for id in range(4)
        ]
        BotProcess.objects.create(
            name="bot",
            started_at=ahead,
            heartbeat_at=ahead,
            connected=True,
            latency_ms=60.0,
            guilds=GUILDS,
            members=5_000,
            shards=shards,
        )
        record_guilds([GuildState(1000 + id, f"Guild {id}", id) for id in range(GUILDS)], bot="bot")
        assert Event.objects.order_by("-seq").values_list("seq", flat=True)[0] == self.events

    def _ledger(self) -> None:
        from django.db import transaction

        from economy.services import claim_daily, transfer

        first = 400_000_000_000_000_000
        many = max(TRANSACTIONS_MIN, self.events // EVENTS_A_TRANSACTION)
        services = "economy.services.daily", "economy.services.transfers"
        with (
            patch(f"{services[0]}.record_event"),  # the log has its events already
            patch(f"{services[1]}.record_event"),
            transaction.atomic(),
        ):
            for number in range(MEMBERS):
                claim_daily(
                    request_id=f"claim-{number}",
                    member_id=first + number,
                    member_name=f"member {number}",
                )
            for number in range(many - MEMBERS):
                transfer(
                    request_id=f"transfer-{number}",
                    sender_id=first + number % MEMBERS,
                    receiver_id=first + (number + 1) % MEMBERS,
                    amount=1,
                )
        print(f"  {many:>9,} transactions", file=sys.stderr, flush=True)


# ---------------------------------------------------------------------------- beside them


def measure(database: str, sizes: tuple[int, int], rounds: int) -> list[str]:
    """Compare two pasts on `database`, print a line for each page; return those that cost more."""
    from tests.private import private_machine

    bots: list[Bot] = []
    followed: list[str] = []
    with ExitStack() as stack:
        for events in sizes:
            environment = stack.enter_context(private_machine(database, fsync=True))
            bots.append(Bot(events, environment))
            stack.callback(bots[-1].end)
            size = bots[-1].ready()
            print(f"{database}: {events:,} events, {size / 1e6:,.0f} MB", flush=True)
        hour_ago = f"{_iso(time() - 3600)}"
        for name, address in PAGES.items():
            path = address.format(hour_ago=hour_ago)
            short, long, ratio = _by_turns(bots, path, rounds)
            more = ratio > RATIO_MAX and long - short > FLOOR_MS
            followed += [f"{database}: {name}"] if more else []
            print(
                f"{database:<9} {name:<20} {short:>8.1f} {long:>8.1f} {ratio:>6.2f}"
                f"{'  follows history' if more else ''}",
                flush=True,
            )
    return followed


def _by_turns(bots: list[Bot], path: str, rounds: int) -> tuple[float, float, float]:
    """Return the median cost of the page in each past, in ms, and that of the turns' ratios."""
    costs: list[list[float]] = [[], []]
    for turn in range(-2, rounds):  # the first two only warm up
        for at in (0, 1) if turn % 2 else (1, 0):
            cost = bots[at].cost(path)
            if turn >= 0:
                costs[at].append(cost)
    ratios = [long / short for short, long in zip(*costs, strict=True)]
    return median(costs[0]), median(costs[1]), median(ratios)


def _iso(seconds: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def main(arguments: list[str]) -> int:
    """Run on private databases; return 1 if the cost of any page follows history."""
    from benchmarks.economy import machine
    from tests.private import DATABASES

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    parser.add_argument("--events", type=int, nargs="+", default=[10_000, 5_000_000])
    parser.add_argument("--rounds", type=int, default=21, help="measurements of each page")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.inside:
        serve(options.events[0])
        return 0
    short, long = options.events
    print(f"ms a page, median of {options.rounds}; {machine()}")
    print(f"database  page                 {short:>8,} {long:>8,}  ratio")
    databases = DATABASES if options.database == "both" else [options.database]
    followed = [
        name for database in databases for name in measure(database, (short, long), options.rounds)
    ]
    for name in followed:
        print(f"bench-history: {name} costs over {RATIO_MAX} times as much with a longer log.")
    return 1 if followed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
