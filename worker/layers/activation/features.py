"""The evidence of a session for one learning, as numbers.

Per distinct text of the session:
  cosine     with the learning as it stands; what "raw" compares
  meaning    cosine with what the learning asks for, minus how near the text is to rules in general
  wording    cosine of character n-grams with the learning
Per session, from the code that the learning names (0 where it names none):
  commands_run    share of its commands that were run, or written as code, each by its weight
  code_written    the weight of the call, flag, path or convention that it names and that was written; the largest of several
  nothing_found   1 if none of what it names occurs anywhere
  no_command_run  1 if it names commands and none was run

A reference weighs 1 if it holds a rare word, down to 1/2 if all its words are as common as can be (`common_words.py`).

A text that copies the learning is no use of it, whoever wrote it down: it counts nothing.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from worker.common_words import words_of
from worker.domain import Learning
from worker.evidence import ChunkKind, SessionEvidence
from worker.layers.activation.contamination import copied_share
from worker.layers.activation.named_code import CodeKind, NamedCode, named_code

FEATURES = ("meaning", "wording", "commands_run", "code_written", "nothing_found", "no_command_run")

#: how much of a text's nearness to rules in general is taken off
_BACKGROUND = 0.8
#: share of the learning's word triples in one chunk that makes it a copy; looked at where the wording is this near
_COPY = 0.5
_COPY_WORDING = 0.4
_NOTHING = -1.0
#: weight of a reference that is made of the commonest words
_COMMON = 0.5
#: one word alone must be rarer than this
_RARE = 0.5

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LearningFeatures:
    cosine: Floats
    meaning: Floats
    wording: Floats
    commands_run: float
    code_written: float
    nothing_found: float
    no_command_run: float
    #: rows of the texts in which each piece of named code occurs
    found: tuple[tuple[NamedCode, frozenset[int]], ...]

    def session(self) -> dict[str, float]:
        """The calibration's inputs: the session's best texts, not necessarily the same one for both."""
        return {
            "meaning": float(self.meaning.max()),
            "wording": float(self.wording.max()),
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


def learning_features(learning: Learning, evidence: SessionEvidence) -> LearningFeatures:
    """`evidence` must hold at least one text and the learning."""
    place = evidence.learning_ids.index(learning.learning_id)
    actions = evidence.action_vectors[evidence.action_starts[place] : evidence.action_starts[place + 1]]
    texts = _exact(evidence)
    wording = evidence.ngrams.similarities(learning.insight)
    copied = _copies(learning.insight, evidence.texts, wording)
    nearest = (texts @ actions.astype(np.float64).T).max(axis=1)
    rarity = evidence.calibration.common_words.rarity
    found = tuple(
        (_kind_by(rarity(code.text), code), _rows_with(code, evidence.texts)) for code in named_code(learning.insight)
    )
    is_done = (evidence.chunk_kinds == ChunkKind.CODE) | (evidence.chunk_kinds == ChunkKind.COMMAND)
    done = frozenset(evidence.chunk_rows[is_done].tolist())

    def done_weights(kind: CodeKind) -> list[float]:
        """Per code of the kind, its weight where it was done, else 0."""
        return [
            (_COMMON + (1 - _COMMON) * rarity(code.text)) * bool(rows & done)
            for code, rows in found
            if code.kind is kind
        ]

    commands, written = done_weights(CodeKind.COMMAND), done_weights(CodeKind.WRITTEN)
    return LearningFeatures(
        cosine=np.round(texts @ evidence.insight_vectors[place].astype(np.float64), 6),
        meaning=np.where(copied, _NOTHING, np.round(nearest - _BACKGROUND * evidence.background, 6)),
        wording=np.where(copied, 0.0, wording),
        commands_run=round(sum(commands) / len(commands), 6) if commands else 0.0,
        code_written=round(max(written, default=0.0), 6),
        nothing_found=float(bool(found) and not any(rows for _, rows in found)),
        no_command_run=float(bool(commands) and not any(commands)),
        found=found,
    )


def _kind_by(rarity: float, code: NamedCode) -> NamedCode:
    """One common word is never a reference, unless it is the program of a command."""
    is_one_common_word = code.kind is CodeKind.WRITTEN and rarity < _RARE and len(words_of(code.text)) == 1
    return replace(code, kind=CodeKind.MENTIONED) if is_one_common_word else code


def _copies(insight: str, texts: tuple[str, ...], wording: Floats) -> NDArray[np.bool_]:
    copied = np.zeros(len(texts), dtype=bool)
    for row in np.flatnonzero(wording >= _COPY_WORDING).tolist():
        copied[row] = copied_share(insight, texts[row]) >= _COPY
    return copied


def _rows_with(code: NamedCode, texts: tuple[str, ...]) -> frozenset[int]:
    """One search through all texts at once; a match never reaches over two of them by accident of white space."""
    everything, starts = _joined(texts)
    if len(everything) != starts[-1] - 1:  # a few characters change their length in lower case
        return frozenset(row for row, text in enumerate(texts) if code.find(text.lower()))
    rows = []
    match = code.find(everything)
    while match:
        rows.append(bisect_right(starts, match.start()) - 1)
        match = code.find(everything, max(starts[rows[-1] + 1], match.end()))  # one is enough for a text
    return frozenset(rows)


@lru_cache(maxsize=1)
def _exact(evidence: SessionEvidence) -> Floats:
    """The texts' vectors to calculate with; consecutive learnings mostly belong to one session."""
    return evidence.text_vectors.astype(np.float64)


@lru_cache(maxsize=4)
def _joined(texts: tuple[str, ...]) -> tuple[str, list[int]]:
    """All texts in lower case and where each begins; consecutive learnings mostly belong to the same few sessions."""
    return "\0".join(texts).lower(), list(accumulate((len(text) + 1 for text in texts), initial=0))
