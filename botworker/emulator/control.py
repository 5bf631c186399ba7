"""`POST /_control/NAME`: the faults for other processes on this machine."""

import inspect
import json
import types
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, Union, get_args, get_origin, get_type_hints

from aiohttp import web

from botworker.emulator.interactions import Interaction
from botworker.emulator.invocations import NotCallable
from botworker.emulator.replies import InteractionFailed
from botworker.emulator.rest import json_response

Json = dict[str, Any]
Control = Callable[..., Awaitable[Any]]

_LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}


class BadControl(Exception):
    """There is no such control, or not with these arguments."""


def controls_of(thing: object) -> dict[str, Control]:
    """The public async methods of `thing` by name."""
    return {
        name: method
        for name, method in inspect.getmembers(thing, inspect.iscoroutinefunction)
        if not name.startswith("_")
    }


def bind(controls: dict[str, Control], name: str, values: Json) -> Json:
    """The arguments for a control, of the right types, or BadControl with one sentence."""
    control = controls.get(name)
    if control is None:
        raise BadControl(f"there is no {name!r}; there are {', '.join(sorted(controls))}")
    parameters = inspect.signature(control).parameters
    hints = get_type_hints(control)
    for key, value in values.items():
        if key not in parameters:
            known = ", ".join(parameters) or "nothing"
            raise BadControl(f"{name} takes {known}, not {key!r}")
        if not _fits(value, hints[key]):
            raise BadControl(f"{name}: {key}={value!r} does not fit")
    missing = [
        key
        for key, parameter in parameters.items()
        if parameter.default is parameter.empty and key not in values
    ]
    if missing:
        raise BadControl(f"{name} needs {', '.join(missing)}")
    return values


def _fits(value: Any, hint: Any) -> bool:
    if get_origin(hint) in {types.UnionType, Union}:
        return any(_fits(value, one) for one in get_args(hint))
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint in {type(None), None}:
        return value is None
    plain = get_origin(hint) or hint
    return isinstance(value, plain) if isinstance(plain, type) else True


class ControlDesk:
    """Serves the controls to this machine, and to no web page it happens to show."""

    def __init__(self, controls: dict[str, Control], state: Callable[[], Json]) -> None:
        self.controls = controls
        self._state = state

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """GET lists controls and state; POST /_control/NAME with a JSON object uses one."""
        if request.host.rpartition(":")[0] not in _LOOPBACK or "Origin" in request.headers:
            return _refuse(403, "only for programs on this machine")
        name = request.match_info.get("name", "")
        if request.method == "GET" and not name:
            signatures = {key: str(inspect.signature(c)) for key, c in self.controls.items()}
            return json_response({"controls": signatures, "state": self._state()})
        if request.method != "POST":
            return _refuse(405, "POST /_control/NAME with a JSON object")
        try:
            body = json.loads(await request.read() or b"{}")
            if not isinstance(body, dict):
                raise BadControl("the body is not a JSON object")
            arguments = bind(self.controls, name, body)
            result = await self.controls[name](**arguments)
        except ValueError as error:
            return _refuse(400, f"the body is not JSON: {error}")
        except (BadControl, LookupError, NotCallable) as error:
            return _refuse(400, str(error))
        except (InteractionFailed, TimeoutError) as error:
            return _refuse(504, str(error) or "no answer in time")
        return json_response({"ok": True, "result": result})


def _refuse(status: int, sentence: str) -> web.Response:
    return json_response({"ok": False, "error": sentence}, status)


async def seen(interaction: Interaction, within: float) -> Json:
    """What the member read, as JSON."""
    return asdict(await interaction.reply(within))
