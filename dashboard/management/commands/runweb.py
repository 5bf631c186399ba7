"""The web process."""

import gc
import logging
import socket
from argparse import ArgumentParser
from typing import Any

from daphne.endpoints import build_endpoint_description_strings
from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import connections
from django.utils.module_loading import import_string

from dashboard.deadlines import Deadlines
from dashboard.hub.daphne import unknown
from dashboard.preflight import require_broker, require_database, require_settings
from dashboard.server import Server


class Command(BaseCommand):
    help = "Serve the dashboard: pages, API and /ws. Run as many as you like on one database."

    requires_system_checks: list[str] = []  # they are made, but told in a line each

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1", help="address (default: 127.0.0.1)")
        parser.add_argument("--port", type=int, default=settings.PORT, help="port (default: PORT)")

    def handle(self, *, bind: str, port: int, **_: Any) -> None:
        """Serve until SIGTERM or Ctrl-C. Raises `CommandError` when it cannot start."""
        require_settings(bind)
        require_free_port(bind, port)
        require_database()
        connections.close_all()
        require_broker(settings.STARTUP_WAIT_SECONDS)
        logging.getLogger("daphne").setLevel(logging.WARNING)  # the line below says it all
        shown = f"[{bind}]" if ":" in bind else bind
        server = Server(
            import_string(settings.ASGI_APPLICATION),
            endpoints=build_endpoint_description_strings(host=bind, port=port),
            ping_interval=10,
            ping_timeout=10,
            server_name="aurora",
            ready_callable=lambda: self.say(f"Listening on http://{shown}:{port}"),
        )
        unknown()  # so that a surprise is said at the start
        Deadlines().start()
        # What is loaded now stays: the collector would hold up every socket to look through it.
        gc.collect()
        gc.freeze()
        server.run()
        if server.abort_start:  # somebody took the port since we looked
            raise CommandError(f"{shown}:{port} cannot be listened on.")

    def say(self, line: str) -> None:
        """Print a line at once, also into a pipe."""
        self.stdout.write(line)
        self.stdout.flush()


def require_free_port(bind: str, port: int) -> None:
    """Return when a server may listen there; raise `CommandError` otherwise."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    try:
        with socket.socket(family) as probe:  # bound, never listening: nobody can connect to it
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((bind, port))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CommandError(
            f"Port {port} on {bind} cannot be used: {reason}. Name another one: PORT=8001"
        ) from None
