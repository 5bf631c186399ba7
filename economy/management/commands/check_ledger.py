"""Reconcile the ledger, for people and for cron."""

from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from economy import queries
from economy.audit import Report, reconcile


class Command(BaseCommand):
    help = (
        "Reconcile the ledger: entries, balances, claims, tallies, events, and the guards of the"
        " database. Names every row that breaks a rule. Exit status: 0 the ledger is sound, 1 it"
        " is not, 2 it could not be read. Nobody is kept from writing meanwhile."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, **options: Any) -> None:
        try:
            report = reconcile()
            supply = queries.supply().total
        except DatabaseError as error:
            line = str(error).strip().split("\n")[0]
            raise CommandError(f"the ledger cannot be read: {line}", returncode=2) from error
        if options["json"]:
            self.stdout.write(_as_json(report, supply))
        else:
            for rule, table, row, detail in report.findings:
                self.stdout.write(f"{rule}: {table} {row}: {detail}")
        if report.findings:
            raise CommandError(f"the ledger is not sound: {len(report.findings)} findings")
        if not options["json"]:
            counts = ", ".join(f"{count:,} {name}" for name, count in report.checked.items())
            self.stdout.write(f"the ledger is sound: {counts}, {supply:,} coins")


def _as_json(report: Report, supply: int) -> str:
    return msgspec.json.encode(
        {
            "sound": not report.findings,
            "supply": str(supply),
            "checked": report.checked,
            "findings": [finding._asdict() for finding in report.findings],
        }
    ).decode()
