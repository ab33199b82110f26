"""What a text of a rules file says, in learnings that are known: those whose present wording it holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from assessor.rules.catalogue import Rule, Unit, pieces_of
from assessor.rules.files import Family
from assessor.rules.wording import normalised
from assessor.secrets import scrub


@dataclass(frozen=True, slots=True)
class KnownTexts:
    """An earlier wording of a learning is not its present one: what it did says nothing about that."""

    unit: Unit
    #: (scope, normalised text) -> id
    by_words: dict[tuple[str, str], str]

    @classmethod
    def of(cls, rules: Iterable[Rule], unit: Unit) -> "KnownTexts":
        return cls(unit, {(rule.scope, rule.words): rule.learning_id for rule in rules if rule.unit == unit})

    def said_in(self, text: str, family: Family, scope: str) -> tuple[str, ...]:
        words = _words(text, family, self.unit)
        return tuple(dict.fromkeys(known for each in words if (known := self.by_words.get((scope, each)))))


@lru_cache(maxsize=512)
def _words(text: str, family: Family, unit: Unit) -> tuple[str, ...]:
    """Kept: many sessions ran under the same text."""
    return tuple(normalised(scrub(piece.text)) for piece in pieces_of(text, family, unit) if piece.is_learning)
