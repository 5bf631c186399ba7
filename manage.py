#!/usr/bin/env python
"""Run one of the project's commands: `./manage.py help` lists them."""

import os
import sys


def main() -> None:
    """Hand the command line to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard_project.settings")
    from django.core.management import CommandError, execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except OperationalError:
        from dashboard.preflight import require_database

        try:
            require_database(migrated=False)
        except CommandError as refusal:
            sys.exit(f"CommandError: {refusal}")
        raise  # it answers: something else is wrong


if __name__ == "__main__":
    main()
