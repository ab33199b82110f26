"""What a session's assistant did, cut into chunks, as numbers: enough to judge any of its learnings without a model or a transcript."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from worker.layers.activation.calibration import Calibration, shipped_calibration


class ChunkKind(IntEnum):
    """What a piece of an assistant's message is; the numbers are stored."""

    PROSE = 0
    CODE = 1
    COMMAND = 2
    CALL = 3
    #: lines of a file that is read by people: what stands there is told, neither done nor said to be done
    DOCUMENT = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """A sentence, a command, a few lines of code, or a call with its input."""

    message_idx: int
    kind: ChunkKind
    text: str


def _no_rows() -> NDArray[np.int32]:
    return np.zeros(0, dtype=np.int32)


def _no_table() -> NDArray[np.int32]:
    return np.zeros((0, 0), dtype=np.int32)


def _no_numbers() -> NDArray[np.float32]:
    return np.zeros(0, dtype=np.float32)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SessionChunks:
    """What the assistant wrote and did. A text that occurs twice has one row; `messages`, `rows` and `kinds` are aligned, one a chunk."""

    #: distinct, in order of first occurrence
    texts: tuple[str, ...] = ()
    #: per chunk, in the session's order: its message, its text's row, its ChunkKind
    messages: NDArray[np.int32] = field(default_factory=_no_rows)
    rows: NDArray[np.int32] = field(default_factory=_no_rows)
    kinds: NDArray[np.int32] = field(default_factory=_no_rows)

    @classmethod
    def of(cls, chunks: Sequence[Chunk]) -> Self:
        """In the session's order."""
        row_of: dict[str, int] = {}
        for chunk in chunks:
            row_of.setdefault(chunk.text, len(row_of))
        return cls(
            texts=tuple(row_of),
            messages=np.array([chunk.message_idx for chunk in chunks], dtype=np.int32),
            rows=np.array([row_of[chunk.text] for chunk in chunks], dtype=np.int32),
            kinds=np.array([chunk.kind for chunk in chunks], dtype=np.int32),
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SessionEvidence:
    """A session's chunks and the learnings to be judged by them."""

    chunks: SessionChunks = field(default_factory=SessionChunks)
    learning_ids: tuple[str, ...] = ()
    #: how near each text comes to each learning, in millionths, one row a learning and one column a text (`nearness.py` says what they are)
    cosine: NDArray[np.int32] = field(default_factory=_no_table)
    meaning: NDArray[np.int32] = field(default_factory=_no_table)
    wording: NDArray[np.int32] = field(default_factory=_no_table)
    #: per learning, in log odds: what the second look found; nan or empty where there was none
    second_look: NDArray[np.float32] = field(default_factory=_no_numbers)
    calibration: Calibration = field(default_factory=shipped_calibration)

    def of(self, learning_ids: Collection[str]) -> Self:
        """Evidence for some of its learnings; ids that it does not hold are left out."""
        wanted = frozenset(learning_ids)
        places = [place for place, learning_id in enumerate(self.learning_ids) if learning_id in wanted]
        if len(places) == len(self.learning_ids):
            return self
        return replace(
            self,
            learning_ids=tuple(self.learning_ids[place] for place in places),
            cosine=self.cosine[places],
            meaning=self.meaning[places],
            wording=self.wording[places],
            second_look=self.second_look[places] if len(self.second_look) else self.second_look,
        )

    def second_look_at(self, learning_id: str) -> float | None:
        """None where the first look was sure enough, or the only one."""
        if not len(self.second_look):
            return None
        score = round(float(self.second_look[self.learning_ids.index(learning_id)]), 4)
        return None if math.isnan(score) else score
