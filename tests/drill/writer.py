"""A process that writes events, as the bot does, and says when each was committed.

It waits for a line on its input, writes until its input ends or `--count` is reached, and prints
one JSON object for each event: `seq`, `at` (monotonic, seconds), `took` (seconds), `dropped`.
"""

import argparse
import json
import os
import random
import select
import signal
import sys
import time
from typing import Any

import django


def main(arguments: list[str]) -> int:
    """Write as asked; return 0."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, default=2.0, help="events a second")
    parser.add_argument("--count", type=int, default=0, help="how many; 0: until the input ends")
    parser.add_argument("--bytes", type=int, default=0, help="ballast in each event")
    parser.add_argument("--drop", type=float, default=0.0, help="share of publishes to drop")
    parser.add_argument("--fatal", action="store_true", help="die between commit and publish")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard_project.settings"
    django.setup()
    from django.db import connection

    connection.ensure_connection()
    say(ready=True)
    sys.stdin.readline()
    write_all(options, random.Random(options.seed))
    return 0


def write_all(options: argparse.Namespace, chance: random.Random) -> None:
    """Write events at the rate asked for, never catching up in a burst."""
    written, due = 0, time.monotonic()
    while not options.count or written < options.count:
        pause = max(0.0, due - time.monotonic())
        if select.select([sys.stdin], [], [], pause)[0]:
            return
        write_one(options, chance, dropped=chance.random() < options.drop)
        written += 1
        due = max(due + 1 / options.rate, time.monotonic())


def write_one(options: argparse.Namespace, chance: random.Random, *, dropped: bool) -> None:
    """Write one event in a transaction of its own and say what became of it."""
    from django.db import DatabaseError, connection, transaction

    from dashboard import events
    from dashboard.models import Level

    data = {"ballast": "".join(chance.choices("abcdef", k=options.bytes))}
    began = time.monotonic()
    try:
        with transaction.atomic():
            if options.fatal:
                transaction.on_commit(die)  # runs before what `record_event` asks for
            event = events.record_event(
                kind="drill.happened",
                message="Something happened in the drill.",
                level=chance.choice(list(Level)),
                origin=events.Origin(actor=events.Ref(chance.randrange(1, 50), "member")),
                data=data,
            )
            if dropped:
                connection.run_on_commit.pop()  # as if it had died before it could publish
    except DatabaseError as error:
        say(error=repr(error))
        connection.close()
        return
    at = time.monotonic()
    say(seq=event.seq, at=at, took=at - began, dropped=dropped)


def die() -> None:
    """End as a crash does, after saying when."""
    say(died=time.monotonic())
    os.kill(os.getpid(), signal.SIGKILL)


def say(**fact: Any) -> None:
    """Print one JSON object at once."""
    os.write(1, f"{json.dumps(fact)}\n".encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
