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
    """Where p comes from, in this order (experiments.md 10): the event, our own log, the rate in force at receipt, 0.

    Without a known outcome it is 0: the session stands in no arm.
    What our log withheld belongs to the session though the event may not name it, and so does a section of which the event names a
    learning. Such a learning was not randomised by itself: its own p is 0, and its section has the draw's.
    `ablation_rate` is the one stored with the event. An event that says that the session took no part goes before our log: what was
    assigned never reached it.
    """
    if event.took_part is False:
        logged, ablation_rate = {}, 0.0
    withheld = frozenset(event.withheld_learnings or ())
    ours = [
        id_ for id_, assignment in logged.items() if assignment.was_withheld and id_ not in event.expected_learnings
    ]
    members = _members(event, logged)
    for section in members:
        if section not in event.expected_learnings and section not in ours:
            ours.append(section)
    default = ablation_rate if event.withheld_learnings is not None else 0.0
    settled, mismatched = {}, set()
    for learning_id in (*event.expected_learnings, *ours):
        known = logged.get(learning_id)
        was_withheld = known.was_withheld if known and learning_id in ours else learning_id in withheld
        probability = event.withhold_probabilities.get(learning_id, known.withhold_probability if known else default)
        if known is not None and (
            known.was_withheld != was_withheld
            or any((id_ in withheld) != known.was_withheld for id_ in members.get(learning_id, ()))
        ):
            mismatched.add(learning_id)
            probability = 0.0
        if event.outcome_for(learning_id) is None or (known is not None and known.drawn_with):
            probability = 0.0
        settled[learning_id] = Assignment(
            learning_id=learning_id,
            withhold_probability=probability,
            was_withheld=was_withheld,
            epoch=known.epoch if known else None,
        )
    return Assigned(assignments=settled, mismatched=frozenset(mismatched))


def _members(event: HeavyEvent, logged: Mapping[str, Assignment]) -> dict[str, list[str]]:
    """Section, as it was logged -> those of its learnings that the event names."""
    found: dict[str, list[str]] = {}
    for learning_id in event.expected_learnings:
        known = logged.get(learning_id)
        if known is not None and known.drawn_with in logged:
            found.setdefault(known.drawn_with, []).append(learning_id)
    return found
