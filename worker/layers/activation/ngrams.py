"""Similarity of texts by the characters they share, without a model: it sees identifiers and commands that embeddings blur.

Character n-grams of 3 to 5 within words (each padded with a space, as scikit-learn's `char_wb`), counts damped to 1 + ln n, hashed to
2^16, cosine. No document frequencies are needed, so nothing has to be stored or kept in step.
"""

import math
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

_BUCKETS = 1 << 16
_SIZES = (3, 4, 5)
_ONE = 1 << 15  # weights are kept as whole parts of this
_NO_ENTRIES = np.zeros((0, 3), dtype=np.int32)
#: similarities that are worked out together: fewer cost more calls, more leave the processor's cache
_CELLS = 1 << 12
_SPACE = re.compile(r"\s+")
#: a "word" of base64 or minified code is cut here
_WORD_LIMIT = 200


@lru_cache(maxsize=1 << 16)
def _word_buckets(word: str) -> tuple[int, ...]:
    """The buckets of a padded word's n-grams; a word shorter than n counts once, whole."""
    padded = f" {word} "
    data = [padded[start : start + size] for size in _SIZES for start in range(max(1, len(padded) - size + 1))]
    return tuple(zlib.crc32(gram.encode()) % _BUCKETS for gram in data)


def ngram_weights(text: str) -> dict[int, float]:
    """Bucket -> weight, of length 1; empty for a text without words."""
    counts = _counts(text)
    weight_of = _weights_by_count(counts)
    return {bucket: weight_of[count] for bucket, count in counts.items()}


def _counts(text: str) -> Counter[int]:
    words = _SPACE.split(text.lower().strip())
    return Counter(chain.from_iterable(_word_buckets(word[:_WORD_LIMIT]) for word in words if word))


def _weights_by_count(counts: Counter[int]) -> dict[int, float]:
    """A weight depends on the count alone, and a text has few different ones."""
    times_of = Counter(counts.values())
    damped = {count: 1.0 + math.log(count) for count in times_of}
    squares = chain.from_iterable(repeat(damped[count] * damped[count], times) for count, times in times_of.items())
    length = math.sqrt(math.fsum(squares))
    return {count: weight / length for count, weight in damped.items()}


@lru_cache(maxsize=1 << 12)
def _question(text: str) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Index form of a learning, which comes back in every session: buckets, ascending, and their weights for the index's whole parts."""
    asked = sorted(ngram_weights(text).items())
    buckets = np.array([bucket for bucket, _ in asked], dtype=np.int32)
    return buckets, np.array([weight / _ONE for _, weight in asked])


def ngram_similarities(texts: Sequence[str], questions: Sequence[str]) -> NDArray[np.int32]:
    """Cosine of each question (a row) with each text (a column), in whole millionths."""
    return _Index.of(texts, questions=questions).similarities(questions)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Index:
    """The weights of many texts by bucket, kept only for the buckets that some question can ask about (column form)."""

    n_texts: int
    #: ascending
    buckets: NDArray[np.int32]
    #: bucket i's entries are `starts[i] : starts[i + 1]` of the next two
    starts: NDArray[np.int32]
    rows: NDArray[np.int32]
    #: as 2^15-ths
    weights: NDArray[np.uint16]

    @classmethod
    def of(cls, texts: Sequence[str], *, questions: Sequence[str]) -> "_Index":
        asked = {bucket for question in questions for bucket in _question(question)[0].tolist()}
        entries = np.concatenate([_entries(row, text, asked) for row, text in enumerate(texts)] or [_NO_ENTRIES])
        entries = entries[np.lexsort((entries[:, 1], entries[:, 0]))]
        buckets, first = np.unique(entries[:, 0], return_index=True)
        return cls(
            n_texts=len(texts),
            buckets=buckets.astype(np.int32),
            starts=np.append(first, len(entries)).astype(np.int32),
            rows=entries[:, 1].copy(),
            weights=entries[:, 2].astype(np.uint16),
        )

    def similarities(self, questions: Sequence[str]) -> NDArray[np.int32]:
        """The questions' buckets must have been asked for."""
        answers = np.zeros((len(questions), self.n_texts), dtype=np.int32)
        together = max(1, _CELLS // max(1, self.n_texts))
        for begin in range(0, len(questions), together):
            answers[begin : begin + together] = self._similarities(questions[begin : begin + together])
        return answers

    def _similarities(self, questions: Sequence[str]) -> NDArray[np.int32]:
        asked = [_question(question) for question in questions]
        wanted = np.concatenate([buckets for buckets, _ in asked])
        weights = np.concatenate([of_buckets for _, of_buckets in asked])
        begins = np.repeat(np.arange(len(asked)) * self.n_texts, [len(buckets) for buckets, _ in asked])
        places = np.searchsorted(self.buckets, wanted)
        known = places < len(self.buckets)
        known[known] = self.buckets[places[known]] == wanted[known]
        first, end = self.starts[places[known]], self.starts[places[known] + 1]
        counts = end - first
        entries = np.arange(counts.sum()) + np.repeat(first - (np.cumsum(counts) - counts), counts)
        # adds up one by one, by ascending bucket: the sums are the same on every machine
        parts = np.repeat(weights[known], counts) * self.weights[entries]
        cells = np.repeat(begins[known], counts) + self.rows[entries]
        sums = np.bincount(cells, weights=parts, minlength=len(asked) * self.n_texts)
        millionths: NDArray[np.int32] = np.rint(sums * 1e6).astype(np.int32)
        return millionths.reshape(len(asked), self.n_texts)


def _entries(row: int, text: str, asked: set[int]) -> NDArray[np.int32]:
    """(bucket, row, weight) of one text's n-grams that are asked for."""
    counts = _counts(text)
    whole_parts = {count: round(weight * _ONE) for count, weight in _weights_by_count(counts).items()}
    kept = [(bucket, row, whole_parts[count]) for bucket, count in counts.items() if bucket in asked]
    return np.array(kept, dtype=np.int32).reshape(-1, 3)
