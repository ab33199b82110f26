"""Similarity by shared characters."""

import math
import random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from worker.layers.activation.ngrams import ngram_similarities, ngram_weights


def cosine(first: str, second: str) -> float:
    a, b = ngram_weights(first), ngram_weights(second)
    return sum(weight * b.get(bucket, 0.0) for bucket, weight in a.items())


def test_weights_have_length_one() -> None:
    """A text is as near to itself as can be; an empty one to nothing."""
    assert cosine("mise run lint", "mise run lint") == pytest.approx(1.0)
    assert ngram_weights("  \n ") == {}


def test_known_weights() -> None:
    """The padded word ` aa ` has two n-grams of 3 and itself as the one of 4 and of 5, so that bucket counts twice."""
    once, twice = 1.0, 1.0 + math.log(2)
    length = math.sqrt(2 * once**2 + twice**2)
    assert sorted(ngram_weights("aa").values()) == pytest.approx(sorted([once / length, once / length, twice / length]))


@example(texts=["02001100000011020000300400120000"], question="02001100011020003004001200")
@given(texts=st.lists(st.text(max_size=40), max_size=6), question=st.text(max_size=40))
def test_the_table_agrees_with_the_plain_cosine(texts: list[str], question: str) -> None:
    """Each text's cosine, but for what weights in 2^15-ths can lose."""
    found = ngram_similarities(texts, [question, "something else"])
    assert found.shape == (2, len(texts))
    expected = [cosine(text, question) for text in texts]
    lost = math.sqrt(len(ngram_weights(question))) * 2**-16 + 1e-6
    np.testing.assert_allclose(found[0] / 1e6, expected, rtol=0, atol=lost)


def test_a_question_gets_the_same_answer_whatever_else_is_asked() -> None:
    """Bit for bit, in any order, also where they are more than are worked out together."""
    words = ["run", "the", "tests", "lint", "build", "deploy", "commit", "branch", "review"]
    chosen = random.Random(2)
    texts = [" ".join(chosen.choices(words, k=6)) for _ in range(1500)]
    questions = [*texts[:7], "nothing like it", ""]
    together = ngram_similarities(texts, questions)
    np.testing.assert_array_equal(together[::-1], ngram_similarities(texts, questions[::-1]))
    np.testing.assert_array_equal(together, [ngram_similarities(texts, [question])[0] for question in questions])
    assert ngram_similarities(texts, []).shape == (0, len(texts))
