"""The evidence of a session for one learning, as numbers.

Per distinct text of the session: `meaning` and `wording`, how near it comes to the learning (`nearness.py`).
Per session, from the code that the learning names (0 where it names none):
  commands_run    share of its commands that were run, or written as code, each by its weight; with other arguments, in part
  code_written    the weight of the call, flag, path or convention that it names and that was written; the largest of several
  nothing_found   1 if none of what it names occurs anywhere
  no_command_run  1 if it names commands and none was run
From the conduct that it asks for (0 where it asks for none that is known):
  conduct_shown    how strongly the session shows it, the mean of several
  conduct_missing  1 if the session shows none of it

A reference weighs 1 if it holds a rare word, down to 1/2 if all its words are as common as can be (`common_words.py`). An example counts
where it is found, and is not missed where it is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from worker.layers.activation.calibration import HISTORY
from worker.layers.activation.common_words import CommonWords, words_of
from worker.layers.activation.conduct_asked import NECESSARY, conduct_asked
from worker.layers.activation.conduct_shown import conduct_shown
from worker.layers.activation.evidence import SessionChunks, SessionEvidence
from worker.layers.activation.named_code import CodeKind, NamedCode, demoted, named_code
from worker.layers.activation.searchable_text import SearchableText, searchable_text

FEATURES = (
    "meaning",
    "wording",
    "commands_run",
    "code_written",
    "nothing_found",
    "no_command_run",
    "conduct_shown",
    "conduct_missing",
)

#: weight of a reference that is made of the commonest words
_COMMON = 0.5
#: one word alone must be rarer than this
_RARE = 0.5
#: what a command's program and subcommands alone are worth: of one word, of more
_PROGRAM_ALONE, _COMMAND_ALONE = 0.5, 0.75

#: facts that belong to the texts in which the code stands
_STANDS = frozenset({"commands_run", "code_written"})

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LearningFeatures:
    #: per text
    meaning: Floats
    wording: Floats
    #: of the texts, the largest
    best_meaning: float
    best_wording: float
    #: `FEATURES` that the session as a whole has, but for these two
    facts: dict[str, float]
    #: rows of the texts in which each piece of named code occurs
    found: tuple[tuple[NamedCode, frozenset[int]], ...]

    def session(self) -> dict[str, float]:
        """The calibration's inputs: the session's best texts, not necessarily the same one for both."""
        return {"meaning": self.best_meaning, "wording": self.best_wording, **self.facts}

    def per_text(self) -> dict[str, Floats]:
        """Features of each text alone: code counts only where it stands."""
        holds_code = np.zeros(len(self.meaning))
        for code, rows in self.found:
            if code.kind is not CodeKind.MENTIONED:
                holds_code[list(rows)] = 1.0
        everywhere = np.ones(len(self.meaning))
        facts = {name: value * (holds_code if name in _STANDS else everywhere) for name, value in self.facts.items()}
        return {"meaning": self.meaning, "wording": self.wording, **facts}


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
        """Features of a learning that the evidence holds."""
        place = self.evidence.learning_ids.index(learning_id)
        searched = searchable_text(self.evidence.chunks)
        named = [
            (code, weight, searched.rows_with(code))
            for code, weight in _weighed(self._insights[place], self.evidence.calibration.common_words)
        ]
        return LearningFeatures(
            meaning=self._meaning[place],
            wording=self._wording[place],
            best_meaning=self._best_meaning[place],
            best_wording=self._best_wording[place],
            facts=_facts(named, searched)
            | _conduct(self._insights[place], self.evidence.chunks)
            | self._history(learning_id),
            found=tuple((code, rows) for code, _, rows in named),
        )

    def _history(self, learning_id: str) -> dict[str, float]:
        shift = self.evidence.calibration.history.get(learning_id)
        return {} if shift is None else {HISTORY: shift}


Named = tuple[NamedCode, float, frozenset[int]]


def _facts(named: list[Named], searched: SearchableText) -> dict[str, float]:
    asked = [each for each in named if not each[0].is_example]
    commands = [weight * _run(code, rows, searched) for code, weight, rows in named if code.kind is CodeKind.COMMAND]
    must_run = [code for code, _, _ in asked if code.kind is CodeKind.COMMAND]
    written = [
        weight
        for code, weight, rows in named
        if (code.kind is CodeKind.WRITTEN and rows & searched.done) or (code.kind is CodeKind.PHRASE and rows)
    ]
    counted = max(1, len(must_run), sum(map(bool, commands)))
    return {
        "commands_run": round(sum(commands) / counted, 6),
        "code_written": round(max(written, default=0.0), 6),
        "nothing_found": float(bool(asked) and not any(rows or searched.mentions(code) for code, _, rows in named)),
        "no_command_run": float(bool(must_run) and searched.has_commands and not any(commands)),
    }


def _conduct(insight: str, chunks: SessionChunks) -> dict[str, float]:
    asked = conduct_asked(insight)
    shown = conduct_shown(chunks) if asked else {}
    known = {kind: shown[kind] for kind in asked if kind in shown}
    telling = [strength for kind, strength in known.items() if kind not in NECESSARY]
    return {
        "conduct_shown": round(sum(telling) / len(telling), 6) if telling else 0.0,
        "conduct_missing": float(bool(known) and not any(known.values())),
    }


def _run(code: NamedCode, rows: frozenset[int], searched: SearchableText) -> float:
    """1 if the command was run as it stands; what its program and subcommands are worth, and its share of arguments, otherwise."""
    done = rows & searched.done
    if not (done and code.arguments):
        return float(bool(done))
    texts = [searched.texts[row].lower() for row in done]
    most = max(sum(argument.find(text) is not None for argument in code.arguments) for text in texts)
    alone = (
        _COMMAND_ALONE
        if " " in code.looks[0].beginning or len(code.text.split()) - len(code.arguments) > 1
        else _PROGRAM_ALONE
    )
    return alone + (1 - alone) * most / len(code.arguments)


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
    return demoted(code) if is_one_common_word else code
