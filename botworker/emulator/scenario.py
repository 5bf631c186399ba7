"""The scenario language: scenes that follow one another, each with its own weather.

    scene rush hour for 45s        # a name and a duration: 500ms, 45s, 3m
        pace 0.6                   # seconds between two commands of the members
        ack_delay 900ms jitter=200ms
        after 10s reconnect        # once, so long after the scene began
        every 15s fail route=callback

Indentation is free, `#` begins a comment. A scene begins with fair weather and the usual pace; the
words are the controls of `Faults` (positional arguments first), and `pace`. After the last scene
the first begins again.
"""

import inspect
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from botworker.emulator.control import BadControl, Control, bind

_DURATION = re.compile(r"^(\d+(?:\.\d+)?)(ms|s|m)$")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}


class ScenarioError(Exception):
    """A line cannot be understood: its number and why."""


@dataclass(frozen=True, slots=True)
class Step:
    """A control used at the beginning of a scene, once `after` so long, or `every` so often."""

    control: str
    arguments: dict[str, Any]
    after: float = 0.0
    every: float | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A stretch of time with a name."""

    name: str
    seconds: float
    steps: list[Step] = field(default_factory=list)


def parse(text: str, controls: dict[str, Control]) -> list[Scene]:
    """The scenes of a scenario. Raises ScenarioError for a line that makes no sense."""
    scenes: list[Scene] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            words = shlex.split(line, comments=True)
            if not words:
                continue
            if words[0] == "scene":
                scenes.append(_scene(words))
            elif not scenes:
                raise BadControl("the first line must begin with: scene NAME for DURATION")
            else:
                scenes[-1].steps.append(_step(words, controls))
        except (BadControl, ValueError) as error:
            raise ScenarioError(f"line {number}: {error}") from None
    if not scenes:
        raise ScenarioError("line 1: there is no scene")
    return scenes


def _scene(words: list[str]) -> Scene:
    if len(words) < 4 or words[-2] != "for":
        raise BadControl("write: scene NAME for DURATION")
    seconds = _duration(words[-1])
    if seconds <= 0:
        raise BadControl("a scene lasts longer than nothing")
    return Scene(" ".join(words[1:-2]), seconds)


def _step(words: list[str], controls: dict[str, Control]) -> Step:
    after, every = 0.0, None
    if words[0] in {"after", "every"}:
        if len(words) < 3:
            raise BadControl(f"write: {words[0]} DURATION CONTROL")
        seconds = _duration(words[1])
        if words[0] == "after":
            after = seconds
        elif seconds < 0.05:
            raise BadControl("every 50ms is the most often")
        else:
            after = every = seconds
        words = words[2:]
    name = words[0]
    arguments = bind(controls, name, _arguments(name, words[1:], controls))
    return Step(name, arguments, after, every)


def _arguments(name: str, words: Iterable[str], controls: dict[str, Control]) -> dict[str, Any]:
    order = list(inspect.signature(controls[name]).parameters) if name in controls else []
    arguments: dict[str, Any] = {}
    for at, word in enumerate(words):
        key, equals, value = word.partition("=")
        if not equals:
            if at >= len(order):
                raise BadControl(f"{name} takes fewer arguments")
            key, value = order[at], word
        arguments[key] = _value(value)
    return arguments


def _value(word: str) -> Any:
    if _DURATION.match(word):
        return _duration(word)
    if word in {"true", "on", "yes"}:
        return True
    if word in {"false", "off", "no"}:
        return False
    try:
        return int(word)
    except ValueError:
        pass
    try:
        return float(word)
    except ValueError:
        return word


def _duration(word: str) -> float:
    match = _DURATION.match(word)
    if match is None:
        raise BadControl(f"{word!r} is not a duration such as 500ms, 45s or 3m")
    return float(match[1]) * _SECONDS[match[2]]
