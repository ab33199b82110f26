"""The documentation as a site."""

import re
from pathlib import Path

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

from worker.cli import COMMANDS

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    config = load_config(str(_ROOT / "mkdocs.yml"), site_dir=str(folder))
    try:
        build(config)
    except Abort as refused:
        pytest.fail(f"mkdocs build --strict: {refused}")
    return folder


def test_the_site_has_every_page_and_no_dead_link(site: Path) -> None:
    """MkDocs is strict here: a page outside of the navigation, a link or an anchor to nowhere ends the build."""
    pages = [path for path in (_ROOT / "docs").rglob("*.md") if path.name != "mutants.md"]
    for path in pages:
        name = path.relative_to(_ROOT / "docs").with_suffix("")
        assert (site / ("" if name.name == "index" else name) / "index.html").exists(), path


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("commands", [f"groove {name}" for name in COMMANDS]),
        ("http-api", ["GET /attr/values", "POST /assignments", "LearningValue"]),
        ("events", ["session_id", "withheld_learnings", "outcome_known"]),
        ("metrics", ["groove_log_lag", "groove_layer_seconds", "groove_learnings"]),
    ],
)
def test_the_reference_is_made_from_the_code(site: Path, page: str, told: list[str]) -> None:
    """Every command, endpoint, field and figure that the code has stands on its page."""
    text = (site / "reference" / page / "index.html").read_text()
    assert not [words for words in told if words not in text]


def test_a_page_that_explains_has_at_most_250_lines() -> None:
    """Tables of results by case go to `benchmarks/results`."""
    [pages] = [part["Explanation"] for part in load_config(str(_ROOT / "mkdocs.yml"))["nav"] if "Explanation" in part]
    lines = {page: len((_ROOT / "docs" / page).read_text().splitlines()) for page in pages}
    assert "activation.md" in lines
    assert not {page: count for page, count in lines.items() if count > 250}


def test_the_upgrade_guide_replaces_every_part() -> None:
    """Whatever is built from the project's own image and stays running."""
    stack = (_ROOT / "docker-compose.yml").read_text()
    parts = re.findall(
        r"^  ([a-z-]+):\n    <<: \*(?:light|part)\n(?!    profiles)", stack.partition("\nservices:")[2], re.MULTILINE
    )
    guide = (_ROOT / "docs" / "how-to" / "run-for-a-team.md").read_text()
    [named] = re.findall(r"for service in ([a-z -]+);", guide)
    assert sorted(named.split()) == sorted(parts)
