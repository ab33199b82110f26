"""Inject or withhold: the experiment's decision for one session, made by hash and logged once (statistics.md 2, 8; experiments.md 10)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import starmap

from worker.domain import Assignment
from worker.layers.ablation.rates import capped
from worker.layers.protocols import AblationStrategy
from worker.store.cozo.chances import Chance, chance_of, why_excluded
from worker.store.cozo.database import Transaction
from worker.store.cozo.memory import Memory
from worker.store.cozo.row_codec import assignment_of
from worker.store.cozo.rows import AssignmentRow
from worker.store.cozo.sessions import is_forgotten
from worker.store.cozo.workspace import UnitOfWork, Workspace, must_know
from worker.store.shapes.assignments import AssignmentAnswer

INJECT, WITHHOLD, EXCLUDED = "inject", "withhold", "excluded"


def assign(
    workspace: Workspace, session_id: str, learning_ids: list[str], *, conversation_id: str, now: int
) -> list[AssignmentAnswer]:
    """`conversation_id` is what is drawn for: the session that this one goes on from, or itself."""
    with workspace.working(now) as work:
        must_know(work.draft, learning_ids, advice=": import them first (POST /learnings/import)")
        log = AssignmentLog.of(work, session_id)
        assigner = Assigner(
            strategy=workspace.layers.ablation,
            memory=work.draft,
            conversation_id=conversation_id,
            now=now,
            scaled=_scaled(work.draft, learning_ids, most=workspace.parameters.ablation.most_withheld),
        )
        for learning_id in dict.fromkeys(learning_ids):
            if learning_id not in log.rows:
                for row in assigner.rows(session_id, learning_id):
                    log.add(row, assigner.chance(learning_id).unit if row.learning_id == learning_id else "")
        return [_answer(work.draft, log.rows[learning_id]) for learning_id in dict.fromkeys(learning_ids)]


def _scaled(memory: Memory, learning_ids: list[str], *, most: float) -> dict[str, float]:
    """The chances of a session's learnings, no more of which are withheld on average than the share `most`."""
    chances = [chance for id_ in dict.fromkeys(learning_ids) if not (chance := chance_of(memory, id_)).is_excluded]
    scaled = capped([chance.probability for chance in chances], most=most)
    return {chance.unit: p for chance, p in zip(chances, scaled, strict=True)}


def assigned(source: Transaction, session_id: str) -> dict[str, Assignment]:
    """All that was logged for a session."""
    rows = starmap(AssignmentRow, source.read("assignments", session_id=session_id))
    sections = {row[0]: row[1] for row in source.read("sections_of_assignments", session_id=session_id)}
    return {row.learning_id: replace(assignment_of(row), drawn_with=sections.get(row.learning_id, "")) for row in rows}


@dataclass(frozen=True, kw_only=True, slots=True)
class AssignmentLog:
    """One session's lines, and those that this transaction adds; of a forgotten session none is written."""

    transaction: Transaction
    rows: dict[str, AssignmentRow]
    is_forgotten: bool

    @classmethod
    def of(cls, work: UnitOfWork, session_id: str) -> "AssignmentLog":
        rows = starmap(AssignmentRow, work.transaction.read("assignments", session_id=session_id))
        return cls(
            transaction=work.transaction,
            rows={row.learning_id: row for row in rows},
            is_forgotten=is_forgotten(work.transaction, session_id),
        )

    def add(self, row: AssignmentRow, unit: str) -> None:
        """The first line of a learning stays. `unit`: what was drawn; another learning than this one is its section."""
        if row.learning_id in self.rows:
            return
        self.rows[row.learning_id] = row
        if self.is_forgotten:
            return
        self.transaction.write("put_assignment", [row])
        if unit not in {"", row.learning_id} and row.decision != EXCLUDED:
            self.transaction.write("put_assignment_section", [[row.session_id, row.learning_id, unit]])


@dataclass(frozen=True, kw_only=True, slots=True)
class Assigner:
    strategy: AblationStrategy
    memory: Memory
    conversation_id: str
    now: int
    #: by what is drawn, where a session would withhold too many
    scaled: Mapping[str, float] = field(default_factory=dict)

    def rows(self, session_id: str, learning_id: str) -> Iterator[AssignmentRow]:
        """The learning's, and before it that of the section that it is drawn with: the section is in the session as well."""
        chance = self.chance(learning_id)
        if chance.unit != learning_id and not chance.is_excluded:
            yield self._row(session_id, chance.unit, self.chance(chance.unit))
        yield self._row(session_id, learning_id, chance)

    def chance(self, learning_id: str) -> Chance:
        """A learning that is excluded by itself has none, whatever its section's is."""
        found = chance_of(self.memory, learning_id)
        return (
            found if found.is_excluded else found._replace(probability=self.scaled.get(found.unit, found.probability))
        )

    def _row(self, session_id: str, learning_id: str, chance: Chance) -> AssignmentRow:
        withheld = not chance.is_excluded and self.strategy.should_withhold(
            learning_id=chance.unit, session_id=self.conversation_id, probability=chance.probability
        )
        decision = EXCLUDED if chance.is_excluded else WITHHOLD if withheld else INJECT
        return AssignmentRow(
            session_id=session_id,
            learning_id=learning_id,
            withhold_probability=chance.probability,
            was_withheld=withheld,
            epoch=chance.epoch,
            decision=decision,
            reason=why_excluded(self.memory, learning_id) if chance.is_excluded else "",
            assigned_at=self.now,
        )


def _answer(memory: Memory, row: AssignmentRow) -> AssignmentAnswer:
    """The logged answer, unless the learning is excluded by now, or no longer: what was decided since holds at once, and draws nothing."""
    if chance_of(memory, row.learning_id).is_excluded:
        reason = why_excluded(memory, row.learning_id)
        return AssignmentAnswer(learning_id=row.learning_id, decision=EXCLUDED, withhold_probability=0.0, reason=reason)
    if row.decision == EXCLUDED:
        reason = "it was excluded when this session asked first: no arm counts it"
        return AssignmentAnswer(learning_id=row.learning_id, decision=INJECT, withhold_probability=0.0, reason=reason)
    return AssignmentAnswer(
        learning_id=row.learning_id,
        decision=row.decision,
        withhold_probability=row.withhold_probability,
        reason=row.reason,
    )
