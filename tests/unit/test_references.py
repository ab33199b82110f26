"""What code and guides point to is there: files in `docs`, numbered sections and named ones."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    file
    for place in ("worker", "bridge", "benchmarks", "examples", "tests", "docs")
    for kind in ("*.py", "*.cozo", "*.md")
    for file in (ROOT / place).rglob(kind)
    if file != Path(__file__)
)
#: a line of a comment goes on in the next one
_BREAK = re.compile(r"\s*\n\s*(?:#:?\s+)?")
_NUMBERED = re.compile(r"(\w+\.md) (\d+(?:(?:, | and | to )\d+)*)\b")
_NAMED = re.compile(r"(\w+\.md), \*([^*]+)\*")


def read(file: Path) -> str:
    return _BREAK.sub(" ", file.read_text(encoding="utf-8"))


def headings(document: str) -> list[str]:
    return re.findall(r"^#+ (.*)$", (ROOT / "docs" / document).read_text(encoding="utf-8"), re.MULTILINE)


def numbers_in(text: str) -> set[int]:
    """From `2, 6 to 8` the numbers 2, 6, 7 and 8."""
    spans = [span.split(" to ") for span in re.split(r", | and ", text)]
    return {number for span in spans for number in range(int(span[0]), int(span[-1]) + 1)}


def dangling(text: str) -> list[str]:
    """References to sections that are not there."""
    missing = []
    for document, sections in _NUMBERED.findall(text):
        there = {int(heading.partition(".")[0]) for heading in headings(document) if re.match(r"\d+\. ", heading)}
        missing += [f"{document} {number}" for number in sorted(numbers_in(sections) - there)]
    return missing + [
        f"{document}, {name}" for document, name in _NAMED.findall(text) if name not in headings(document)
    ]


def test_every_reference_has_its_section() -> None:
    """By number or by name; the mathematics is referred to by most of the layers' files."""
    missing = {str(file.relative_to(ROOT)): found for file in SOURCES if (found := dangling(read(file)))}
    assert missing == {}
    layers = [file for file in SOURCES if file.is_relative_to(ROOT / "worker" / "layers")]
    assert sum(bool(_NUMBERED.search(read(file))) for file in layers) > 10


@pytest.mark.parametrize("text", ["statistics.md 2 and 99", "experiments.md 16 to 17", "activation.md, *Nowhere*"])
def test_a_dangling_reference_is_found(text: str) -> None:
    """Also at the end of a list or a range, and of a section by its name."""
    assert len(dangling(text)) == 1


def test_no_reference_leaves_the_repository() -> None:
    """A specification that a reader cannot open explains nothing."""
    outside = re.compile(r"\bspec\.md\b|\([^()]*\b[Ss]pecification, \*")
    assert [str(file.relative_to(ROOT)) for file in SOURCES if outside.search(read(file))] == []


def test_guides_that_are_named_exist() -> None:
    """`docs/….md`, wherever code or a guide mentions it; what tests make up is no guide."""
    ours = [file for file in SOURCES if not file.is_relative_to(ROOT / "tests")]
    named = {name for file in ours for name in re.findall(r"\bdocs/(\w+\.md)", file.read_text(encoding="utf-8"))}
    assert {name for name in named if not (ROOT / "docs" / name).exists()} == set()
