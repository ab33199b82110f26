"""Docstrings stand alone: an editor shows them without the function above."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).parents[2]
#: words that point at something the reader does not see
_LEANING = re.compile(r"(The same|As|Its|Of|Those|With|That|And)\b")


def _docstrings() -> Iterator[tuple[str, str]]:
    """(place, text) of every docstring that ships."""
    folders = ("assessor", "bridge", "dashboard", "worker")
    listed = subprocess.run(["git", "ls-files", "-z", *folders], cwd=_ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.split("\0"):
        if name.endswith(".py") and (_ROOT / name).is_file():
            for node in ast.walk(ast.parse((_ROOT / name).read_text())):
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{name}:{getattr(node, 'lineno', 1)}", ast.get_docstring(node) or ""


def test_no_docstring_leans_on_the_one_above() -> None:
    """None begins as if something had been said before."""
    found = list(_docstrings())
    assert len(found) > 1000
    assert [f"{place}: {text.splitlines()[0]}" for place, text in found if _LEANING.match(text)] == []
