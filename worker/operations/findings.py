"""What an examination finds: one line each, and what a person does about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.operations.ids import beginning_among
from worker.operations.wording import counted
from worker.system.clock import HOUR

if TYPE_CHECKING:
    from worker.ledger import Counts
    from worker.store.hooks.agreement import HookAgreement
    from worker.store.shapes.experiments import ExperimentLine, ExperimentOverview, Pair
    from worker.store.shapes.upkeep import OutlookStatus

#: ids named in one finding; `groove show` has the rest
NAMED = 5
#: of the sessions with a hook: with more of them otherwise than recorded, something is broken
_DISAGREEING = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    what: str
    is_well: bool
    detail: str
    #: what a person does about it
    advice: str = ""
    #: worth knowing, and no reason for a bad exit status
    is_note: bool = False


def about_the_ledger(counts: "Counts") -> Iterator[Finding]:
    """What work is there, and what of it needs a person."""
    work = f"{counted(counts.events, 'events')}, {counted(sum(counts.sessions.values()), 'sessions')}"
    yield Finding(what="ledger", is_well=True, detail=work)
    yield _none_of(
        "sessions open for more than an hour",
        counts.overdue,
        "are workers and bridge running? `groove sessions show` tells a session's story",
    )
    yield _none_of(
        "sessions waiting for a transcript",
        counts.sessions.get("waiting", 0),
        "`groove transcripts import SESSION FILE`",
    )
    yield _none_of(
        "learnings failed",
        counts.entries.get("failed", 0),
        "`groove tasks failed` says why, `groove tasks retry --all` tries again",
    )
    yield _none_of("dead letters", counts.dead_letters, "`groove dead-letters list` says why")
    yield _none_of(
        "messages unsent for more than an hour",
        counts.outbox_unsent if counts.outbox_oldest and counts.outbox_oldest < counts.at - HOUR else 0,
        "does the event log answer? the sweeper sends them as soon as it does; the bridge's log tells which it refuses",
    )


def about_the_outlook(of: "OutlookStatus") -> Finding:
    """How much of the outcomes was to be expected from what was known before; models that explain nothing are not used."""
    known = f"{of.sessions_with_background} of {counted(of.sessions, 'sessions')} known as a whole"
    if of.mode == "off":
        detail = f"not taken into account (outlook.mode is off); {known}"
    elif of.explained is None:
        detail = f"too little to tell what was to be expected; {known}"
    elif of.models:
        detail = (
            f"{of.explained:.0%} of the outcomes was to be expected (R²), and experiments compare the rest; {known}"
        )
    else:
        detail = f"nothing explains the outcomes (R² {of.explained:.2f}), so they count as they are; {known}"
    return Finding(what="outlook", is_well=True, detail=detail)


def about_experiments(of: "ExperimentOverview", known: Sequence[str]) -> Iterator[Finding]:
    """The health of all experiments: alarms where something is broken, notes where there is too little to go by.

    `known`: the ids of all learnings, in order; a learning is named by a beginning that no other has.
    """
    yield _alarm(
        "learnings not withheld as assigned",
        _beginnings_of(of.sample_ratio, of.n_mismatched_ratios, known),
        of.n_mismatched_ratios,
        "the injector does not follow `/assignments`: do not trust these experiments",
    )
    yield _alarm(
        "learnings whose withheld sessions saw them all the same",
        _beginnings_of(of.contaminated, of.n_contaminated, known),
        of.n_contaminated,
        "a copy of the text reaches the context another way (a rules file, a hook): take it out there",
    )
    yield _alarm(
        "learnings about which events and our assignments disagree",
        _beginnings_of(of.mismatched, of.n_mismatched, known),
        of.n_mismatched,
        "the assessor must report what was really injected and withheld",
    )
    yield Finding(
        what="learnings that always travel together",
        is_well=True,
        is_note=bool(of.n_pairs),
        detail=_named([_pair(pair, known) for pair in of.pairs[:NAMED]], of.n_pairs),
        advice="observation cannot tell these apart; an experiment can (`groove show` tells the share)",
    )
    if of.n_too_few:
        yield Finding(
            what="learnings with too few eligible sessions for an experiment",
            is_well=True,
            is_note=True,
            detail=_named(_beginnings_of(of.too_few, of.n_too_few, known), of.n_too_few, of=of.n_watched),
            advice="only more sessions help, randomised ones: `groove withhold` assigns them, and the events say so; "
            "`groove values --sort sessions` lists who has how many, `groove show ID` tells how many are needed",
        )


def _beginnings_of(lines: "Sequence[ExperimentLine]", number: int, known: Sequence[str]) -> list[str]:
    return [beginning_among(known, line.learning_id) for line in lines[: min(number, NAMED)]]


def _pair(pair: "Pair", known: Sequence[str]) -> str:
    return f"{beginning_among(known, pair.one)} and {beginning_among(known, pair.other)}"


def about_hooks(agreement: "HookAgreement") -> Iterator[Finding]:
    """Whether assistants' hooks do what they record."""
    total = agreement.agree + agreement.disagreements
    others = "".join(f", {count} {word}" for word, count in agreement.disagree.items())
    yield Finding(
        what="sessions whose transcript shows what the hook recorded",
        is_well=agreement.disagreements <= _DISAGREEING * total,
        is_note=0 < agreement.disagreements <= _DISAGREEING * total,
        detail=f"{agreement.agree}{others}, {agreement.not_imported} not imported yet",
        advice="what the transcript shows counts, so the others take no part: is the assistant's version new, or the hook's?",
    )
    yield Finding(
        what="hooks' records that the store does not take",
        is_well=not agreement.refused,
        detail=str(agreement.refused),
        advice="they contradict the policy that they name: `groove hook install` brings the hook of this release",
    )
    if agreement.waiting or agreement.damaged:
        yield Finding(
            what="hooks' records that wait for the store, and lines that cannot be read",
            is_well=True,
            is_note=True,
            detail=f"{agreement.waiting} and {agreement.damaged}",
            advice="`groove up` or `groove import` hands the first in; the others are of hooks that were killed",
        )


def _none_of(what: str, number: int, advice: str) -> Finding:
    return Finding(what=what, is_well=not number, detail=str(number), advice=advice)


def _alarm(what: str, names: list[str], number: int, advice: str) -> Finding:
    return Finding(what=what, is_well=not number, detail=_named(names, number), advice=advice)


def _named(names: list[str], number: int, *, of: int | None = None) -> str:
    """The first of `number` by their names."""
    more = f" and {number - len(names)} more" if number > len(names) else ""
    share = f"{number}" if of is None else f"{number} of {of}"
    return share + (f": {', '.join(names)}{more}" if names else "")
