"""What Discord accepts as an application command."""

import re
from typing import Any

from botworker.emulator.errors import DiscordError, InvalidForm

Json = dict[str, Any]

CHAT_INPUT, USER, MESSAGE = 1, 2, 3
MAX_COMMANDS = {CHAT_INPUT: 100, USER: 15, MESSAGE: 15}
MAX_OPTIONS = MAX_CHOICES = 25
MAX_CHARACTERS = 8000
NAME = re.compile(r"^[-_'\w\u0900-\u097F\u0E00-\u0E7F]{1,32}$")
LOCALES = frozenset(
    "ar bg cs da de el en-GB en-US es-419 es-ES fi fr he hi hr hu id it ja ko lt nl no pl pt-BR"
    " ro ru sv-SE th tr uk vi zh-CN zh-TW".split()
)
SAFE_INTEGER = 2**53


def check_commands(bodies: Any) -> None:
    """Refuse a bulk overwrite Discord would refuse, with every fault at its place."""
    form = InvalidForm()
    if not isinstance(bodies, list):
        form.add("", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        form.raise_if_any()
    seen: set[tuple[int, str]] = set()
    counts: dict[int, int] = {}
    for at, body in enumerate(bodies):
        _command(form, str(at), body)
        if isinstance(body, dict) and isinstance(body.get("name"), str):
            kind = body.get("type") or CHAT_INPUT
            if (kind, body["name"]) in seen:
                form.add(
                    f"{at}.name",
                    "APPLICATION_COMMANDS_DUPLICATE_NAME",
                    "Application command names must be unique",
                )
            seen.add((kind, body["name"]))
            counts[kind] = counts.get(kind, 0) + 1
    form.raise_if_any()
    for kind, count in counts.items():
        if count > MAX_COMMANDS.get(kind, 1):
            raise DiscordError(
                400,
                30032,
                f"Maximum number of application commands reached ({MAX_COMMANDS.get(kind, 1)}).",
            )


def check_command(body: Any) -> None:
    """Refuse one command Discord would refuse, with every fault at its place."""
    form = InvalidForm()
    _command(form, "", body)
    form.raise_if_any()


def _at(path: str, field: str) -> str:
    return f"{path}.{field}" if path else field


def _command(form: InvalidForm, path: str, body: Any) -> None:
    if not isinstance(body, dict):
        form.add(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        return
    kind = body.get("type") or CHAT_INPUT
    if kind not in {CHAT_INPUT, USER, MESSAGE, 4}:
        form.add(_at(path, "type"), "BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3, 4).")
        return
    _name(form, path, body, free=kind != CHAT_INPUT)
    if kind == CHAT_INPUT:
        _description(form, path, body)
    elif body.get("description"):
        form.add(
            _at(path, "description"),
            "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_CANNOT_BE_SET",
            "Context menu commands cannot have description",
        )
    permissions = body.get("default_member_permissions")
    if permissions is not None and not str(permissions).isdigit():
        form.add(
            _at(path, "default_member_permissions"),
            "NUMBER_TYPE_COERCE",
            f'Value "{permissions}" is not int.',
        )
    for key, allowed in (("contexts", {0, 1, 2}), ("integration_types", {0, 1})):
        values = body.get(key)
        if values is not None and (
            not isinstance(values, list) or not values or not set(values) <= allowed
        ):
            form.add(
                _at(path, key), "BASE_TYPE_CHOICES", f"Values must be among {sorted(allowed)}."
            )
    if kind != CHAT_INPUT and body.get("options"):
        form.add(
            _at(path, "options"),
            "APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS_CANNOT_BE_SET",
            "Context menu commands cannot have options",
        )
        return
    _options(form, path, body.get("options"), depth=0)
    if _characters(body) > MAX_CHARACTERS:
        form.add(
            path,
            "APPLICATION_COMMAND_TOO_LARGE",
            f"Command exceeds maximum size ({MAX_CHARACTERS})",
        )


def _name(form: InvalidForm, path: str, body: Json, *, free: bool) -> None:
    name = body.get("name")
    names = [("name", name)]
    localized = body.get("name_localizations") or {}
    names += [(f"name_localizations.{locale}", text) for locale, text in localized.items()]
    _locales(form, _at(path, "name_localizations"), localized)
    for field, text in names:
        where = _at(path, field)
        if text is None:
            form.required(where)
        elif not isinstance(text, str):
            form.add(where, "STRING_TYPE_CONVERT", "Could not interpret as string.")
        elif not 1 <= len(text) <= 32:
            form.bad_length(where, 1, 32)
        elif not free and (not NAME.match(text) or text != text.lower()):
            form.add(
                where,
                "APPLICATION_COMMAND_INVALID_NAME",
                "Command name is invalid",
            )


def _description(form: InvalidForm, path: str, body: Json) -> None:
    texts = [("description", body.get("description"))]
    localized = body.get("description_localizations") or {}
    texts += [(f"description_localizations.{locale}", text) for locale, text in localized.items()]
    _locales(form, _at(path, "description_localizations"), localized)
    for field, text in texts:
        where = _at(path, field)
        if text is None:
            form.required(where)
        elif not isinstance(text, str):
            form.add(where, "STRING_TYPE_CONVERT", "Could not interpret as string.")
        elif not 1 <= len(text) <= 100:
            form.bad_length(where, 1, 100)


def _locales(form: InvalidForm, path: str, localized: Json) -> None:
    for locale in localized:
        if locale not in LOCALES:
            form.add(_at(path, locale), "ENUM_TYPE_COERCE", f'Value "{locale}" is not a locale.')


def _options(form: InvalidForm, path: str, options: Any, *, depth: int) -> None:
    if options is None:
        return
    where = _at(path, "options")
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
    if kind not in range(1, 12):
        form.add(f"{path}.type", "BASE_TYPE_CHOICES", "Value must be one of (1, ..., 11).")
        return
    _name(form, path, option, free=False)
    _description(form, path, option)
    if kind in {1, 2}:
        if (kind == 2 and depth > 0) or depth > 1:
            form.add(
                f"{path}.type",
                "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
                "Sub-command groups cannot be nested this deep",
            )
            return
        if kind == 2 and not option.get("options"):
            form.required(f"{path}.options")
        _options(form, path, option.get("options"), depth=depth + 1 if kind == 2 else 2)
        return
    _choices(form, path, option, int(kind or 0))
    for field, allowed in (
        ("min_value", {4, 10}),
        ("max_value", {4, 10}),
        ("min_length", {3}),
        ("max_length", {3}),
        ("channel_types", {7}),
    ):
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
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or (kind == 4 and not isinstance(value, int)):
            form.add(f"{path}.{field}", "NUMBER_TYPE_COERCE", f'Value "{value}" is not a number.')
        elif abs(value) > SAFE_INTEGER:
            form.add(
                f"{path}.{field}",
                "NUMBER_TYPE_MAX",
                f"number value should be less than or equal to {SAFE_INTEGER}.",
            )
    low, high = option.get("min_length"), option.get("max_length")
    if low is not None and not 0 <= low <= 6000:
        form.add(f"{path}.min_length", "NUMBER_TYPE_MAX", "int value should be between 0 and 6000.")
    if high is not None and not 1 <= high <= 6000:
        form.add(f"{path}.max_length", "NUMBER_TYPE_MAX", "int value should be between 1 and 6000.")


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
        elif kind in {4, 10} and (isinstance(value, bool) or not isinstance(value, int | float)):
            form.add(f"{path}.{at}.value", "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')


def _characters(body: Json) -> int:
    total = len(body.get("name") or "") + len(body.get("description") or "")
    for choice in body.get("choices") or ():
        total += len(str(choice.get("name", ""))) + len(str(choice.get("value", "")))
    inner = [option for option in body.get("options") or () if isinstance(option, dict)]
    return total + sum(_characters(option) for option in inner)
