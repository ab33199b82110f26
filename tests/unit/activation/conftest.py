"""A small honest embedder, so that layer 1 is tested without a model: vectors of words, hashed."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from worker.attribution.bundle import SessionBundle
from worker.attribution.fit_calibration import bare_context
from worker.attribution.prepare import build_bundle
from worker.domain import Learning, LearningCategory
from worker.embedder import VectorCache
from worker.embedder.precision import Precision
from worker.embedder.protocol import Vectors
from worker.formats.transcripts.messages import parse_transcript


class WordEmbedder:
    """Texts that share words are near each other; counts how often it was asked."""

    model = "words@1"
    precision: Precision = "float32"

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.asked.append(tuple(texts))
        rows = np.zeros((len(texts), 128), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                rows[row, zlib.crc32(word.strip(".,:`").encode()) % 127] += 1
            rows[row, 127] = 0.1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def embedder() -> WordEmbedder:
    return WordEmbedder()


@pytest.fixture
def learning() -> Callable[..., Learning]:
    def make(insight: str, learning_id: str = "l1") -> Learning:
        return Learning(learning_id=learning_id, category=LearningCategory.TOOL_USAGE, description="", insight=insight)

    return make


@pytest.fixture
def bundle(embedder: WordEmbedder) -> Callable[..., SessionBundle]:
    """`messages` are (role, content) pairs."""

    def make(messages: Sequence[tuple[str, Any]], learnings: Mapping[str, Learning]) -> SessionBundle:
        transcript = parse_transcript([{"role": role, "content": content} for role, content in messages])
        return build_bundle(
            bare_context("s1"), transcript, learnings, embedder=embedder, learning_vectors=VectorCache(embedder)
        )

    return make
