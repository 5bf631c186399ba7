"""The types of a message's fields, before any rule looks at their values."""

from dataclasses import dataclass, field
from typing import Any

from botworker.emulator.errors import InvalidForm

Json = dict[str, Any]

_STRING = ("STRING_TYPE_CONVERT", "Could not interpret as string.")
_INTEGER = ("NUMBER_TYPE_COERCE", "Value is not int.")
_BOOLEAN = ("BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
_LIST = ("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
_MODEL = ("MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
_SNOWFLAKE = ("NUMBER_TYPE_COERCE", "Value is not snowflake.")


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the fields of an object are; those that are not named may be anything."""

    strings: tuple[str, ...] = ()
    integers: tuple[str, ...] = ()
    booleans: tuple[str, ...] = ()
    snowflakes: tuple[str, ...] = ()
    lists_of_snowflakes: tuple[str, ...] = ()
    lists_of_strings: tuple[str, ...] = ()
    objects: dict[str, "_Shape"] = field(default_factory=dict)
    lists: dict[str, "_Shape"] = field(default_factory=dict)


_MEDIA = _Shape(strings=("url",))
_EMBED = _Shape(
    strings=("title", "type", "description", "url", "timestamp"),
    integers=("color",),
    objects={
        "footer": _Shape(strings=("text", "icon_url")),
        "author": _Shape(strings=("name", "url", "icon_url")),
        "image": _MEDIA,
        "thumbnail": _MEDIA,
        "provider": _Shape(strings=("name", "url")),
    },
    lists={"fields": _Shape(strings=("name", "value"), booleans=("inline",))},
)
_EMOJI = _Shape(strings=("name",), snowflakes=("id",), booleans=("animated",))
_CHOICE = _Shape(
    strings=("label", "value", "description"), booleans=("default",), objects={"emoji": _EMOJI}
)
_COMPONENT = _Shape(
    strings=("custom_id", "label", "url", "placeholder", "description", "content"),
    integers=("type", "style", "min_values", "max_values", "min_length", "max_length", "id"),
    booleans=("disabled", "required"),
    snowflakes=("sku_id",),
    objects={"emoji": _EMOJI, "media": _MEDIA, "file": _MEDIA},
    lists={"options": _CHOICE, "items": _Shape(objects={"media": _MEDIA})},
)
"""It may hold others of its kind: in "components", and as "accessory" or "component"."""
_MESSAGE = _Shape(
    strings=("content", "username"),
    integers=("flags",),
    booleans=("tts",),
    objects={
        "allowed_mentions": _Shape(
            booleans=("replied_user",),
            lists_of_strings=("parse",),
            lists_of_snowflakes=("users", "roles"),
        ),
        "message_reference": _Shape(
            snowflakes=("message_id", "channel_id", "guild_id"), booleans=("fail_if_not_exists",)
        ),
        "poll": _Shape(),
    },
    lists={"embeds": _EMBED, "components": _COMPONENT, "attachments": _Shape()},
)


def check_types(form: InvalidForm, path: str, body: Any) -> None:
    """Note every field of a message whose type is wrong; null is none of them."""
    _check(form, path, body, _MESSAGE)


def check_component_types(form: InvalidForm, path: str, rows: Any) -> None:
    """Note every field of a list of components whose type is wrong."""
    _list(form, path, rows, _COMPONENT)


def _check(form: InvalidForm, path: str, body: Any, shape: _Shape) -> None:
    if not isinstance(body, dict):
        form.add(path, *_MODEL)
        return
    prefix = f"{path}." if path else ""
    _scalars(form, prefix, body, shape)
    own = shape is _COMPONENT
    objects = shape.objects | (dict.fromkeys(("accessory", "component"), shape) if own else {})
    for name, inner in objects.items():
        if body.get(name) is not None:
            _check(form, f"{prefix}{name}", body[name], inner)
    lists = shape.lists | ({"components": shape} if own else {})
    for name, inner in lists.items():
        if body.get(name) is not None:
            _list(form, f"{prefix}{name}", body[name], inner)


def _scalars(form: InvalidForm, prefix: str, body: Json, shape: _Shape) -> None:
    for names, right, fault in (
        (shape.strings, _is_string, _STRING),
        (shape.integers, _is_integer, _INTEGER),
        (shape.booleans, _is_boolean, _BOOLEAN),
        (shape.snowflakes, _is_snowflake, _SNOWFLAKE),
    ):
        for name in names:
            if body.get(name) is not None and not right(body[name]):
                form.add(f"{prefix}{name}", *fault)
    for names, right, fault in (
        (shape.lists_of_snowflakes, _is_snowflake, _SNOWFLAKE),
        (shape.lists_of_strings, _is_string, _STRING),
    ):
        for name in names:
            values = body.get(name)
            if values is not None and not isinstance(values, list):
                form.add(f"{prefix}{name}", *_LIST)
                continue
            for at, value in enumerate(values or ()):
                if not right(value):
                    form.add(f"{prefix}{name}.{at}", *fault)


def _list(form: InvalidForm, path: str, values: Any, shape: _Shape) -> None:
    if not isinstance(values, list):
        form.add(path, *_LIST)
        return
    for at, value in enumerate(values):
        _check(form, f"{path}.{at}", value, shape)


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _is_snowflake(value: Any) -> bool:
    return str(value).isdigit() and len(str(value)) <= 20 and not isinstance(value, bool)
