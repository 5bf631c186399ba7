"""What Discord accepts as the name and description of a command or option."""

import re
from typing import Any

from botworker.emulator.errors import InvalidForm

Json = dict[str, Any]

NAME = re.compile(r"^[-_'\w\u0900-\u097F\u0E00-\u0E7F]{1,32}$")
LOCALES = frozenset(
    ("ar", "bg", "cs", "da", "de", "el", "en-GB", "en-US", "es-419", "es-ES", "fi", "fr", "he")
    + ("hi", "hr", "hu", "id", "it", "ja", "ko", "lt", "nl", "no", "pl", "pt-BR", "ro", "ru")
    + ("sv-SE", "th", "tr", "uk", "vi", "zh-CN", "zh-TW")
)


def at(path: str, field: str) -> str:
    """The place of a field below `path`."""
    return f"{path}.{field}" if path else field


def check_name(form: InvalidForm, path: str, body: Json, *, free: bool) -> None:
    """Note what is wrong with a name and its translations; `free` ones may be any text."""
    name = body.get("name")
    names = [("name", name)]
    localized = body.get("name_localizations") or {}
    names += [(f"name_localizations.{locale}", text) for locale, text in localized.items()]
    _locales(form, at(path, "name_localizations"), localized)
    for field, text in names:
        where = at(path, field)
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


def check_description(form: InvalidForm, path: str, body: Json) -> None:
    """Note what is wrong with a description and its translations."""
    texts = [("description", body.get("description"))]
    localized = body.get("description_localizations") or {}
    texts += [(f"description_localizations.{locale}", text) for locale, text in localized.items()]
    _locales(form, at(path, "description_localizations"), localized)
    for field, text in texts:
        where = at(path, field)
        if text is None:
            form.required(where)
        elif not isinstance(text, str):
            form.add(where, "STRING_TYPE_CONVERT", "Could not interpret as string.")
        elif not 1 <= len(text) <= 100:
            form.bad_length(where, 1, 100)


def _locales(form: InvalidForm, path: str, localized: Json) -> None:
    for locale in localized:
        if locale not in LOCALES:
            form.add(at(path, locale), "ENUM_TYPE_COERCE", f'Value "{locale}" is not a locale.')
