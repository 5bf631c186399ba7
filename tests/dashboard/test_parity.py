"""Old page + frames == fresh page, whatever happens in between, for every kind of event.

In the manner of Zulip's `verify_action`. The page is that of `static/js`, run by node against a
model of the server (`tests/js/parity-harness.js`) with a clock that is moved by hand; the server
is the real hub, on the real layer and the real rows.
"""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from dashboard import frames
from dashboard.templatetags.feed import fold
from tests.dashboard.kinds import kinds_of, kinds_of_the_project
from tests.dashboard.plays import KINDS, PALETTES, Play, plays, row
from tests.environment import ROOT

SNAPSHOT_EVENTS = 50
PAGE_EVENTS_MAX = 500

calm = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


class Harness:
    """The page's own modules, in a process of node that answers a line with a line."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            ["node", "tests/js/parity-harness.js"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def play(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return what a page shows after `request`, everything having healed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer


@pytest.fixture(scope="module")
def harness() -> Iterator[Harness]:
    harness = Harness()
    with harness.process:
        yield harness
        assert harness.process.stdin is not None
        harness.process.stdin.close()


def test_every_kind_of_event_of_the_project_is_played() -> None:
    assert kinds_of_the_project() == set(KINDS)


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        ("record_event(kind='a.one', message='')", {"a.one"}),
        ("FAMILY = 'a.'\nFact(FAMILY + 'one')", {"a.one"}),
        ("def f():\n  kind, n = ('one', 1) if n else ('two', 2)\n  Record(kind=f'a.{kind}')",
         {"a.one", "a.two"}),
        ("def tell(who, kind): record_event(kind=kind)\ntell('me', 'a.one')", {"a.one"}),
        ("class A:\n  def tell(self, kind): Turn(kind)\n  def b(self): self.tell('a.one')",
         {"a.one"}),
        ("audit.record(action='a.one')", set()),
    ],
)  # fmt: skip
def test_a_kind_is_found_however_it_is_given(source: str, kinds: set[str]) -> None:
    assert kinds_of(source, "here") == kinds


@pytest.mark.parametrize("source", ["record_event(kind=f())", "record_event(kind=unknown)"])
def test_a_kind_that_cannot_be_told_is_not_passed_over(source: str) -> None:
    with pytest.raises(AssertionError, match="cannot be told"):
        kinds_of(source, "here")


@settings(calm, max_examples=150)
@given(play=plays())
def test_a_page_that_went_through_anything_shows_what_a_fresh_one_shows(
    harness: Harness, play: Play
) -> None:
    page = harness.play(play.request)
    note(f"{page['state']} at {page['position']}, {page['range']}")
    head = len(play.log)
    assert page["state"] == "live"
    assert page["position"] == {"epoch": play.epoch, "head": head}
    assert page["stats"] == {"epoch": play.epoch, "head": head}
    first, last = page["range"] or [1, 0]
    assert last == head
    assert first <= max(play.kept_from, head - SNAPSHOT_EVENTS + 1)
    assert page["rows"] == page["fresh"]
    assert page["rows"] == fold(play.log[first - 1 : last][::-1])


@settings(calm, max_examples=60)
@given(palette=PALETTES, count=st.integers(0, 40))
def test_the_server_folds_and_words_a_log_as_the_page_does(
    harness: Harness, palette: list[dict[str, Any]], count: int
) -> None:
    log = [frames.event_data(row(palette, seq, seq)) for seq in range(1, count + 1)]
    begin = {"epoch": "log", "events": log, "replayMax": 500}
    page = harness.play({"log": begin, "steps": [], "chances": [0], "healMs": 100})
    assert page["rows"] == fold(log[::-1])
