"""What Discord accepts as an application command."""

from typing import Any

from botworker.emulator.errors import DiscordError, InvalidForm
from botworker.emulator.name_rules import at as place
from botworker.emulator.name_rules import check_description, check_name
from botworker.emulator.option_rules import check_options

Json = dict[str, Any]

CHAT_INPUT, USER, MESSAGE = 1, 2, 3
MAX_COMMANDS = {CHAT_INPUT: 100, USER: 15, MESSAGE: 15}
MAX_CHARACTERS = 8000


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


def _command(form: InvalidForm, path: str, body: Any) -> None:
    if not isinstance(body, dict):
        form.add(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        return
    kind = body.get("type") or CHAT_INPUT
    if kind not in {CHAT_INPUT, USER, MESSAGE, 4}:
        form.add(place(path, "type"), "BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3, 4).")
        return
    check_name(form, path, body, free=kind != CHAT_INPUT)
    if kind == CHAT_INPUT:
        check_description(form, path, body)
    elif body.get("description"):
        form.add(
            place(path, "description"),
            "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_CANNOT_BE_SET",
            "Context menu commands cannot have description",
        )
    permissions = body.get("default_member_permissions")
    if permissions is not None and not str(permissions).isdigit():
        form.add(
            place(path, "default_member_permissions"),
            "NUMBER_TYPE_COERCE",
            f'Value "{permissions}" is not int.',
        )
    for key, allowed in (("contexts", {0, 1, 2}), ("integration_types", {0, 1})):
        values = body.get(key)
        if values is not None and (
            not isinstance(values, list) or not values or not set(values) <= allowed
        ):
            form.add(
                place(path, key), "BASE_TYPE_CHOICES", f"Values must be among {sorted(allowed)}."
            )
    if kind != CHAT_INPUT and body.get("options"):
        form.add(
            place(path, "options"),
            "APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS_CANNOT_BE_SET",
            "Context menu commands cannot have options",
        )
        return
    check_options(form, path, body.get("options"), depth=0)
    if _characters(body) > MAX_CHARACTERS:
        form.add(
            path,
            "APPLICATION_COMMAND_TOO_LARGE",
            f"Command exceeds maximum size ({MAX_CHARACTERS})",
        )


def _characters(body: Json) -> int:
    total = len(body.get("name") or "") + len(body.get("description") or "")
    for choice in body.get("choices") or ():
        total += len(str(choice.get("name", ""))) + len(str(choice.get("value", "")))
    inner = [option for option in body.get("options") or () if isinstance(option, dict)]
    return total + sum(_characters(option) for option in inner)
