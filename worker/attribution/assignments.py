"""Which of a session's learnings were injected and which withheld, and with what chance."""

from collections.abc import Mapping
from dataclasses import dataclass

from worker.domain import Assignment
from worker.formats.heavy_event import HeavyEvent


@dataclass(frozen=True, kw_only=True, slots=True)
class Assigned:
    """Who was injected and who withheld, with what chance, and where two accounts of that differ."""

    assignments: dict[str, Assignment]
    mismatched: frozenset[str]


def settle_assignments(event: HeavyEvent, logged: Mapping[str, Assignment], *, ablation_rate: float) -> Assigned:
    """Where p comes from, in this order (statistics.md 10): the event, our own log, the rate in force at receipt, 0.

    Without a known outcome it is 0: the session stands in no arm.
    What our log withheld belongs to the session though the event may not name it. `ablation_rate` is the one stored with the event.
    """
    withheld = frozenset(event.withheld_learnings or ())
    ours = [
        id_ for id_, assignment in logged.items() if assignment.was_withheld and id_ not in event.expected_learnings
    ]
    default = ablation_rate if event.withheld_learnings is not None else 0.0
    settled, mismatched = {}, set()
    for learning_id in (*event.expected_learnings, *ours):
        known = logged.get(learning_id)
        was_withheld = learning_id in withheld or learning_id in ours
        probability = event.withhold_probabilities.get(learning_id, known.withhold_probability if known else default)
        if known is not None and known.was_withheld != was_withheld:
            mismatched.add(learning_id)
            probability = 0.0
        if event.outcome_for(learning_id) is None:
            probability = 0.0
        settled[learning_id] = Assignment(
            learning_id=learning_id,
            withhold_probability=probability,
            was_withheld=was_withheld,
            epoch=known.epoch if known else None,
        )
    return Assigned(assignments=settled, mismatched=frozenset(mismatched))
