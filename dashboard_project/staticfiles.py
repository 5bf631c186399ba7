"""How static files are named and kept."""

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

_IMPORTED = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["'](\.{1,2}/[^"']+)["']""")


class HashedModules(CompressedManifestStaticFilesStorage):
    """Names every file by its content, also inside the `import` lines of ES modules."""

    support_js_module_import_aggregation = True
    keep_only_hashed_files = True
    keep_intermediate_files = False

    def post_process(
        self, paths: dict[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str, bool]]:
        """Name and compress `paths`, each module after those it imports.

        Django finds the names by repetition, at most five times: too few for a chain of six
        imports, and each takes seconds. In this order the first names are the final ones.
        """
        ordered = {name: paths[name] for name in imported_first(paths)}
        yield from super().post_process(ordered, dry_run=dry_run, **options)

    def compress_files(self, names: set[str]) -> Iterator[tuple[str, str]]:
        """Compress what is new: a name tells the content, so what is compressed stays right."""
        yield from super().compress_files({name for name in names if not self.exists(f"{name}.gz")})


def imported_first(paths: dict[str, Any]) -> list[str]:
    """Return the names in `paths` so that a module comes after every module it imports."""
    done: dict[str, None] = {}  # an ordered set
    for name in paths:
        _visit(name, paths, done, set())
    return list(done)


def _visit(name: str, paths: dict[str, Any], done: dict[str, None], above: set[str]) -> None:
    if name in done or name in above or name not in paths:
        return
    if name.endswith((".js", ".mjs")):
        storage, path = paths[name]
        with storage.open(path) as file:
            text = file.read().decode(errors="replace")
        for other in _IMPORTED.findall(text):
            imported = posixpath.normpath(posixpath.join(posixpath.dirname(name), other))
            _visit(imported, paths, done, above | {name})
    done[name] = None
