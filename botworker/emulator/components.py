"""Finding a component on a message, and filling in a form."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

TEXT_INPUT = 4


def find_component(rows: list[Json], custom_id: str) -> Json | None:
    """The component with this custom id, however deep, or None."""
    for component in rows:
        if component.get("custom_id") == custom_id:
            return component
        found = find_component(component.get("components", []), custom_id)
        if found is not None:
            return found
    return None


def filled(rows: list[Json], values: Mapping[str, str]) -> list[Json]:
    """A form's components as they are sent back, with `values` by custom id."""
    count = 0

    def fill(component: Json) -> Json:
        nonlocal count
        count += 1
        made: Json = {"type": component["type"], "id": component.get("id") or count}
        if component["type"] == TEXT_INPUT:
            custom_id = component["custom_id"]
            written = values.get(custom_id, component.get("value") or "")
            return {**made, "custom_id": custom_id, "value": written}
        if "components" in component:
            made["components"] = [fill(inner) for inner in component["components"]]
        if "component" in component:
            made["component"] = fill(component["component"])
        return made

    return [fill(row) for row in rows]
