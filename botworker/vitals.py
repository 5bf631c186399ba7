"""What a process can say of itself: the memory it holds, and how long its database takes."""

import os
import time
from pathlib import Path

from django.db import connection

_STATM = Path("/proc/self/statm")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def memory_bytes() -> int | None:
    """Return how much memory this process holds; None where the system does not tell (Linux)."""
    try:
        return int(_STATM.read_text().split()[1]) * _PAGE_BYTES
    except OSError:
        return None


def ping_database() -> float:
    """Return how many ms the database takes for the shortest answer. Raises what it raises."""
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return round((time.perf_counter() - started) * 1000, 2)
