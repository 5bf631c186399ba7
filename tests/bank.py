"""The bank test at full size: `make bank`, or `python -m tests.bank --help`.

Processes transfer and claim at random on a new database, repeat requests, and read all balances in
between; with `--kill-every-seconds` one of them is killed (SIGKILL) so often, and replaced. Every
read and every audit must find the invariants of the ledger, every acknowledged request must be
there once, and the whole ledger must reconcile in the end. Exit status 1 when anything does not.
"""

import argparse
import random
import subprocess
import sys

from tests.environment import ROOT

VIOLATIONS_SHOWN = 20


def work(options: argparse.Namespace) -> int:
    """Run the test on the database of the environment; return the exit status."""
    import django

    django.setup()
    from django.db import connection

    from tests.economy.traffic import Bank, Plan

    outcome = Bank(
        Plan(
            seed=options.seed,
            operations=options.operations,
            processes=options.processes,
            kill_every_seconds=options.kill_every_seconds,
        )
    ).run()
    print(
        f"{connection.vendor}: {outcome.operations:,} operations in {outcome.seconds:,.0f} s by"
        f" {options.processes} processes, {outcome.operations / outcome.seconds:,.0f} a second;"
        f" {outcome.refused:,} refused, {outcome.retries:,} retries, {outcome.kills:,} kills;"
        f" {outcome.reads:,} reads, {outcome.audits:,} audits:"
        f" {len(outcome.violations):,} violations",
        flush=True,
    )
    for violation in outcome.violations[:VIOLATIONS_SHOWN]:
        print(f"  {violation}")
    return 1 if outcome.violations or outcome.operations < options.operations else 0


def main(arguments: list[str]) -> int:
    """Run on new databases, one after the other; return 0 when nothing was wrong on any."""
    from tests.private import DATABASES, private_machine

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    parser.add_argument("--operations", type=int, default=100_000)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--seed", type=int, default=random.randrange(2**16))
    parser.add_argument("--kill-every-seconds", type=float, help="default: nobody is killed")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.operations % options.processes:
        parser.error("--operations is a multiple of --processes")
    if options.inside:
        return work(options)
    print(f"seed {options.seed}", flush=True)
    command = [sys.executable, "-m", "tests.bank", *arguments, "--seed", str(options.seed)]
    worst = 0
    for database in DATABASES if options.database == "both" else [options.database]:
        with private_machine(database) as environment:
            done = subprocess.run([*command, "--inside"], cwd=ROOT, env=environment, check=False)
            worst = max(worst, done.returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
