"""A file's name tells its content, so that browsers may keep it for ever."""

import re
from pathlib import Path

from django.core.files.storage import FileSystemStorage

from dashboard_project.staticfiles import HashedModules, imported_first


def sources(folder: Path, files: dict[str, str]) -> dict[str, tuple[FileSystemStorage, str]]:
    storage = FileSystemStorage(location=folder)
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(text)
    return {name: (storage, name) for name in files}


def chain(length: int) -> dict[str, str]:
    """Modules that import each other in a row: js/m0.js imports js/m1.js, and so on."""
    files = {f"js/m{i}.js": f'import {{ x }} from "./m{i + 1}.js";\n' for i in range(length)}
    return files | {f"js/m{length}.js": "export const x = 1;\n"}


def collect(source: Path, target: Path, files: dict[str, str]) -> HashedModules:
    """As collectstatic does: copy the files, then name them."""
    paths = sources(source, files)
    sources(target, files)
    storage = HashedModules(location=target, base_url="/static/", manifest_storage=None)
    found: list[object] = [what for _, _, what in storage.post_process(paths)]
    assert not [what for what in found if isinstance(what, Exception)]
    return storage


def test_a_module_comes_after_those_it_imports(tmp_path: Path) -> None:
    order = imported_first(sources(tmp_path, chain(12)))
    assert order == [f"js/m{i}.js" for i in range(12, -1, -1)]


def test_modules_that_import_each_other_in_a_circle_are_named_once(tmp_path: Path) -> None:
    files = {"a.js": 'import "./b.js";', "b.js": 'import "./a.js";', "c.css": ""}
    assert sorted(imported_first(sources(tmp_path, files))) == ["a.js", "b.js", "c.css"]


def test_a_long_chain_of_imports_leads_to_files_that_exist(tmp_path: Path) -> None:
    storage = collect(tmp_path / "from", tmp_path / "to", chain(12))
    name = storage.stored_name("js/m0.js")
    for _ in range(12):
        (imported,) = re.findall(r'"\./(.+)"', (tmp_path / "to" / name).read_text())
        name = f"js/{imported}"
    assert (tmp_path / "to" / name).read_text() == "export const x = 1;\n"


def test_a_change_at_the_end_of_a_chain_changes_the_name_of_its_beginning(tmp_path: Path) -> None:
    before = collect(tmp_path / "one", tmp_path / "to", chain(6)).stored_name("js/m0.js")
    changed = chain(6) | {"js/m6.js": "export const x = 2;\n"}
    after = collect(tmp_path / "two", tmp_path / "to", changed).stored_name("js/m0.js")
    assert before != after
    assert (tmp_path / "to" / before).exists()  # for a page that was loaded before
