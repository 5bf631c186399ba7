"""What Discord accepts as the options of a command, and as choices."""

import math
from typing import Any

from botworker.emulator.errors import InvalidForm
from botworker.emulator.name_rules import at as place
from botworker.emulator.name_rules import check_description, check_name

Json = dict[str, Any]

MAX_OPTIONS = MAX_CHOICES = 25
SAFE_INTEGER = 2**53
_PLAIN = set(range(3, 12))
_ALLOWED = ({1, 2} | _PLAIN, {1}, _PLAIN)
"""The kinds of option in a command, in a group, and in a sub-command."""
_FIELDS = {
    "min_value": {4, 10},
    "max_value": {4, 10},
    "min_length": {3},
    "max_length": {3},
    "channel_types": {7},
}


def check_options(form: InvalidForm, path: str, options: Any, *, depth: int) -> None:
    """Note what is wrong with the options of a command (`depth` 0), group (1), sub-command (2)."""
    if options is None:
        return
    where = place(path, "options")
    if not isinstance(options, list):
        form.add(where, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        return
    if len(options) > MAX_OPTIONS:
        form.bad_length(where, 0, MAX_OPTIONS)
    seen: set[str] = set()
    optional = False
    kinds = {option.get("type") in {1, 2} for option in options if isinstance(option, dict)}
    if len(kinds) > 1:
        form.add(
            where,
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            "Sub-command and sub-command group option types are mutually exclusive to all other"
            " types",
        )
    for at, option in enumerate(options):
        here = f"{where}.{at}"
        if not isinstance(option, dict):
            form.add(here, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
            continue
        _option(form, here, option, depth=depth)
        name = option.get("name")
        if isinstance(name, str):
            if name in seen:
                form.add(
                    f"{here}.name",
                    "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
                    "Option name already exists",
                )
            seen.add(name)
        if option.get("required") and optional:
            form.add(
                here,
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        optional = optional or not option.get("required")


def _option(form: InvalidForm, path: str, option: Json, *, depth: int) -> None:
    kind = option.get("type")
    check_name(form, path, option, free=False)
    check_description(form, path, option)
    if kind is None:
        form.required(f"{path}.type")
        return
    if kind not in _ALLOWED[depth]:
        wanted = ", ".join(map(str, sorted(_ALLOWED[depth])))
        form.add(f"{path}.type", "BASE_TYPE_CHOICES", f"Value must be one of ({wanted}).")
        return
    if kind in {1, 2}:
        if kind == 2 and not option.get("options"):
            form.required(f"{path}.options")
        check_options(form, path, option.get("options"), depth=depth + 1 if kind == 2 else 2)
        return
    _choices(form, path, option, int(kind or 0))
    _limits(form, path, option, int(kind or 0))


def _limits(form: InvalidForm, path: str, option: Json, kind: int) -> None:
    for field, allowed in _FIELDS.items():
        if option.get(field) is not None and kind not in allowed:
            form.add(
                f"{path}.{field}",
                "APPLICATION_COMMAND_OPTIONS_FIELD_INVALID",
                f"{field} is not allowed for this option type",
            )
    for field in ("min_value", "max_value"):
        value = option.get(field)
        if value is None:
            continue
        _number(form, f"{path}.{field}", value, whole=kind == 4)
    form.check_range(f"{path}.min_length", option.get("min_length"), 0, 6000)
    form.check_range(f"{path}.max_length", option.get("max_length"), 1, 6000)
    for field in ("value", "length"):
        low, high = option.get(f"min_{field}"), option.get(f"max_{field}")
        if low is not None and high is not None and low > high:
            form.check_range(f"{path}.min_{field}", low, -math.inf, high)


def _choices(form: InvalidForm, path: str, option: Json, kind: int) -> None:
    choices = option.get("choices") or []
    if choices and kind not in {3, 4, 10}:
        form.add(
            f"{path}.choices",
            "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID",
            "Choices are not allowed for this option type",
        )
        return
    if choices and option.get("autocomplete"):
        form.add(
            f"{path}.autocomplete",
            "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES",
            "Autocomplete cannot be used with choices",
        )
    if option.get("autocomplete") and kind not in {3, 4, 10}:
        form.add(
            f"{path}.autocomplete",
            "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID",
            "Autocomplete is not allowed for this option type",
        )
    check_choices(form, f"{path}.choices", choices, kind)


def check_choices(form: InvalidForm, path: str, choices: Any, kind: int) -> None:
    """Note what is wrong with the choices of an option of type `kind` (3, 4 or 10)."""
    if not isinstance(choices, list):
        form.add(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        return
    if len(choices) > MAX_CHOICES:
        form.bad_length(path, 0, MAX_CHOICES)
    for at, choice in enumerate(choices):
        name, value = choice.get("name"), choice.get("value")
        if not isinstance(name, str) or not 1 <= len(name) <= 100:
            form.bad_length(f"{path}.{at}.name", 1, 100)
        if kind == 3 and (not isinstance(value, str) or len(value) > 100):
            form.bad_length(f"{path}.{at}.value", 1, 100)
        elif kind in {4, 10}:
            _number(form, f"{path}.{at}.value", value, whole=kind == 4)


def _number(form: InvalidForm, path: str, value: Any, *, whole: bool) -> None:
    """Note what is no number of the kind that a member could send."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or (whole and isinstance(value, float) and not value.is_integer()):
        what = "int" if whole else "float"
        form.add(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not {what}.')
    else:
        form.check_range(path, value, -SAFE_INTEGER, SAFE_INTEGER)
