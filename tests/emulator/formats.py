"""Discord's published formats, taken from npm development packages.

`discord-api-spec` holds the HTTP API and `discord-api-types` the gateway, both as TypeScript;
`ts-json-schema-generator` turns what `formats.ts` names into JSON Schema. Read more loosely in
four ways: bit fields are any integer, keys may be added, what must be absent may be null, and the
texts "code" of field errors are texts, as Discord documents them elsewhere and sends them.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("discord-api-spec", "discord-api-types", "ts-json-schema-generator")
_BIT_FIELD = re.compile(r"Flags|Permissions")


def missing(node_modules: Path = ROOT / "node_modules") -> list[str]:
    """The packages that are not installed."""
    return [name for name in PACKAGES if not (node_modules / name).is_dir()]


class Formats:
    """Says what is wrong with a body or frame."""

    def __init__(self, folder: Path, node_modules: Path = ROOT / "node_modules") -> None:
        (folder / "node_modules").symlink_to(node_modules)
        shutil.copy(Path(__file__).with_name("formats.ts"), folder)
        self._frames = _Schema(folder, node_modules, "Frames")
        self._rest = _Schema(folder, node_modules, "Rest")

    def faults_of_frame(self, direction: str, frame: Json) -> str | None:
        """What is wrong with a gateway frame that was "sent" or "received" by Discord."""
        name = frame.get("t") or str(frame["op"])
        schema = self._frames.at("Frames", direction, name)
        if schema is None:
            return f"there is no format for {direction} {name}"
        whole = frame if direction == "sent" else {"s": None, "t": None, **frame}
        return self._frames.faults(f"{direction} {name}", schema, whole)

    def faults_of_request(self, method: str, template: str, body: Any) -> str | None:
        """What is wrong with the body of a request."""
        schema = self._rest.at("Rest", template, method.lower(), "requestBody")
        if schema is None:
            return f"there is no {method} {template}"
        return self._rest.faults(f"{method} {template} request", schema, body)

    def faults_of_response(self, method: str, template: str, status: int, body: Any) -> str | None:
        """What is wrong with the body of a response."""
        for known in (str(status), f"{status // 100}XX"):
            schema = self._rest.at("Rest", template, method.lower(), "responses", known)
            if schema is not None:
                return self._rest.faults(f"{method} {template} {status}", schema, body)
        return f"{method} {template} does not answer {status}"


class _Schema:
    """One type of `formats.ts` as JSON Schema."""

    def __init__(self, folder: Path, node_modules: Path, type_: str) -> None:
        made = subprocess.run(
            [
                node_modules / ".bin" / "ts-json-schema-generator",
                *("--path", "formats.ts", "--type", type_, "--no-type-check"),
            ],
            cwd=folder,
            capture_output=True,
            check=True,
            text=True,
        )
        schema = json.loads(made.stdout)
        self._definitions: Json = {
            name: {"type": "integer"} if _is_bit_field(name, one) else _loosened(one)
            for name, one in schema["definitions"].items()
        }
        self._validators: dict[str, Draft7Validator] = {}

    def at(self, type_: str, *path: str) -> Json | None:
        """The schema of a property of a property of `type_`."""
        schema: Json | None = self._definitions[type_]
        for name in path:
            while schema and "$ref" in schema:
                schema = self._definitions[unquote(schema["$ref"]).removeprefix("#/definitions/")]
            schema = schema and schema.get("properties", {}).get(name)
        return schema

    def faults(self, name: str, schema: Json, instance: Any) -> str | None:
        """What is wrong with `instance`, in one line."""
        if name not in self._validators:
            whole = {"allOf": [schema], "definitions": self._definitions}
            self._validators[name] = Draft7Validator(whole)
        error = best_match(self._validators[name].iter_errors(instance))
        if error is None:
            return None
        return f"{name}: {'.'.join(map(str, error.absolute_path))}: {error.message[:300]}"


def _is_bit_field(name: str, schema: Json) -> bool:
    return bool(_BIT_FIELD.search(name)) and schema.get("type") == "number"


def _loosened(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_loosened(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("not") == {}:
        return {"type": "null"}
    return {
        key: _loosened(value)
        for key, value in schema.items()
        if not (key == "additionalProperties" and value is False)
    }
