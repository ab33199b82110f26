"""The second look with a real cross-encoder, small and with weights of chance: what it says means nothing, how it travels does."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fixtures.tiny_models import save_tokenizer

from worker.attribution.bundle import SessionBundle
from worker.attribution.fit_calibration import bare_context
from worker.attribution.prepare import build_bundle
from worker.attribution.second_look import SecondLook
from worker.domain import Activation, Learning, LearningCategory
from worker.embedder import CrossEncoderReader, Embedder, VectorCache
from worker.errors import ConfigurationError
from worker.formats.transcripts.messages import parse_transcript
from worker.layers.activation.calibration import SecondLookWeights
from worker.layers.activation.detector import HybridDetector
from worker.resources import Resources
from worker.settings import Settings
from worker.settings.layers import ActivationParameters

pytest.importorskip("sentence_transformers")
SESSION = ["I will add the flag to the parser.", "Let me check it.\n[tool:Bash] mise run lint", "Fine weather today."]
INSIGHTS = {
    "run": "Linting: always run `mise run lint` before committing changes",
    "maybe": "Add each flag to the parser when an option is asked for",
    "never": "Store timestamps in UTC and write migrations",
}


def save_cross_encoder(folder: Path, *, outputs: int = 1) -> Path:
    from transformers import BertForSequenceClassification

    BertForSequenceClassification(save_tokenizer(folder, num_labels=outputs)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_cross_encoder(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def prepared(embedder: Embedder) -> Callable[..., SessionBundle]:
    def prepare(second_look: SecondLook | None, *learning_ids: str) -> SessionBundle:
        learnings = {
            name: Learning(
                learning_id=name, category=LearningCategory.TOOL_USAGE, description="", insight=INSIGHTS[name]
            )
            for name in learning_ids or INSIGHTS
        }
        return build_bundle(
            bare_context("s1"),
            parse_transcript([{"role": "assistant", "content": content} for content in SESSION]),
            learnings,
            embedder=embedder,
            learning_vectors=VectorCache(embedder),
            second_look=second_look,
        )

    return prepare


def looking(folder: Path, margin: float) -> SecondLook:
    return SecondLook(CrossEncoderReader(str(folder), device="cpu"), ActivationParameters(second_look_margin=margin))


def seen(session: SessionBundle, learning_id: str) -> Activation:
    return HybridDetector().detect(learning_id, session.insights, session.evidence)


def test_reads_texts_in_their_order(folder: Path) -> None:
    """One number a text, whatever stands beside it; the name tells the weights apart."""
    reader = CrossEncoderReader(str(folder), device="cpu")
    scores = reader.read("run lint", ["make lint", "hello", "a word " * 100])
    assert scores.shape == (3,)
    np.testing.assert_allclose(scores[1], reader.read("run lint", ["hello"])[0], atol=1e-5)
    assert len(set(scores.round(4))) == 3
    assert reader.model.startswith("tiny@")


def test_only_what_is_in_doubt_is_read(folder: Path, prepared: Callable[..., SessionBundle]) -> None:
    """Within the margin of the threshold, in both directions; a margin of 1 doubts everything, one of 0 nothing."""
    first = {name: seen(prepared(None), name).confidence for name in INSIGHTS}
    margin = abs(first["maybe"] - 0.75) + 0.001
    for each, doubted in (
        (margin, {n for n in first if abs(first[n] - 0.75) <= margin}),
        (1.0, set(first)),
        (0.0, set()),
    ):
        evidence = prepared(looking(folder, each)).evidence
        assert {name for name in INSIGHTS if evidence.second_look_at(name) is not None} == doubted
    assert abs(first["never"] - 0.75) > 0.25


def test_the_score_moves_the_probability_and_stands_in_the_answer(
    folder: Path, prepared: Callable[..., SessionBundle]
) -> None:
    """In log odds by its weight; the model's name goes with the embedder's, the bytes carry it, other learnings change nothing."""
    plain, looked = prepared(None), prepared(looking(folder, 1.0))
    assert (plain.model, looked.model.partition("@")[0]) == ("words@1", "words")
    assert looked.model.startswith("words@1 + tiny@")
    again = SessionBundle.from_bytes(looked.to_bytes())
    for name in INSIGHTS:
        before, after = seen(plain, name), seen(again, name)
        score = after.features["second_look"]
        assert score == looked.evidence.second_look_at(name)
        assert after.confidence == SecondLookWeights().probability(before.confidence, score)
        assert (after.confidence > before.confidence) == (score > 0)
        assert after == seen(prepared(looking(folder, 1.0), name), name)


def test_a_calibration_can_switch_its_weight(folder: Path, prepared: Callable[..., SessionBundle]) -> None:
    """With weight 0 the second look changes no confidence."""
    looked, plain = prepared(looking(folder, 1.0)), prepared(None)
    without = replace(looked.evidence.calibration, second_look=SecondLookWeights(weight=0.0))
    muted = replace(looked, evidence=replace(looked.evidence, calibration=without))
    for name in INSIGHTS:
        expected = seen(plain, name).confidence
        assert seen(muted, name).confidence == pytest.approx(expected, abs=2e-6)


def test_off_unless_set(folder: Path) -> None:
    """By setting, and never in raw mode."""
    assert Resources(Settings()).second_look is None
    chosen = ActivationParameters(second_look=str(folder))
    made = Resources(Settings(activation=chosen)).second_look
    assert made is not None
    assert made.model.startswith("tiny@")
    raw = chosen.model_copy(update={"calibration": "raw"})
    assert Resources(Settings(activation=raw)).second_look is None


def test_what_cannot_be_used_is_named(tmp_path: Path) -> None:
    """A folder without a model, and a model with more than one output."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match=r"activation\.second_look"):
        CrossEncoderReader(str(tmp_path / "empty"), device="cpu").read("a", ["b"])
    three = save_cross_encoder(tmp_path / "three", outputs=3)
    with pytest.raises(ConfigurationError, match="3 outputs"):
        CrossEncoderReader(str(three), device="cpu").read("a", ["b"])


def test_attribution_workers_stay_without_it() -> None:
    """The reader's and the second look's own modules load no model library."""
    code = (
        "import sys, worker.attribution.second_look, worker.embedder.cross_encoder, worker.resources; "
        "print(sorted({'torch', 'transformers', 'sentence_transformers'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
