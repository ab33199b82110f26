"""All about one learning: verdict, interval over time, both arms, use, trust, sessions, decisions, texts."""

from collections import Counter
from collections.abc import Iterator
from typing import Literal, NamedTuple

from pydantic import Field
from starlette.responses import Response

from dashboard.asked import Asked, Query, part
from dashboard.charts.closing_in import Closing
from dashboard.charts.scale import Scale
from dashboard.pages.page import Page
from dashboard.words import counted, percent
from worker.domain import DecisionKind, Learning
from worker.store.answers import Shown
from worker.store.shapes.learning import Arms, OverTime, RecordSort

A_PAGE, _POINTS, _COLUMNS = 25, 60, 30
#: outcomes of more kinds than this are put together in quarters
_OUTCOMES = 9
_PEOPLES = {
    DecisionKind.ENABLED,
    DecisionKind.DISABLED,
    DecisionKind.PINNED,
    DecisionKind.UNPINNED,
    DecisionKind.TRIED,
    DecisionKind.UNDONE,
}
#: what a picture over time shows of the log
_MARKED = {
    DecisionKind.EDITED: "edited",
    DecisionKind.ENABLED: "enabled",
    DecisionKind.DISABLED: "disabled",
    DecisionKind.DEPRECATED: "withdrawn",
    DecisionKind.REACTIVATED: "back",
    DecisionKind.TRIED: "on trial",
}


class LearningQuery(Query):
    #: sessions of this arm
    arm: Literal["with", "without"] | None = None
    #: only those that used it, or did not
    used: bool | None = None
    sort: RecordSort = RecordSort.USED
    offset: int = Field(default=0, ge=0, le=10_000_000)


class ArmShown(NamedTuple):
    name: str
    sessions: int
    mean: float | None
    used: float | None
    #: (outcome, share of the arm's sessions), ascending
    shares: list[tuple[float, float]]


def show(asked: Asked) -> Response:
    id_, query, store = asked.id_("learning_id"), asked.query(LearningQuery), asked.sources.store
    shown = store.show(id_, recent=0)
    over_time, arms = store.over_time(id_, points=_POINTS), store.arms(id_)
    both = [_arm(arms, was_withheld=False), _arm(arms, was_withheld=True)]
    closing = list(_closing(over_time))
    margin = asked.sources.settings.ablation.verdict_margin
    return asked.page(
        "learning.html",
        groups=sorted(shown.groups, key=lambda group: not group.differs),
        scale=Scale.around((end for group in shown.groups for end in (group.low, group.high)), margin=margin),
        shown=shown,
        query=query,
        records=store.lean_records(
            id_, arm=query.arm, used=query.used, sort=query.sort, offset=query.offset, limit=A_PAGE
        ),
        a_page=A_PAGE,
        closing=closing if len(closing) > 1 else [],
        marks=_marks(over_time),
        margin=margin,
        arms=both,
        most_share=max((share for arm in both for _, share in arm.shares), default=1.0),
        use=_use(over_time),
        checks=list(_checks(shown)),
        texts=store.texts(id_),
        taking_back=_taking_back(shown),
        scope=_scope(shown.learning),
        source=_source(shown.learning),
        tokens=-(-len(shown.learning.insight) // 4),
        part=part,
        active="/learnings",
    )


def _closing(over_time: OverTime) -> Iterator[Closing]:
    sessions = 0
    for point in over_time.points:
        sessions += point.sessions
        if point.result is not None:
            result = point.result
            yield Closing(sessions, result.interval_low, result.interval_high, result.shrunk_value, result.is_complete)


def _marks(over_time: OverTime) -> list[tuple[int, str]]:
    """(sessions until then, what was decided) of what stands, within the time of the records."""
    found = []
    for mark in over_time.marks:
        if mark.kind in _MARKED and not mark.is_undone and over_time.first_at < mark.at:
            sessions = sum(point.sessions for point in over_time.points if point.at <= mark.at)
            found.append((sessions, _MARKED[mark.kind]))
    return found


def _arm(arms: Arms, *, was_withheld: bool) -> ArmShown:
    outcomes = [count for count in arms.outcomes if count.was_withheld is was_withheld]
    sessions = sum(count.records for count in outcomes)
    is_fine = len({count.outcome for count in arms.outcomes}) > _OUTCOMES
    ended: Counter[float] = Counter()
    for count in outcomes:
        ended[round(count.outcome * 4) / 4 if is_fine else count.outcome] += count.records
    return ArmShown(
        name="without" if was_withheld else "with",
        sessions=sessions,
        mean=arms.mean_without if was_withheld else arms.mean_with,
        used=sum(count.used for count in outcomes) / sessions if sessions else None,
        shares=[(outcome, number / sessions) for outcome, number in sorted(ended.items())],
    )


def _use(over_time: OverTime) -> list[tuple[float, str]]:
    """(share of the injected sessions that used it, in words) of each stretch of time that had any, at most `_COLUMNS`."""
    points = [point for point in over_time.points if point.injected]
    size = -(-len(points) // _COLUMNS) or 1
    stretches = [points[start : start + size] for start in range(0, len(points), size)]
    sums = [(sum(point.used for point in stretch), sum(point.injected for point in stretch)) for stretch in stretches]
    return [(used / injected, f"used in {used} of {counted(injected, 'sessions')}") for used, injected in sums]


def _taking_back(shown: Shown) -> dict[int, str]:
    """Lines of its log that can be taken back here, with the button's words: the newest decision that stands, and the newest undo."""
    theirs = [line for line in shown.history if line.kind in _PEOPLES and line.actor != "rule"]
    standing: dict[int, bool] = {}
    for line in reversed(theirs):
        undos = [later.number for later in theirs if later.undoes == line.number]
        standing[line.number] = not any(standing[number] for number in undos)
    decided = [line.number for line in theirs if standing[line.number] and line.kind is not DecisionKind.UNDONE]
    found = {decided[-1]: "Take back"} if decided else {}
    if theirs and theirs[-1].kind is DecisionKind.UNDONE:
        found[theirs[-1].number] = "Redo"
    return found


def _scope(learning: Learning) -> str:
    if isinstance(learning.scope, str):
        return "everywhere" if learning.scope == "Global" else learning.scope
    return ", ".join(f"{kind.lower()} {name}" for kind, name in learning.scope.items())


def _source(learning: Learning) -> str:
    file, line = learning.source.get("file"), learning.source.get("line")
    return f"{file}, line {line}" if file and line else str(file or "")


def _checks(shown: Shown) -> Iterator[tuple[bool, str]]:
    """(whether it is well, a sentence) each."""
    health = shown.health.experiment
    p = health.sample_ratio_p
    if p is not None:
        yield (
            not health.has_sample_ratio_mismatch,
            f"sessions are withheld as assigned (p = {p:.3f})"
            if not health.has_sample_ratio_mismatch
            else f"sessions are not withheld as assigned (p = {p:.1e}): do not trust the experiment",
        )
    yield (
        not health.contaminated_share,
        f"{percent(health.contaminated_share)} of the sessions without it saw its text all the same",
    )
    yield (
        not health.mismatched_share,
        f"event and assignment disagree in {percent(health.mismatched_share)} of its sessions",
    )
    if not shown.health.companions:
        yield True, "it does not always travel with another one"
    for companion in shown.health.companions:
        yield (
            False,
            f"it travels with {companion.learning_id} in {percent(companion.share)}: observation cannot tell the two apart",
        )
    if health.has_too_few:
        yield False, f"{health.eligible_sessions} eligible sessions are too few for a verdict"


PAGES = (Page("/learnings/{learning_id}", show),)
