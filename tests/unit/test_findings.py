"""What the doctor says about experiments."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from worker.cli.doctor import lines as told
from worker.errors import Unavailable
from worker.layers.ablation.experiment_health import experiment_health
from worker.layers.statistics.sums import Cell, Count, LearningSums
from worker.operations.examining import about_the_room
from worker.operations.findings import Finding, about_experiments
from worker.settings.layers import AblationParameters
from worker.store.cozo.views.overview import told as overview_of
from worker.store.shapes.experiments import ExperimentLine, Pair, Stage


def experiment(name: str, sums: LearningSums, stage: Stage = Stage.RUNNING) -> ExperimentLine:
    health = experiment_health(sums, AblationParameters())
    return ExperimentLine(
        learning_id=name,
        stage=stage,
        sessions_with=sums.n_randomised(was_withheld=False),
        sessions_without=sums.n_randomised(was_withheld=True),
        next_withhold_probability=0.1,
        sample_ratio_p=health.sample_ratio_p,
        has_sample_ratio_mismatch=health.has_sample_ratio_mismatch,
        contaminated_share=health.contaminated_share,
        is_contaminated=health.is_contaminated,
        mismatched_share=health.mismatched_share,
        sessions=sums.n_records,
        has_too_few=health.has_too_few,
        sessions_needed=None,
        sessions_per_day=None,
        days_needed=None,
    )


def found(*lines: ExperimentLine, pairs: Sequence[Pair] = (), limit: int = 5) -> list[Finding]:
    overview = overview_of(lines, pairs, (), rate=0.1, limit=limit)
    return list(about_experiments(overview, sorted(line.learning_id for line in lines)))


def arms(with_: int, without: int, *, n_contaminated: int = 0, n_mismatched: int = 0) -> LearningSums:
    """Randomised sessions at a chance of 10 %, all of them successes."""
    cells = {Cell(False, 100_000, 1000): Count(with_, 0), Cell(True, 100_000, 1000): Count(without, 0)}
    return replace(LearningSums.of_cells(cells), n_contaminated=n_contaminated, n_mismatched=n_mismatched)


def test_a_sound_experiment_raises_nothing() -> None:
    """Withheld as assigned, nothing leaked, enough sessions: every finding is well and none is a note."""
    findings = found(experiment("a", arms(900, 100)))
    assert all(finding.is_well and not finding.is_note for finding in findings)


def test_what_is_broken_is_an_alarm_that_names_the_learnings() -> None:
    """A mismatched ratio, a leaking text and a disagreeing event are BAD, each with the learning and what to do."""
    broken = [
        experiment("ratio", arms(850, 150)),
        experiment("leaks", arms(900, 100, n_contaminated=20)),
        experiment("told otherwise", arms(900, 100, n_mismatched=1)),
    ]
    lines = [lead + line for finding in found(*broken) for lead, line in told(finding)]
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
    few = [experiment("a", arms(30, 3)), experiment("b", arms(30, 3)), experiment("c", arms(0, 0))]
    findings = found(*few, pairs=[Pair(one="a", other="b", share=1.0)])
    assert all(finding.is_well for finding in findings)
    assert [finding.detail for finding in findings if finding.is_note] == ["1: a and b", "2 of 2: a, b"]


def test_of_many_the_first_five_are_named_and_all_are_counted() -> None:
    """The store's answer stays as short whatever goes wrong; who is out of the experiment raises nothing."""
    broken = [experiment(f"l{number}", arms(800 - number, 200)) for number in range(8)]
    ratio, *_ = found(*broken, experiment("gone", arms(800, 200), Stage.OUT))
    assert (ratio.is_well, ratio.detail) == (False, "8: l7, l6, l5, l4, l3 and 3 more")
