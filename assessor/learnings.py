"""A rule as a learning, in the form that the store imports."""

from assessor.rules.catalogue import Rule
from assessor.rules.units import PieceKind
from worker.domain import Learning, LearningCategory

#: characters; the store refuses longer texts
_MAX_TEXT = 20_000
_TITLE = 80


def learning_of(rule: Rule, *, now: int) -> Learning:
    """`now` (microseconds): another wording is an edit of that moment."""
    place = rule.places[0] if rule.places else None
    above = " › ".join(place.headings) if place else ""
    first_line = rule.text.partition("\n")[0]
    return Learning(
        learning_id=rule.learning_id,
        category=LearningCategory.HARNESS_KNOWLEDGE
        if rule.kind is PieceKind.DESCRIPTION
        else LearningCategory.PREFERENCE,
        description=f"{above}: {first_line[:_TITLE]}" if above else first_line[:_TITLE],
        insight=rule.text[:_MAX_TEXT],
        scope="Global" if rule.scope == "user" else {"Project": rule.scope.removeprefix("project:")},
        created_at=rule.since,
        updated_at=now,
        source={"files": [place.path for place in rule.places], "kind": str(rule.kind), "epoch": rule.epoch},
    )
