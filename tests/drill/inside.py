"""`manage.py` with an ear: on a signal the process says on standard output what it holds.

SIGUSR1: now. SIGUSR2: after it has collected its garbage and counted the objects that are left,
which holds everybody up for a moment.
Used for the web processes of the drill, which are otherwise exactly those of `manage.py runweb`.
"""

import asyncio
import gc
import json
import os
import signal
import sys

MARK = "inside: "


def _say(number: int, _: object) -> None:
    """Print the number of asyncio tasks, of sockets in the hub, of Python objects, and its counts.

    The counts are those of `/metrics`: what the hub counted, and `closed CODE` for its sockets.
    """
    from dashboard import metrics
    from dashboard.hub.figures import figures

    objects = 0
    if number == signal.SIGUSR2:
        gc.collect()
        objects = len(gc.get_objects())
    hub = figures()
    found = {
        "tasks": len(asyncio.all_tasks()),
        "sockets": hub.sockets,
        "objects": objects,
        "counts": {f"closed {code}": times for code, times in metrics.closes.items()}
        | dict(hub.counts),
    }
    os.write(1, f"{MARK}{json.dumps(found)}\n".encode())


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _say)
    signal.signal(signal.SIGUSR2, _say)
    os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard_project.settings"
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", *sys.argv[1:]])
