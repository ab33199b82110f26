"""Decisions that were made elsewhere, by a policy that was given out: checked against it, then logged like those made here."""

from collections import defaultdict
from dataclasses import dataclass
from typing import TypeGuard

from worker.formats.limits import AHEAD, EARLIEST
from worker.formats.wire import format_timestamp
from worker.layers.ablation.assignment import is_withheld
from worker.store.cozo.assign import EXCLUDED, INJECT, WITHHOLD, AssignmentLog
from worker.store.cozo.chances import Chance
from worker.store.cozo.policies import KnownPolicies, Version
from worker.store.cozo.rows import AssignmentRow
from worker.store.cozo.workspace import UnitOfWork, Workspace
from worker.store.shapes.assignments import MadeDecision, TakenDecision, TakenState


def take_decisions(workspace: Workspace, decisions: list[MadeDecision], *, now: int) -> list[TakenDecision]:
    """In one transaction; each is taken or refused by itself, in the order that they came in."""
    by_session: defaultdict[str, list[int]] = defaultdict(list)
    for place, decision in enumerate(decisions):
        by_session[decision.session_id].append(place)
    taken: dict[int, TakenDecision] = {}
    with workspace.working(now) as work:
        policies = KnownPolicies(work.transaction, (decision.learning_id for decision in decisions))
        for session_id, places in by_session.items():
            log = AssignmentLog.of(work, session_id)
            for place in places:
                taken[place] = _Check(work=work, policies=policies, log=log, made=decisions[place], now=now).take()
    return [taken[place] for place in range(len(decisions))]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Check:
    work: UnitOfWork
    policies: KnownPolicies
    log: AssignmentLog
    made: MadeDecision
    now: int

    def take(self) -> TakenDecision:
        made = self.made
        if self.log.is_forgotten:
            return self._refused("the session was forgotten")
        if made.learning_id not in self.work.draft.histories:
            return self._refused("unknown learning: import it")
        version = self.policies.version(made.policy_version)
        line = self.policies.line(version, made.learning_id) if version else None
        if version is None or line is None:
            said = "says nothing of this learning" if version else "was never given out"
            return self._refused(f"policy {made.policy_version} {said}")
        if (reason := self._contradiction(version, line)) is not None:
            return self._refused(reason)
        row = self._row(version, made.learning_id, line)
        if (known := self.log.rows.get(made.learning_id)) is not None:
            return self._known(known, row)
        if line.unit != made.learning_id and not line.is_excluded:
            self._add_section(version, line)
        self.log.add(row, line.unit)
        return self._answer(TakenState.STORED)

    def _contradiction(self, version: Version, line: Chance) -> str | None:
        made = self.made
        if (reason := _wrong_clock(made.decided_at, self.now)) is not None:
            return reason
        if round(made.withhold_probability, 6) != line.probability:
            return f"policy {version.name} gives it the chance {line.probability:g}, not {made.withhold_probability:g}"
        drawn = self._drawn(version, line)
        if made.decision != drawn:
            return f"policy {version.name} draws {drawn} for this conversation, not {made.decision}"
        return None

    def _drawn(self, version: Version, line: Chance) -> str:
        if line.is_excluded:
            return EXCLUDED
        withheld = is_withheld(
            salt=version.salt,
            learning_id=line.unit,
            session_id=self.made.conversation_id or self.made.session_id,
            probability=line.probability,
        )
        return WITHHOLD if withheld else INJECT

    def _known(self, known: AssignmentRow, row: AssignmentRow) -> TakenDecision:
        if (known.decision, known.withhold_probability) == (row.decision, row.withhold_probability):
            return self._answer(TakenState.KNOWN)
        return self._refused(f"{known.decision} at the chance {known.withhold_probability:g} was assigned before")

    def _add_section(self, version: Version, line: Chance) -> None:
        """The section is in the session as well, with the same draw."""
        section = self.policies.line(version, line.unit)
        if _is_drawn(section) and line.unit in self.work.draft.histories:
            self.log.add(self._row(version, line.unit, section), line.unit)

    def _row(self, version: Version, learning_id: str, line: Chance) -> AssignmentRow:
        decision = self._drawn(version, line)
        return AssignmentRow(
            session_id=self.made.session_id,
            learning_id=learning_id,
            withhold_probability=line.probability,
            was_withheld=decision == WITHHOLD,
            epoch=line.epoch,
            decision=decision,
            reason=f"excluded by policy {version.name}" if line.is_excluded else "",
            assigned_at=self.made.decided_at,
        )

    def _answer(self, state: TakenState, reason: str = "") -> TakenDecision:
        made = self.made
        return TakenDecision(session_id=made.session_id, learning_id=made.learning_id, state=state, reason=reason)

    def _refused(self, reason: str) -> TakenDecision:
        return self._answer(TakenState.REFUSED, reason)


def _is_drawn(section: Chance | None) -> TypeGuard[Chance]:
    return section is not None and not section.is_excluded


def _wrong_clock(decided_at: int, now: int) -> str | None:
    """Why nobody decided then, by the rule for the moments of events; None: somebody may have."""
    told = f"decided_at: {format_timestamp(decided_at)} is"
    if decided_at < EARLIEST:
        return f"{told} before the year 2000: is a clock not set, or is it not in microseconds?"
    if decided_at > max(now, EARLIEST) + AHEAD:  # this clock may not be set either
        return f"{told} more than a day ahead of the store's clock ({format_timestamp(now)})"
    return None
