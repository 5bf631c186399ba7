"""Discord's published formats, taken from npm development packages.

`discord-api-spec` holds the HTTP API and `discord-api-types` the gateway, both as TypeScript;
`ts-json-schema-generator` turns what `formats.ts` names into JSON Schema. Read more loosely in
four ways: bit fields are any integer, keys may be added, what must be absent may be null, and the
texts "code" of field errors are texts, as Discord documents them elsewhere and sends them.
"""

import fcntl
import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Hashable
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
    """Says what is wrong with a body or frame. What it makes of the packages it keeps in `kept`."""

    def __init__(self, kept: Path, node_modules: Path = ROOT / "node_modules") -> None:
        self.passed: set[Hashable] = set()
        """What was found right before, for those who need not ask again."""
        with (kept / "lock").open("w") as lock:  # the workers of a run make it once
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._frames = _Schema(kept, node_modules, "Frames")
            self._rest = _Schema(kept, node_modules, "Rest")

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
            return f"there is no {method} {template} with a body"
        return self._rest.faults(f"{method} {template} request", schema, body)

    def faults_of_response(self, method: str, template: str, status: int, body: Any) -> str | None:
        """What is wrong with the body of a response; without a `template`, with that of an error.

        The document does not tell what a server that failed says. Discord says it as other errors.
        """
        name = f"{method} {template} {status}"
        if not template or status >= 500:
            return self._rest.faults(name, {"$ref": "#/definitions/ErrorResponse"}, body)
        for known in (str(status), f"{status // 100}XX"):
            schema = self._rest.at("Rest", template, method.lower(), "responses", known)
            if schema is not None:
                return self._rest.faults(name, schema, body)
        return f"{method} {template} does not answer {status}"


class _Schema:
    """One type of `formats.ts` as JSON Schema."""

    def __init__(self, kept: Path, node_modules: Path, type_: str) -> None:
        schema = _made(kept, node_modules, type_)
        self._definitions: Json = {
            name: {"type": "integer"} if _is_bit_field(name, one) else _loosened(one)
            for name, one in schema["definitions"].items()
        }
        if type_ == "Rest":
            self._definitions["Error"]["properties"]["code"]["type"] = ["number", "string"]
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


def _made(kept: Path, node_modules: Path, type_: str) -> Json:
    """The schema of a type, made again only when the packages or `formats.ts` changed."""
    source = Path(__file__).with_name("formats.ts")
    stands_on = [source, *(node_modules / name / "package.json" for name in PACKAGES)]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in stands_on)).hexdigest()[:16]
    made = kept / f"{type_}-{digest}.json"
    if not made.exists():
        for old in kept.glob(f"{type_}-*.json"):
            old.unlink()
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "node_modules").symlink_to(node_modules)
            shutil.copy(source, folder)
            generated = subprocess.run(
                [
                    node_modules / ".bin" / "ts-json-schema-generator",
                    *("--path", "formats.ts", "--type", type_, "--no-type-check"),
                ],
                cwd=folder,
                capture_output=True,
                check=True,
            )
        part = made.with_suffix(".part")
        part.write_bytes(generated.stdout)
        part.replace(made)
    schema: Json = json.loads(made.read_bytes())
    return schema


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
