"""Words that many sessions hold, and how rare a phrase is by them (layer 1's explicit references).

Counted over the sessions that a calibration is fitted to, and part of it: a record depends on session, learning and calibration alone.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: share of the sessions from which on a word is common
LEAST_SHARE = 0.1
#: words that are kept, the most common first
MOST = 800
_LONGEST = 40
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True, slots=True)
class CommonWords:
    #: that were counted
    sessions: int = 0
    #: word in lower case -> sessions that hold it; a word that is missing is rare
    held_by: dict[str, int] = field(default_factory=dict)

    @classmethod
    def count(cls, sessions: Iterable[Iterable[str]]) -> "CommonWords":
        """Each session as the texts of its assistant."""
        held_by: Counter[str] = Counter()
        number = 0
        for texts in sessions:
            number += 1
            held_by.update({word for text in texts for word in words_of(text) if len(word) <= _LONGEST})
        common = {word: count for word, count in held_by.items() if count >= max(2, LEAST_SHARE * number)}
        kept = sorted(common.items(), key=lambda item: (-item[1], item[0]))[:MOST]
        return cls(sessions=number, held_by=dict(kept))

    def rarity(self, phrase: str) -> float:
        """Rarity of its rarest word: from 0 (every session holds it) to 1 (none does, or it is not common); rounded to 6 decimals."""
        return max((self._rarity(word) for word in words_of(phrase)), default=1.0)

    def of(self, texts: Iterable[str]) -> "CommonWords":
        """Only those that occur in the texts."""
        words = {word for text in texts for word in words_of(text)}
        return CommonWords(
            sessions=self.sessions, held_by={word: n for word, n in self.held_by.items() if word in words}
        )

    def _rarity(self, word: str) -> float:
        held = self.held_by.get(word, 0)
        return round(1.0 - math.log1p(held) / math.log1p(max(self.sessions, held)), 6) if held else 1.0

    def to_json(self) -> dict[str, Any]:
        """By the number of sessions, most common first, so that a person can read it."""
        groups: dict[int, list[str]] = {}
        for word, count in sorted(self.held_by.items(), key=lambda item: (-item[1], item[0])):
            groups.setdefault(count, []).append(word)
        return {
            "sessions": self.sessions,
            "held_by": {str(count): " ".join(words) for count, words in groups.items()},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "CommonWords":
        """Nothing where nothing is given; raises `ValueError`, `TypeError` or `AttributeError` for what is none."""
        held_by = {word: int(count) for count, words in value.get("held_by", {}).items() for word in words.split()}
        if any(count < 1 for count in held_by.values()):
            raise ValueError("a common word is held by at least one session")
        return cls(sessions=int(value.get("sessions", 0)), held_by=held_by)


def words_of(text: str) -> list[str]:
    return _WORD.findall(text.lower())
