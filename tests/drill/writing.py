"""The drill's side of a writer."""

import json
from typing import NamedTuple

from tests.drill.processes import Process, python


class Write(NamedTuple):
    """One event that was committed `at` (monotonic, seconds), after `took` seconds."""

    seq: int
    at: float
    took: float
    dropped: bool


class Writer(Process):
    """A process that writes events: see tests/drill/writer.py for the options."""

    def __init__(self, options: list[str], variables: dict[str, str]) -> None:
        super().__init__(python("tests.drill.writer", *options), variables, ready='{"ready"')
        self.writes: list[Write] = []
        self.errors: list[str] = []
        self.died_at: float | None = None

    def go(self) -> None:
        """Have it begin."""
        self.tell("go")

    def heard(self, line: str) -> None:
        """Take what it says of one event."""
        super().heard(line)
        told = json.loads(line) if line.startswith("{") else {}
        if "seq" in told:
            self.writes.append(Write(**told))
        elif "error" in told:
            self.errors.append(told["error"])
        elif "died" in told:
            self.died_at = told["died"]

    @property
    def slowest(self) -> float:
        """How long the slowest write took, in seconds."""
        return max((write.took for write in self.writes), default=0.0)
