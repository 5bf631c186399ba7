"""What a row of the drill is: a fault, what is expected of it, and what was seen."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.drill.audience import Audience
from tests.drill.world import World
from tests.drill.writing import Writer

SETTLE_SECONDS = 10.0
MEGABYTE = 1024 * 1024


@dataclass
class Seen:
    """What a row saw: facts for the table, recovery times, memory, and each rule missed."""

    facts: list[str] = field(default_factory=list)
    misses: list[str] = field(default_factory=list)
    recovery: list[float] = field(default_factory=list)  # seconds
    memory: tuple[int, int] | None = None  # resident bytes before and after

    def fact(self, text: str) -> None:
        """Add to what the table tells."""
        self.facts.append(text)

    def require(self, condition: bool, miss: str) -> None:
        """Have the row fail with `miss` unless `condition` holds."""
        if not condition:
            self.misses.append(miss)

    async def compare(self, world: World, pages: Audience, *, snapshots: int | None = 1) -> None:
        """Require that every page shows the log of the database: all of it, in order, once.

        And that it began with so many `snapshots`, all of this log: 1 is the one it was opened
        with, None is any number of any log.
        """
        log = await world.database.log()
        await pages.all_at(log.head, SETTLE_SECONDS)
        flaws = pages.flaws(log)
        if snapshots is not None:
            flaws += pages.restarts(log, snapshots)
        self.misses.extend(flaws)
        right = sum(len(page.showing.seqs) for page in pages.pages)
        whole = "every page equals the database" if not flaws else "pages differ"
        self.fact(f"{log.head} events, {len(pages.pages)} pages, {right} shown: {whole}")

    def no_write_failed(self, writer: Writer, within_seconds: float) -> None:
        """Require that every write was committed, and soon."""
        self.require(not writer.errors, f"{len(writer.errors)} writes failed: {writer.errors[:2]}")
        slow = f"a write took {writer.slowest:.1f} s"
        self.require(writer.slowest < within_seconds, slow)
        self.fact(f"{len(writer.writes)} writes, slowest {writer.slowest * 1000:.0f} ms")


Play = Callable[[World, Seen], Awaitable[None]]


class Row(NamedTuple):
    """A row of the table; `play` performs the fault and says what it saw."""

    name: str
    fault: str
    expected: str
    play: Play


ROWS: dict[str, Row] = {}


def row(name: str, *, fault: str, expected: str) -> Callable[[Play], Play]:
    """Register a function as a row."""

    def register(play: Play) -> Play:
        ROWS[name] = Row(name, fault, expected, play)
        return play

    return register
