"""What Discord accepts as the components of a message, and of a form."""

from typing import Any

from botworker.emulator.errors import InvalidForm
from botworker.emulator.url_rules import check_url

Json = dict[str, Any]

ROW, BUTTON, STRING_SELECT, CONTAINER = 1, 2, 3, 17
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR = range(9, 15)
SELECTS = {STRING_SELECT, 5, 6, 7, 8}
LINK, PREMIUM = 5, 6
ROW_WIDTH = 5
MAX_ROWS, MAX_COMPONENTS = 5, 40
MAX_VALUES = 25
_CONTENTS = {SECTION, TEXT, GALLERY, FILE, SEPARATOR}
"""What stands for itself in a message of the new kind (IS_COMPONENTS_V2)."""


def check_components(form: InvalidForm, path: str, rows: Any, *, modern: bool) -> None:
    """Note what is wrong with a message's components; `modern` ones may be more than rows."""
    if rows is None:
        return
    if not isinstance(rows, list):
        form.add(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        return
    limit = MAX_COMPONENTS if modern else MAX_ROWS
    if (_count(rows) if modern else len(rows)) > limit:
        form.bad_length(path, 0, limit)
    allowed = {ROW, CONTAINER, *_CONTENTS} if modern else {ROW}
    custom_ids: set[str] = set()
    for at, row in enumerate(rows):
        _block(form, f"{path}.{at}", row, allowed, custom_ids)


def check_custom_id(form: InvalidForm, path: str, component: Json, taken: set[str]) -> None:
    """Note a custom id that is missing, too long, or among those `taken`, which it joins."""
    custom_id = component.get("custom_id")
    if custom_id is None:
        form.required(f"{path}.custom_id")
    elif not 1 <= len(custom_id) <= 100:
        form.bad_length(f"{path}.custom_id", 1, 100)
    elif custom_id in taken:
        form.add(
            f"{path}.custom_id",
            "COMPONENT_CUSTOM_ID_DUPLICATED",
            "Component custom id cannot be duplicated",
        )
    else:
        taken.add(custom_id)


def check_select(form: InvalidForm, path: str, select: Json, taken: set[str]) -> None:
    """Note what is wrong with a select of any kind."""
    check_custom_id(form, path, select, taken)
    form.check_length(f"{path}.placeholder", select.get("placeholder"), 0, 150)
    low, high = select.get("min_values"), select.get("max_values")
    most = 1 if high is None else high
    form.check_range(f"{path}.min_values", low, 0, min(most, MAX_VALUES))
    form.check_range(f"{path}.max_values", high, 1, MAX_VALUES)
    if select.get("type") == STRING_SELECT:
        _options(form, path, select, most)


def _count(components: list[Json]) -> int:
    return sum(1 + _count(component.get("components") or []) for component in components)


def _block(
    form: InvalidForm, path: str, block: Json, allowed: set[int], custom_ids: set[str]
) -> None:
    """Note what is wrong with a part of a message, and with all in it."""
    kind, inner = block.get("type"), block.get("components") or []
    if kind not in allowed:
        wanted = ", ".join(map(str, sorted(allowed)))
        form.add(f"{path}.type", "BASE_TYPE_CHOICES", f"Value must be one of ({wanted},).")
    elif kind == ROW:
        _row(form, path, inner, custom_ids)
    elif kind == CONTAINER:
        if not inner:
            form.required(f"{path}.components")
        for at, one in enumerate(inner):
            _block(form, f"{path}.components.{at}", one, {ROW, *_CONTENTS}, custom_ids)
    elif kind == SECTION:
        form.check_length(f"{path}.components", inner, 1, 3)
        _accessory(form, f"{path}.accessory", block.get("accessory"), custom_ids)
    elif kind == GALLERY:
        items = block.get("items") or []
        form.check_length(f"{path}.items", items, 1, 10)
        for at, item in enumerate(items):
            _media(form, f"{path}.items.{at}.media", item.get("media"))
    elif kind == FILE:
        _media(form, f"{path}.file", block.get("file"))
    elif kind == TEXT and not block.get("content"):
        form.required(f"{path}.content")


def _accessory(form: InvalidForm, path: str, accessory: Json | None, custom_ids: set[str]) -> None:
    """A button or a thumbnail, beside the text of a section."""
    if accessory is None:
        form.required(path)
    elif accessory.get("type") == BUTTON:
        _button(form, path, accessory, custom_ids)
    elif accessory.get("type") == THUMBNAIL:
        _media(form, f"{path}.media", accessory.get("media"))
    else:
        form.add(f"{path}.type", "BASE_TYPE_CHOICES", "Value must be one of (2, 11).")


def _media(form: InvalidForm, path: str, media: Json | None) -> None:
    url = None if media is None else media.get("url")
    if not url:
        form.required(f"{path}.url")
    check_url(form, f"{path}.url", url, schemes=("http", "https", "attachment"))


def _row(form: InvalidForm, path: str, inner: list[Json], custom_ids: set[str]) -> None:
    """Five buttons, or one select, which is as wide as five."""
    form.check_length(f"{path}.components", inner, 1, ROW_WIDTH)
    width = 0
    for at, component in enumerate(inner):
        where, kind = f"{path}.components.{at}", component.get("type")
        width += ROW_WIDTH if kind in SELECTS else 1
        if width > ROW_WIDTH:
            form.add(
                where,
                "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
                "The specified component exceeds the maximum width",
            )
        if kind == BUTTON:
            _button(form, where, component, custom_ids)
        elif kind in SELECTS:
            check_select(form, where, component, custom_ids)
        else:
            sentence = "Value must be one of (2, 3, 5, 6, 7, 8)."
            form.add(f"{where}.type", "BASE_TYPE_CHOICES", sentence)


def _button(form: InvalidForm, path: str, button: Json, custom_ids: set[str]) -> None:
    style, url = button.get("style"), button.get("url")
    if style not in range(1, 7):
        form.add(f"{path}.style", "BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3, 4, 5, 6).")
        return
    if button.get("custom_id") is not None and url is not None:
        for field in ("custom_id", "url"):
            form.add(
                f"{path}.{field}",
                "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
                "A custom id and url cannot both be specified",
            )
    elif style == PREMIUM:
        if button.get("sku_id") is None:
            form.required(f"{path}.sku_id")
    elif style == LINK:
        if not url:
            form.required(f"{path}.url")
        check_url(form, f"{path}.url", url, most=512, schemes=("http", "https", "discord"))
    elif button.get("custom_id") is None:
        sentence = "A custom id is required"
        form.add(f"{path}.custom_id", "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED", sentence)
    else:
        check_custom_id(form, path, button, custom_ids)
    emoji = button.get("emoji")
    if not button.get("label") and emoji is None and style != PREMIUM:
        form.required(f"{path}.label")
    form.check_length(f"{path}.label", button.get("label"), 0, 80)
    _emoji(form, f"{path}.emoji", emoji)


def _options(form: InvalidForm, path: str, select: Json, most: int) -> None:
    options = select.get("options") or []
    where = f"{path}.options"
    form.check_length(where, options, 1, MAX_VALUES)
    if 0 < len(options) < most:
        form.add(where, "BASE_TYPE_MIN_LENGTH", f"Must be {most} or more in length.")
    values: set[str] = set()
    for at, option in enumerate(options):
        for field in ("label", "value"):
            if option.get(field) is None:
                form.required(f"{where}.{at}.{field}")
            form.check_length(f"{where}.{at}.{field}", option.get(field), 1, 100)
        form.check_length(f"{where}.{at}.description", option.get("description"), 0, 100)
        _emoji(form, f"{where}.{at}.emoji", option.get("emoji"))
        if option.get("value") in values:
            form.add(
                f"{where}.{at}",
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                "The specified option value is already used",
            )
        values.add(option.get("value"))
    if sum(bool(option.get("default")) for option in options) > most:
        form.add(
            where,
            "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES",
            "Too many default values were specified",
        )


def _emoji(form: InvalidForm, path: str, emoji: Json | None) -> None:
    """Note an emoji that is none: neither a custom one by id, nor one that Unicode knows."""
    if emoji is not None and emoji.get("id") is None:
        name = emoji.get("name") or ""
        if name.isascii():
            form.add(f"{path}.name", "BUTTON_COMPONENT_INVALID_EMOJI", "Invalid emoji")
