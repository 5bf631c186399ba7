"""Components as Discord shows them, finding one on a message, and filling in a form."""

from collections.abc import Callable, Mapping
from typing import Any

Json = dict[str, Any]

TEXT_INPUT = 4
_VALUES: Json = {"min_values": 1, "max_values": 1}
_MEDIA: Json = {"description": None, "spoiler": False}
_ADDED: dict[int, Json] = {
    **dict.fromkeys((3, 5, 6, 7, 8), _VALUES),
    11: _MEDIA,
    13: {"name": None, "size": None, "spoiler": False},
    14: {"divider": True, "spacing": 1},
    17: {"accent_color": None, "spoiler": False},
}
"""What a component of each kind says of itself when its author did not."""


def completed(rows: list[Json], snowflakes: Callable[[], int]) -> list[Json]:
    """A message's components with what Discord adds: ids, what they left unsaid, media."""
    count = 0

    def media(one: Json) -> Json:
        return {"id": str(snowflakes()), "url": one["url"], "proxy_url": one["url"]}

    def complete(component: Json) -> Json:
        nonlocal count
        count += 1
        said = {key: value for key, value in component.items() if value is not None}
        if "options" in said:
            said["options"] = [
                {key: value for key, value in option.items() if value is not None}
                for option in said["options"]
            ]
        made = {**_ADDED.get(component["type"], {}), **said, "id": component.get("id") or count}
        for key, value in said.items():
            if key == "components":
                made[key] = [complete(inner) for inner in value]
            elif key == "accessory":
                made[key] = complete(value)
            elif key in {"media", "file"}:
                made[key] = media(value)
            elif key == "items":
                made[key] = [{**_MEDIA, **item, "media": media(item["media"])} for item in value]
        return made

    return [complete(row) for row in rows]


def find_component(rows: list[Json], custom_id: str) -> Json | None:
    """The component with this custom id, however deep, or None."""
    for component in rows:
        if component.get("custom_id") == custom_id:
            return component
        beside = [component["accessory"]] if "accessory" in component else []
        found = find_component([*component.get("components", []), *beside], custom_id)
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
