"""Every package's `__init__` is its map: it names each file and folder beside it, and nothing that is not there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(
    file.parent
    for package in ("worker", "bridge", "assessor", "dashboard")
    for file in (ROOT / package).rglob("__init__.py")
    if "migrations" not in file.parts
)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_the_map_names_every_file_once(folder: Path) -> None:
    """One line per file or folder, beginning with its name; whatever begins a line of the map exists."""
    docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
    assert docstring, "an empty __init__ is no map"
    named = re.findall(r"^ *([a-z_]+)(?:\.py|/)?  +\S", docstring, re.MULTILINE)
    files = {file.stem for file in folder.glob("*.py")} - {"__init__", "__main__"}
    folders = {child.name for child in folder.iterdir() if any(child.glob("*.py"))}
    assert sorted(named) == sorted(files | folders)
