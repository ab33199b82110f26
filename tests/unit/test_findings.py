"""What the doctor says about experiments."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from worker.cli.doctor import lines as told
from worker.errors import Unavailable
from worker.layers.ablation.companions import Companion
from worker.layers.ablation.experiment_health import experiment_health
from worker.layers.statistics.sums import Cell, Count, LearningSums
from worker.operations.examining import about_the_room
from worker.operations.findings import about_experiments
from worker.settings.layers import AblationParameters
from worker.store.protocol import LearningHealth


def health(name: str, sums: LearningSums, *companions: str) -> LearningHealth:
    return LearningHealth(
        learning_id=name,
        experiment=experiment_health(sums, AblationParameters()),
        companions=tuple(Companion(learning_id=other, share=1.0) for other in companions),
    )


def arms(with_: int, without: int, *, n_contaminated: int = 0, n_mismatched: int = 0) -> LearningSums:
    """Randomised sessions at a chance of 10 %, all of them successes."""
    cells = {Cell(False, 100_000, 1000): Count(with_, 0), Cell(True, 100_000, 1000): Count(without, 0)}
    return replace(LearningSums.of_cells(cells), n_contaminated=n_contaminated, n_mismatched=n_mismatched)


def test_a_sound_experiment_raises_nothing() -> None:
    """Withheld as assigned, nothing leaked, enough sessions: every finding is well and none is a note."""
    findings = list(about_experiments([health("a", arms(900, 100))]))
    assert all(finding.is_well and not finding.is_note for finding in findings)


def test_what_is_broken_is_an_alarm_that_names_the_learnings() -> None:
    """A mismatched ratio, a leaking text and a disagreeing event are BAD, each with the learning and what to do."""
    broken = [
        health("ratio", arms(850, 150)),
        health("leaks", arms(900, 100, n_contaminated=20)),
        health("told otherwise", arms(900, 100, n_mismatched=1)),
    ]
    lines = [lead + line for finding in about_experiments(broken) for lead, line in told(finding)]
    bad = [(line, advice) for line, advice in pairwise(lines) if line.startswith("BAD")]
    assert [line.rpartition(": ")[2] for line, _ in bad] == ["ratio", "leaks", "told otherwis"]
    assert all(advice.strip() for _, advice in bad)


def test_a_disk_without_room_is_told(tmp_path: Path) -> None:
    """Also before the data folder is made."""
    folder = tmp_path / "not" / "made"
    assert "MB are free" in about_the_room(folder, least=1)
    with pytest.raises(Unavailable, match="MB are free"):
        about_the_room(folder, least=1 << 60)


def test_what_only_takes_time_is_a_note() -> None:
    """Learnings that travel together and those with few sessions are told without a bad exit status."""
    found = list(about_experiments([health("a", arms(30, 3), "b"), health("b", arms(30, 3), "a")]))
    assert all(finding.is_well for finding in found)
    assert [finding.detail for finding in found if finding.is_note] == ["1: a and b", "2 of 2: a, b"]
