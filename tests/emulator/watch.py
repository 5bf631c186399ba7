"""Everything that is said to and by an emulated Discord, held against Discord's published formats.

Importing `formats` and `watch` into a conftest.py puts all its tests under it.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any

import pytest

from botworker.emulator.gateway import Gateway
from botworker.emulator.rest import Exchange, Rest
from tests.emulator import formats as published
from tests.emulator.formats import Formats

Json = dict[str, Any]
Check = Callable[[Formats, Any], str | None]

REFUSED = {400, 413}
"""What such a request said was not to be said."""

# Where discord.py 2.7.1 sends a number for the text of an id (Discord takes both), and where the
# types know no data though Discord sends a trace, and discord.py needs some.
QUIRKS = (
    "received 8: d: {'guild_id': ",
    "received 4: d.guild_id: ",
    "POST /users/@me/channels request: recipient_id:",
    "sent RESUMED: d: {'_trace':",
)

_VARYING = re.compile(
    r"[0-9]{15,20}|[0-9-]{10}T[0-9:.]{8,15}|[0-9a-f]{32}|[A-Za-z0-9_-]{64,}|127\.0\.0\.1:[0-9]+"
)
"""Ids, moments, sessions, tokens, ports: what differs in them alone is checked once a run."""


@pytest.fixture(scope="session")
def formats(request: pytest.FixtureRequest) -> Formats | None:
    """The formats; without the packages they are made from None, or failure: REQUIRE_FORMATS=1."""
    node_modules = Path(os.environ.get("NODE_MODULES", published.ROOT / "node_modules"))
    if absent := published.missing(node_modules):
        if os.environ.get("REQUIRE_FORMATS") == "1":
            pytest.fail(f"npm install brings {', '.join(absent)}")
        return None
    assert request.config.cache is not None
    return Formats(request.config.cache.mkdir("discord-formats"), node_modules)


@pytest.fixture(autouse=True)
def watch(formats: Formats | None) -> Iterator["Watch"]:
    """Whatever is said during the test, and fails it when Discord does not talk like that."""
    heard = Watch(formats)
    Rest.recorder, Gateway.recorder = heard.exchange, heard.frame
    yield heard
    Rest.recorder = Gateway.recorder = None
    if faults := heard.faults():
        pytest.fail("\n".join(["Discord and its clients do not talk like that:", *faults]))


class Watch:
    """Everything that was said, and what was wrong with it."""

    def __init__(self, formats: Formats | None) -> None:
        self.frames: set[str] = set()
        """The events and opcodes of the frames."""
        self.routes: set[str] = set()
        """Method and path of the requests."""
        self._formats = formats
        self._said: dict[Hashable, tuple[Check, str]] = {}

    def exchange(self, one: Exchange) -> None:
        """Note a request and its answer."""
        self.routes.add(f"{one.method} {one.template}")
        said = one.method, one.template
        if one.request is not None and one.status not in REFUSED:
            self._note(
                ("request", *said),
                one.request,
                lambda formats, body: formats.faults_of_request(*said, body),
            )
        self._note(
            ("response", *said, one.status),
            one.response,
            lambda formats, body: formats.faults_of_response(*said, one.status, body),
        )

    def frame(self, direction: str, frame: Json) -> None:
        """Note a frame of the gateway."""
        self.frames.add(frame.get("t") or str(frame["op"]))
        self._note((direction,), frame, lambda formats, it: formats.faults_of_frame(direction, it))

    def faults(self) -> list[str]:
        """What was wrong, in no more than one line for each thing that was said."""
        if self._formats is None:
            return []
        found: set[str] = set()
        for key, (check, text) in self._said.items():
            if key in self._formats.passed:
                continue
            fault = check(self._formats, json.loads(text))
            if fault is None or fault.startswith(QUIRKS):
                self._formats.passed.add(key)
            else:
                found.add(fault)
        return sorted(found)

    def _note(self, kind: tuple[Any, ...], content: Any, check: Check) -> None:
        # As text, for what is said may be changed later.
        text = json.dumps(content)
        same = hashlib.sha256(_VARYING.sub("0", text).encode()).digest()
        self._said.setdefault((*kind, same), (check, text))
