"""All experiments together: how many are how far, which cannot be trusted, and whose verdict comes next."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from worker.domain import LearningStatus, LearningValue, VerdictKind
from worker.store.cozo.experiments import looked_at
from worker.store.cozo.memory import Memory
from worker.store.cozo.totals import Totals
from worker.store.cozo.views.learnings import sessions_per_day
from worker.store.cozo.workspace import Workspace
from worker.store.shapes.experiments import Day, ExperimentLine, ExperimentOverview, Pair, Stage
from worker.system.clock import DAY

_DAYS = 30
_OUT = (LearningStatus.DISABLED, LearningStatus.DEPRECATED)


def experiments(workspace: Workspace, *, limit: int) -> ExperimentOverview:
    with workspace.reading() as memory:
        snapshot = memory.snapshot()
    lines = [
        _remembered(workspace, workspace.valuer.latest(snapshot, learning_id), snapshot.totals_of(learning_id))
        for learning_id in sorted(snapshot.histories)
    ]
    pairs = _pairs(workspace, snapshot, [line.learning_id for line in lines if line.stage is not Stage.OUT])
    return told(lines, pairs, _days(workspace), rate=workspace.parameters.ablation.rate_in_force, limit=limit)


def told(
    lines: Sequence[ExperimentLine], pairs: Sequence[Pair], days: tuple[Day, ...], *, rate: float, limit: int
) -> ExperimentOverview:
    """What is told of these; the rate above which a learning is withheld more often than others."""
    live = [line for line in lines if line.stage is not Stage.OUT]
    return ExperimentOverview(
        coverage=dict(Counter(line.stage for line in lines)),
        days=days,
        n_watched=sum(line.sessions > 0 for line in live),
        n_tested=sum(line.sample_ratio_p is not None for line in live),
        n_suspects=sum(_above(line, rate) is not None for line in live),
        n_mismatched_ratios=sum(line.has_sample_ratio_mismatch for line in live),
        n_contaminated=sum(line.is_contaminated for line in live),
        n_mismatched=sum(line.mismatched_share > 0 for line in live),
        n_too_few=sum(line.has_too_few and line.sessions > 0 for line in live),
        too_few=_first(live, limit, lambda line: -line.sessions or None if line.has_too_few else None),
        sample_ratio=_first(live, limit, lambda line: line.sample_ratio_p),
        contaminated=_first(live, limit, lambda line: -line.contaminated_share or None),
        mismatched=_first(live, limit, lambda line: -line.mismatched_share or None),
        suspects=_first(live, limit, lambda line: _above(line, rate)),
        forecasts=_first(live, limit, lambda line: line.days_needed),
        pairs=tuple(pairs[:limit]),
        n_pairs=len(pairs),
    )


def _remembered(workspace: Workspace, value: LearningValue, totals: Totals) -> ExperimentLine:
    return workspace.experiment_lines.of(value.learning_id, (value, totals), lambda: _line(workspace, value, totals))


def _line(workspace: Workspace, value: LearningValue, totals: Totals) -> ExperimentLine:
    health = workspace.health_of(value.learning_id, totals)
    per_day = sessions_per_day(totals)
    needed = value.verdict.sessions_needed
    return ExperimentLine(
        learning_id=value.learning_id,
        stage=_stage(value),
        sessions_with=value.sessions_with,
        sessions_without=value.sessions_without,
        next_withhold_probability=value.next_withhold_probability,
        sample_ratio_p=health.sample_ratio_p,
        has_sample_ratio_mismatch=health.has_sample_ratio_mismatch,
        contaminated_share=health.contaminated_share,
        mismatched_share=health.mismatched_share,
        is_contaminated=health.is_contaminated,
        sessions=totals.sums.n_records,
        has_too_few=health.has_too_few,
        sessions_needed=needed,
        sessions_per_day=per_day,
        days_needed=needed / per_day if needed and per_day else None,
    )


def _stage(value: LearningValue) -> Stage:
    if value.status in _OUT:
        return Stage.OUT
    if value.verdict.kind is not VerdictKind.UNDECIDED:
        return Stage.SETTLED
    if value.experiment:
        return Stage.COMPLETE
    return Stage.RUNNING if value.sessions_with or value.sessions_without else Stage.NONE


def _first(
    lines: Iterable[ExperimentLine], limit: int, key: Callable[[ExperimentLine], float | None]
) -> tuple[ExperimentLine, ...]:
    """The smallest of those that have the key."""
    found: list[tuple[Any, ExperimentLine]] = [(rank, line) for line in lines if (rank := key(line)) is not None]
    return tuple(line for _, line in sorted(found, key=lambda pair: (pair[0], pair[1].learning_id))[:limit])


def _above(line: ExperimentLine, rate: float) -> float | None:
    return -line.next_withhold_probability if line.next_withhold_probability > rate else None


def _pairs(workspace: Workspace, memory: Memory, learning_ids: Sequence[str]) -> list[Pair]:
    """Each pair once."""
    looked = looked_at(memory, {learning_id: memory.totals_of(learning_id) for learning_id in learning_ids})
    companions = workspace.beside.companions_of(looked, memory.totals)
    found = {
        (min(one, other.learning_id), max(one, other.learning_id)): other.share
        for one, others in companions.items()
        for other in others
    }
    pairs = (Pair(one=one, other=other, share=share) for (one, other), share in found.items())
    return sorted(pairs, key=lambda pair: (-pair.share, pair.one, pair.other))


def _days(workspace: Workspace) -> tuple[Day, ...]:
    """The newest session may be long ago: days are counted from it, not from today."""
    [[newest]] = workspace.database.read("newest_session_at")
    if newest is None:
        return ()
    first = newest // DAY - _DAYS + 1
    rows = workspace.database.read("sessions_by_day", day=DAY, since=first * DAY)
    counted = sorted((int(number), int(sessions)) for number, sessions in rows)
    return tuple(Day(start=number * DAY, sessions=sessions) for number, sessions in counted)
