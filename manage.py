#!/usr/bin/env python
"""Run one of the project's commands: `./manage.py help` lists them."""

import logging
import os
import sys


def main() -> None:
    """Hand the command line to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard_project.settings")
    from django.core.management import CommandError, execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except Exception as error:
        if isinstance(error, OperationalError):
            from dashboard.preflight import require_database

            try:
                require_database(migrated=False)
            except CommandError as refusal:
                sys.exit(f"CommandError: {refusal}")
        logging.getLogger("aurora").critical("the command broke", exc_info=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
