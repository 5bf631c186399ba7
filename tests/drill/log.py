"""The oracle: what the `Event` table holds, and whether a page shows just that."""

import hashlib
import json
from typing import Any, NamedTuple

Digests = dict[int, str]


def digest(event: dict[str, Any]) -> str:
    """Return what tells one event of the wire from any other."""
    text = json.dumps(event, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


class Log(NamedTuple):
    """The whole log at one moment: the digest of every event by its seq."""

    epoch: str
    head: int
    events: Digests

    def flaws(self, shown: list[tuple[int, str]]) -> list[str]:
        """Return what is wrong with the events that a page shows, oldest first; maybe nothing.

        A page may begin anywhere; from there it must show every event up to the head, as it is.
        """
        seqs = [seq for seq, _ in shown]
        flaws = []
        if seqs and seqs != list(range(seqs[0], seqs[0] + len(seqs))):
            flaws.append("events are missing, doubled or out of order")
        last = seqs[-1] if seqs else 0
        if last != self.head:
            flaws.append(f"it ends at {last} and the log at {self.head}")
        return flaws + self.strangers(shown)

    def strangers(self, shown: list[tuple[int, str]]) -> list[str]:
        """Return which of the events shown are not those of this log."""
        wrong = [seq for seq, mark in shown if self.events.get(seq) != mark]
        return [f"events {wrong[:5]} are not those of the log"] if wrong else []
