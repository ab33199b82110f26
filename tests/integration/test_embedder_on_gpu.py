"""The embedder on a GPU that torch finds; where there is none, nothing here can be told."""

import random
from pathlib import Path

import numpy as np
import pytest

from worker.embedder import SentenceTransformerEmbedder, open_embedder

TEXTS = ["mise run lint", "Let me run the tests.", "return nil\n}", "עברית 😀 {}", "word " * 500, "x", ""]


@pytest.fixture(autouse=True)
def gpu() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("sentence_transformers")
    if not torch.cuda.is_available():
        pytest.skip("torch finds no GPU")


def test_auto_takes_it_in_half_precision(tmp_path: Path) -> None:
    """Which every GPU of the last years has at full speed; float32 is there for whoever asks."""
    chosen = open_embedder(conversions=tmp_path)
    assert isinstance(chosen, SentenceTransformerEmbedder)
    assert (chosen.device, chosen.precision) == ("cuda", "float16")
    assert open_embedder(conversions=tmp_path, precision="float32").precision == "float32"


def test_vectors_are_those_of_a_processor() -> None:
    """In float32 to the fourth decimal; in float16 no cosine that matters is another."""
    there = SentenceTransformerEmbedder(device="cpu", precision="float32").embed(TEXTS)
    exact = SentenceTransformerEmbedder(device="cuda", precision="float32").embed(TEXTS)
    half = SentenceTransformerEmbedder(device="cuda", precision="float16").embed(TEXTS)
    np.testing.assert_allclose(exact, there, atol=1e-4)
    assert np.abs(half @ half.T - there @ there.T).max() < 0.01


@pytest.mark.parametrize("batch_tokens", [None, 64])
def test_vectors_depend_on_the_set_of_texts_alone(batch_tokens: int | None) -> None:
    """Bit for bit, as on a processor."""
    embedder = SentenceTransformerEmbedder(device="cuda", batch_tokens=batch_tokens)
    texts = [f"{'so ' * (n % 30)} sentence number {n}" for n in range(200)]
    first = dict(zip(texts, embedder.embed(texts), strict=True))
    embedder.embed(TEXTS)
    shuffled = random.Random(3).sample(texts, len(texts))
    for text, row in zip(shuffled, embedder.embed(shuffled), strict=True):
        np.testing.assert_array_equal(row, first[text])
