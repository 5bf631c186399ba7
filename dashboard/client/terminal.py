"""Where events are written to; what is said of the connection goes to another stream."""

import asyncio
import os
import stat
from collections.abc import Callable
from typing import Any, Protocol, TextIO

from dashboard.client.lines import Lines, json_line, sentence
from dashboard.client.news import CameBack, Happened, News, WentAway
from dashboard.filters import EventFilter, matches


class Output(Protocol):
    """A stream that takes lines, such as a command's `stdout`."""

    def write(self, text: str, style: Callable[[str], str] | None = None) -> None:
        """Write `text` and a line end."""

    def flush(self) -> None:
        """Have it leave the process."""


class Terminal:
    """Shows the events that are wanted on `out`, each on a line, the rest on `notices`."""

    def __init__(
        self, out: Output, notices: Output, *, wanted: EventFilter, lines: Lines | None
    ) -> None:
        self._out = out
        self._notices = notices
        self._wanted = wanted
        self._lines = lines
        self._shown = 0

    def tell(self, news: News) -> None:
        """Show one piece of news; raise `BrokenPipeError` when nobody reads any more."""
        if isinstance(news, Happened):
            self.show(news.event)
            return
        text = sentence(news)
        if isinstance(news, WentAway):
            self._shown = 0
        elif isinstance(news, CameBack) and self._shown < news.events:
            text += f", {self._shown:,} of them wanted"
        self.say(text)

    def show(self, event: dict[str, Any]) -> None:
        """Write `event` if it is wanted: as lines for people, or as the wire has it."""
        if not matches(event, self._wanted):
            return
        self._shown += 1
        for line in [json_line(event)] if self._lines is None else self._lines.of(event):
            self._out.write(line)
        self._out.flush()

    def say(self, text: str) -> None:
        """Tell something that is no event."""
        self._notices.write(f"tail: {text}", str)
        self._notices.flush()


def when_unread(stream: TextIO, action: Callable[[], object]) -> None:
    """Call `action` when `stream` is a pipe and its reader goes away: the next event may be far."""
    if not stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode):
        return
    loop = asyncio.get_running_loop()

    def gone() -> None:
        loop.remove_reader(stream.fileno())
        action()

    loop.add_reader(stream.fileno(), gone)
