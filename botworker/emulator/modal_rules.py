"""What Discord accepts as a form (modal)."""

from typing import Any

from botworker.emulator.component_rules import SELECTS, check_custom_id, check_select
from botworker.emulator.errors import InvalidForm
from botworker.emulator.message_types import check_component_types

Json = dict[str, Any]

ROW, TEXT_INPUT, TEXT, LABEL = 1, 4, 10, 18
MAX_TEXT = 4000


def check_modal(data: Json) -> None:
    """Refuse a form that Discord would refuse, with every fault at its place."""
    form = InvalidForm()
    for field, limit in (("title", 45), ("custom_id", 100)):
        if not isinstance(data.get(field), str) or not data[field]:
            form.required(f"data.{field}")
        elif len(data[field]) > limit:
            form.bad_length(f"data.{field}", 1, limit)
    rows = data.get("components") or []
    check_component_types(form, "data.components", rows)
    form.raise_if_any()
    if not 1 <= len(rows) <= 5:
        form.bad_length("data.components", 1, 5)
    custom_ids: set[str] = set()
    for at, row in enumerate(rows):
        _row(form, f"data.components.{at}", row, custom_ids)
    form.raise_if_any()


def _row(form: InvalidForm, path: str, row: Json, custom_ids: set[str]) -> None:
    """An action row with one text input, or a label with one component, or text."""
    kind = row.get("type")
    if kind not in {ROW, TEXT, LABEL}:
        form.add(f"{path}.type", "BASE_TYPE_CHOICES", "Value must be one of (1, 10, 18).")
    elif kind == ROW:
        inner = row.get("components") or []
        form.check_length(f"{path}.components", inner, 1, 1)
        for at, component in enumerate(inner):
            where = f"{path}.components.{at}"
            if component.get("type") != TEXT_INPUT:
                form.add(f"{where}.type", "BASE_TYPE_CHOICES", "Value must be one of (4,).")
                continue
            if not component.get("label"):
                form.required(f"{where}.label")
            _text_input(form, where, component, custom_ids)
    elif kind == LABEL:
        if not row.get("label"):
            form.required(f"{path}.label")
        form.check_length(f"{path}.label", row.get("label"), 0, 45)
        form.check_length(f"{path}.description", row.get("description"), 1, 100)
        component = row.get("component")
        if component is None:
            form.required(f"{path}.component")
        elif component.get("type") == TEXT_INPUT:
            _text_input(form, f"{path}.component", component, custom_ids)
        elif component.get("type") in SELECTS:
            check_select(form, f"{path}.component", component, custom_ids)


def _text_input(form: InvalidForm, path: str, component: Json, custom_ids: set[str]) -> None:
    check_custom_id(form, path, component, custom_ids)
    form.check_length(f"{path}.label", component.get("label"), 1, 45)
    form.check_length(f"{path}.placeholder", component.get("placeholder"), 0, 100)
    form.check_length(f"{path}.value", component.get("value"), 0, MAX_TEXT)
    low, high = component.get("min_length"), component.get("max_length")
    form.check_range(f"{path}.min_length", low, 0, MAX_TEXT if high is None else high)
    form.check_range(f"{path}.max_length", high, 1, MAX_TEXT)
    if component.get("style") not in {1, 2}:
        form.add(f"{path}.style", "BASE_TYPE_CHOICES", "Value must be one of (1, 2).")
