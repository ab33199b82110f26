"""Learnings that may go: those with a verdict, never a pinned one; taken out by an edit of the managed file, and put back to the byte."""

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from worker.domain import LearningStatus, LearningValue, Verdict, VerdictKind
from worker.errors import NotFound
from worker.formats.hook_folder import HookFolder
from worker.formats.hook_managed import read_managed
from worker.formats.learnings_file import PLACE, Block, LearningsFile, read_learnings_file
from worker.operations.pruning import may_go, planned, prune, prunings, undo
from worker.store.api import StoreApi


@dataclass
class Values:
    """The one answer of a store that pruning asks for."""

    values: list[LearningValue]

    def learnings(self) -> Any:
        return SimpleNamespace(
            learnings=[
                SimpleNamespace(learning=SimpleNamespace(learning_id=value.learning_id), value=value)
                for value in self.values
            ]
        )


def value(id_: str, kind: VerdictKind, **more: Any) -> LearningValue:
    told = LearningValue(
        learning_id=id_,
        estimated_value=-0.5,
        confidence=0.9,
        session_count=200,
        activation_rate=0.5,
        temporal_value=0.0,
        temporal_confidence=0.0,
        ablation_value=None,
        ablation_confidence=None,
        status=LearningStatus.ACTIVE,
        verdict=Verdict(kind=kind, reason=f"{kind} is proven"),
    )
    return replace(told, **more)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    blocks = [
        Block(kind="learning", id="a", text="- Use a" * 10),
        Block(kind="section", id="s", text="## S"),
        Block(kind="learning", id="b", section="s", text="- Use b"),
        Block(kind="learning", id="c", section="s", text="- Use c"),
        Block(kind="learning", id="d", text="- Use d"),
    ]
    (tmp_path / PLACE).parent.mkdir()
    (tmp_path / PLACE).write_text(str(LearningsFile().with_(blocks)))
    return tmp_path


def ids(root: Path) -> list[str]:
    return list(read_learnings_file(root).learnings)


def test_only_what_has_a_verdict_may_go(root: Path) -> None:
    """A section's verdict is that of its learnings; a pinned one stays, an undecided one too; the surest harm comes first."""
    store = Values(
        [
            value("a", VerdictKind.HARMLESS),
            value("b", VerdictKind.UNDECIDED),
            value("c", VerdictKind.KEEP, pinned=True),
            value("s", VerdictKind.REMOVE),
            value("d", VerdictKind.UNDECIDED),
        ]
    )
    found = may_go(cast("StoreApi", store), root, sessions_per_month=30.0)
    assert [(each.learning_id, each.by, str(each.verdict)) for each in found] == [
        ("b", "s", "remove"),
        ("a", "a", "harmless"),
    ]
    assert (found[1].tokens, found[1].tokens_per_month, found[1].reason) == (18, 540, "harmless is proven")


def test_taken_out_and_put_back(root: Path) -> None:
    """The rest of the file stands as it was, the hook is told, and an undo gives the same bytes."""
    before = (root / PLACE).read_text()
    prune(root, root / ".groove", ["b", "c"], now=1)
    after = (root / PLACE).read_text()
    assert ids(root) == ["a", "d"]
    assert "## S" not in after
    removed = set(before.splitlines()) - set(after.splitlines())
    assert len(before.splitlines()) - len(after.splitlines()) == 9
    assert {line for line in removed if line.startswith("-")} == {"- Use b", "- Use c"}
    managed = read_managed(HookFolder(root / ".groove").managed)
    assert managed is not None
    assert [each.id for each in managed.learnings] == ["a", "d"]
    undo(root, root / ".groove")
    assert (root / PLACE).read_text() == before
    assert prunings(root) == []
    with pytest.raises(NotFound):
        undo(root, root / ".groove")


def test_an_undo_after_edits_puts_back_what_is_missing(root: Path) -> None:
    """In its old place, with its section's words, and keeps the edits; two prunings are undone one by one."""
    prune(root, root / ".groove", ["b", "c"], now=1)
    prune(root, root / ".groove", ["a"], now=2)
    text = (root / PLACE).read_text().replace("- Use d", "- Use d, always").replace("# Learnings", "# Ours")
    (root / PLACE).write_text(text)
    undo(root, root / ".groove", 1)
    assert ids(root) == ["b", "c", "d"]
    undo(root, root / ".groove")
    result = (root / PLACE).read_text()
    assert ids(root) == ["a", "b", "c", "d"]
    assert result.count("## S") == 1
    assert result.index("## S") < result.index("- Use b") < result.index("- Use c")
    assert "- Use d, always" in result
    assert result.startswith("# Ours")


def test_an_unknown_learning_is_refused(root: Path) -> None:
    """And nothing is written."""
    with pytest.raises(NotFound):
        planned(root, ["nobody"])
    with pytest.raises(NotFound):
        prune(root, root / ".groove", ["a", "nobody"], now=1)
    assert ids(root) == ["a", "b", "c", "d"]
    assert prunings(root) == []
