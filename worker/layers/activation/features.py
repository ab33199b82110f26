"""The evidence of a session for one learning, as numbers.

Per distinct text of the session: `meaning` and `wording`, how near it comes to the learning (`nearness.py`).
Per session, from the code that the learning names (0 where it names none):
  commands_run    share of its commands that were run, or written as code, each by its weight
  code_written    the weight of the call, flag, path or convention that it names and that was written; the largest of several
  nothing_found   1 if none of what it names occurs anywhere
  no_command_run  1 if it names commands and none was run

A reference weighs 1 if it holds a rare word, down to 1/2 if all its words are as common as can be (`common_words.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from worker.layers.activation.common_words import CommonWords, words_of
from worker.layers.activation.evidence import SessionEvidence
from worker.layers.activation.named_code import CodeKind, NamedCode, named_code
from worker.layers.activation.searchable_text import searchable_text

FEATURES = ("meaning", "wording", "commands_run", "code_written", "nothing_found", "no_command_run")

#: weight of a reference that is made of the commonest words
_COMMON = 0.5
#: one word alone must be rarer than this
_RARE = 0.5

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LearningFeatures:
    #: per text
    meaning: Floats
    wording: Floats
    #: of the texts, the largest
    best_meaning: float
    best_wording: float
    commands_run: float
    code_written: float
    nothing_found: float
    no_command_run: float
    #: rows of the texts in which each piece of named code occurs
    found: tuple[tuple[NamedCode, frozenset[int]], ...]

    def session(self) -> dict[str, float]:
        """The calibration's inputs: the session's best texts, not necessarily the same one for both."""
        return {
            "meaning": self.best_meaning,
            "wording": self.best_wording,
            "commands_run": self.commands_run,
            "code_written": self.code_written,
            "nothing_found": self.nothing_found,
            "no_command_run": self.no_command_run,
        }

    def per_text(self) -> dict[str, Floats]:
        """The same for each text alone: code counts only where it stands."""
        holds_code = np.zeros(len(self.meaning))
        for code, rows in self.found:
            if code.kind is not CodeKind.MENTIONED:
                holds_code[list(rows)] = 1.0
        everywhere = np.ones(len(self.meaning))
        return {
            "meaning": self.meaning,
            "wording": self.wording,
            "commands_run": self.commands_run * holds_code,
            "code_written": self.code_written * holds_code,
            "nothing_found": self.nothing_found * everywhere,
            "no_command_run": self.no_command_run * everywhere,
        }


class SessionFeatures:
    """What can be told of all the evidence's learnings at once, for a fraction of the cost of one by one."""

    def __init__(self, insights: Mapping[str, str], evidence: SessionEvidence) -> None:
        """`evidence` must hold at least one text, `insights` one for each of its learnings."""
        self.evidence = evidence
        self._insights = [insights[learning_id] for learning_id in evidence.learning_ids]
        self._meaning = evidence.meaning / 1e6
        self._wording = evidence.wording / 1e6
        self._best_meaning = self._meaning.max(axis=1).tolist()
        self._best_wording = self._wording.max(axis=1).tolist()

    def of(self, learning_id: str) -> LearningFeatures:
        """Of a learning that the evidence holds."""
        place = self.evidence.learning_ids.index(learning_id)
        searched = searchable_text(self.evidence.chunks)
        found: list[tuple[NamedCode, frozenset[int]]] = []
        #: of each kind, one by one: the weight of what was done, 0 of what was not
        done: dict[CodeKind, list[float]] = {CodeKind.COMMAND: [], CodeKind.WRITTEN: [], CodeKind.MENTIONED: []}
        for code, weight in _weighed(self._insights[place], self.evidence.calibration.common_words):
            rows = searched.rows_with(code)
            found.append((code, rows))
            done[code.kind].append(weight * bool(rows & searched.done))
        commands, written = done[CodeKind.COMMAND], done[CodeKind.WRITTEN]
        return LearningFeatures(
            meaning=self._meaning[place],
            wording=self._wording[place],
            best_meaning=self._best_meaning[place],
            best_wording=self._best_wording[place],
            commands_run=round(sum(commands) / len(commands), 6) if commands else 0.0,
            code_written=round(max(written, default=0.0), 6),
            nothing_found=float(bool(found) and not any(rows for _, rows in found)),
            no_command_run=float(bool(commands) and not any(commands)),
            found=tuple(found),
        )


def _weighed(insight: str, common_words: CommonWords) -> tuple[tuple[NamedCode, float], ...]:
    """The code that it names, each with its weight; worked out once for as long as its words are as common as before."""
    held = tuple(common_words.held_by.get(word, 0) for word in _named_words(insight))
    return _weighed_by(insight, common_words.sessions, held)


@lru_cache(maxsize=4096)
def _weighed_by(insight: str, sessions: int, held: tuple[int, ...]) -> tuple[tuple[NamedCode, float], ...]:
    held_by = {word: count for word, count in zip(_named_words(insight), held, strict=True) if count}
    common_words = CommonWords(sessions=sessions, held_by=held_by)
    rarities = [(code, common_words.rarity(code.text)) for code in named_code(insight)]
    return tuple((_kind_by(rarity, code), _COMMON + (1 - _COMMON) * rarity) for code, rarity in rarities)


@lru_cache(maxsize=4096)
def _named_words(insight: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for code in named_code(insight) for word in words_of(code.text)))


def _kind_by(rarity: float, code: NamedCode) -> NamedCode:
    """One common word is never a reference, unless it is the program of a command."""
    is_one_common_word = code.kind is CodeKind.WRITTEN and rarity < _RARE and len(words_of(code.text)) == 1
    return replace(code, kind=CodeKind.MENTIONED) if is_one_common_word else code
