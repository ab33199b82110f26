"""What every embedder does before and after its model: each distinct text once, in batches of like length, and rows of length 1."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from worker.embedder.batches import batches
from worker.embedder.protocol import Vectors
from worker.embedder.tokenizing import TextTokenizer


def each_once(texts: Sequence[str], dimension: int, encode: Callable[[list[str]], Vectors]) -> Vectors:
    """A unit row per text, in the order given; `encode` sees the distinct texts, sorted, and gives a row of any length for each."""
    distinct = sorted(set(texts))
    if not distinct:
        return np.zeros((0, dimension), dtype=np.float32)
    rows = encode(distinct)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = rows / np.maximum(lengths, np.float32(1e-12))
    place = {text: row for row, text in enumerate(distinct)}
    chosen: Vectors = unit[[place[text] for text in texts]]
    return chosen


def in_batches(lengths: Sequence[int], most: int, dimension: int, encode: Callable[[list[int]], Vectors]) -> Vectors:
    """A row per length (tokens, as padded); `encode` gives those of the texts at the places of one batch of at most `most` tokens."""
    rows = np.empty((len(lengths), dimension), dtype=np.float32)
    for places in batches(lengths, most):
        rows[places] = encode(places)
    return rows


def encode_tokens(
    texts: Sequence[str],
    tokenizer: TextTokenizer,
    *,
    multiple: int,
    most: int,
    dimension: int,
    infer: Callable[[dict[str, NDArray[np.int64]]], Vectors],
) -> Vectors:
    """A row per text, in the order given; each is read once, and `infer` gets a batch of at most `most` tokens as the model takes it.

    Lengths are padded to a multiple of `multiple` tokens.
    """
    tokens = tokenizer.tokenize(texts)
    lengths = [-(-len(entry.ids) // multiple) * multiple for entry in tokens]

    def together(places: list[int]) -> Vectors:
        return infer(tokenizer.padded([tokens[place] for place in places], max(lengths[place] for place in places)))

    return in_batches(lengths, most, dimension, together)
