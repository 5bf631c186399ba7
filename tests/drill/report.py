"""What a run prints: progress while it goes, then the table."""

import math
import shutil
import sys
import textwrap
import time
from collections.abc import Sequence
from typing import NamedTuple

from tests.drill.row import MEGABYTE, Row, Seen

WIDTHS = (22, 30, 30, 46, 13, 11, 6)
TITLES = ("row", "fault", "expected", "seen", "p50 / p99", "memory MB", "")
PROGRESS_SECONDS = 5.0


class Result(NamedTuple):
    """One row, performed."""

    row: Row
    seen: Seen
    seconds: float


class Progress:
    """Tells what each row does: at once on a terminal, every few seconds elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._now: dict[str, str] = {}
        self._said_at: dict[str, float] = {}

    def say(self, name: str, text: str) -> None:
        """Show what the row `name` does now."""
        self._now[name] = text
        if self._terminal:
            line = " | ".join(f"{row}: {now}" for row, now in self._now.items())
            print(f"\r\033[K{line[: shutil.get_terminal_size().columns - 1]}", end="", flush=True)
        elif time.monotonic() - self._said_at.get(name, 0.0) > PROGRESS_SECONDS:
            self._said_at[name] = time.monotonic()
            print(f"  {name}: {text}", flush=True)

    def end(self, result: Result) -> None:
        """Show how a row ended."""
        self._now.pop(result.row.name, None)
        verdict = "ok" if not result.seen.misses else "MISS: " + "; ".join(result.seen.misses)
        start = "\r\033[K" if self._terminal else ""
        print(f"{start}{result.row.name} ({result.seconds:.0f} s): {verdict}", flush=True)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that `percent` of `values` do not exceed; nan if there are none."""
    if not values:
        return math.nan
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def table(results: Sequence[Result]) -> str:
    """Return the table of a run."""
    lines = [_line(TITLES), _line(["-" * width for width in WIDTHS])]
    for row, seen, _ in results:
        times = memory = ""
        if seen.recovery:
            times = f"{percentile(seen.recovery, 50):.2f} / {percentile(seen.recovery, 99):.2f} s"
        if seen.memory:
            memory = " -> ".join(f"{size / MEGABYTE:.0f}" for size in seen.memory)
        said = "; ".join([*(f"MISS: {miss}" for miss in seen.misses), *seen.facts])
        verdict = "MISS" if seen.misses else "ok"
        lines.append(_line([row.name, row.fault, row.expected, said, times, memory, verdict]))
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    """Return one row of the table, each cell wrapped to its column."""
    wrapped = [
        textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, WIDTHS, strict=True)
    ]
    height = max(map(len, wrapped))
    return "\n".join(
        "  ".join(
            (cell[number] if number < len(cell) else "").ljust(width)
            for cell, width in zip(wrapped, WIDTHS, strict=True)
        ).rstrip()
        for number in range(height)
    )
