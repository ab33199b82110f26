"""The second look with real LiteLLM against a server on this machine that speaks OpenAI's chat protocol."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from fixtures.language_models import Provider

from worker.attribution.bundle import SessionBundle
from worker.attribution.fit_calibration import bare_context
from worker.attribution.judge_memory import JudgeMemory
from worker.attribution.prepare import build_bundle
from worker.attribution.second_look import SecondLook
from worker.domain import Activation, Learning, LearningCategory
from worker.embedder import Embedder, VectorCache
from worker.formats.transcripts.messages import parse_transcript
from worker.language_model import LanguageModel
from worker.layers.activation.calibration import SecondLookWeights
from worker.layers.activation.detector import HybridDetector
from worker.resources import Resources
from worker.settings import Settings
from worker.settings.layers import ActivationParameters

#: the library loads slowly on a busy machine
pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(find_spec("litellm") is None, reason="needs LiteLLM, which only the project may import"),
]
SESSION = ["I will add the flag to the parser.", "Let me check it.\n[tool:Bash] mise run lint", "Fine weather today."]
INSIGHTS = {
    "maybe": "Add each flag to the parser when an option is asked for",
    "run": "Linting: always run `mise run lint` before committing changes",
    "utc": "Store timestamps in UTC and write migrations",
    "quiet": "Never push to main",
}
#: as the question numbers them: the learnings' order in the evidence
ORDER = sorted(INSIGHTS)
DAY = date(2026, 1, 20)


def answers(**said: bool | None) -> str:
    return json.dumps({"answers": [{"rule": ORDER.index(name) + 1, "followed": told} for name, told in said.items()]})


@pytest.fixture
def looking(provider: Provider, tmp_path: Path) -> Callable[..., SecondLook]:
    def make(**options: Any) -> SecondLook:
        parameters = ActivationParameters(**{"judge_from": 0.0, **options})
        return SecondLook(
            LanguageModel("openai/local"), parameters, JudgeMemory(tmp_path / "judge.sqlite"), lambda: DAY
        )

    return make


@pytest.fixture
def prepared(embedder: Embedder) -> Callable[..., SessionBundle]:
    def prepare(second_look: SecondLook | None, said: list[str] = SESSION) -> SessionBundle:
        learnings = {
            name: Learning(learning_id=name, category=LearningCategory.TOOL_USAGE, description="", insight=insight)
            for name, insight in INSIGHTS.items()
        }
        return build_bundle(
            bare_context("s1"),
            parse_transcript([{"role": "assistant", "content": content} for content in said]),
            learnings,
            embedder=embedder,
            learning_vectors=VectorCache(embedder),
            second_look=second_look,
        )

    return prepare


def seen(session: SessionBundle, learning_id: str) -> Activation:
    return HybridDetector().detect(learning_id, session.insights, session.evidence)


def verdicts(session: SessionBundle) -> dict[str, float | None]:
    return {name: session.evidence.second_look_at(name) for name in ORDER}


Looking = Callable[..., SecondLook]
Prepared = Callable[..., SessionBundle]


def test_one_request_a_session_moves_what_is_in_doubt(provider: Provider, looking: Looking, prepared: Prepared) -> None:
    """By its weight in log odds; the verdict stands among the features, the model's name behind the embedder's, the bytes carry both."""
    provider.content = answers(maybe=True, run=False, quiet=None)
    plain, looked = prepared(None), prepared(looking())
    assert verdicts(looked) == {"maybe": 1.0, "run": -1.0, "quiet": 0.0, "utc": None}
    assert (plain.model, looked.model) == ("words@1", "words@1 + litellm:openai/local")
    again = SessionBundle.from_bytes(looked.to_bytes())
    for name, verdict in verdicts(looked).items():
        before, after = seen(plain, name), seen(again, name)
        if verdict is None:
            assert after == before
        else:
            assert after.features["second_look"] == verdict
            weights = again.evidence.calibration.second_look
            assert after.confidence == weights.probability(before.confidence, verdict)
    (asked,) = provider.asked
    question = asked["messages"][1]["content"]
    assert all(insight in question for insight in INSIGHTS.values())
    assert "- I will add the flag to the parser." in question


def test_the_same_content_is_asked_about_once(provider: Provider, looking: Looking, prepared: Prepared) -> None:
    """Another process has the answer from the file; another session's content is another question."""
    provider.content = answers(maybe=True)
    first = prepared(looking())
    assert verdicts(prepared(looking())) == verdicts(first)
    assert len(provider.asked) == 1
    prepared(looking(), ["Something else is said."])
    assert len(provider.asked) == 2


def test_only_what_is_likely_enough_or_cannot_be_told_is_asked_about(
    provider: Provider, looking: Looking, prepared: Prepared
) -> None:
    """From probability 1 on only the learnings that leave no trace; a session without a word is not asked about."""
    provider.content = json.dumps({"answers": [{"rule": 1, "followed": True}, {"rule": 2, "followed": False}]})
    assert verdicts(prepared(looking(judge_from=1.0))) == {"maybe": 1.0, "run": None, "utc": None, "quiet": -1.0}
    assert "Never push" in provider.asked[0]["messages"][1]["content"]
    assert "always run" not in provider.asked[0]["messages"][1]["content"]
    prepared(looking(), [""])
    assert len(provider.asked) == 1


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (500, ""),
        (200, "They were followed."),
        (200, '{"answers": [{"rule": 9, "followed": true}]}'),
        (200, '{"answers": [{"rule": 1, "followed": true}, {"rule": 1, "followed": false}]}'),
        (200, '{"answers": [{"rule": 1, "followed": "yes"}]}'),
        (200, '{"answers": [{"rule": 1, "followed": true, "sure": 1}]}'),
    ],
)
def test_a_failure_leaves_the_pairs_as_they_were(
    provider: Provider, looking: Looking, prepared: Prepared, status: int, content: str
) -> None:
    """Nothing is guessed from it and nothing kept: the next look asks again."""
    provider.status, provider.content = status, content
    assert set(verdicts(prepared(looking())).values()) == {None}
    provider.status, provider.content = 200, answers(maybe=True)
    assert verdicts(prepared(looking()))["maybe"] == 1.0


def test_a_day_has_its_budget(provider: Provider, looking: Looking, prepared: Prepared, tmp_path: Path) -> None:
    """What a request may cost is taken beforehand and settled by what the provider counts; what is beyond is not asked."""
    provider.content = answers(maybe=True)
    assert set(verdicts(prepared(looking(judge_tokens_per_day=100))).values()) == {None}
    assert provider.asked == []
    assert verdicts(prepared(looking(judge_tokens_per_day=5_000)))["maybe"] == 1.0
    memory = JudgeMemory(tmp_path / "judge.sqlite")
    assert memory.reserve(98, day=DAY, budget=100)  # the provider counted 2
    assert not memory.reserve(1, day=DAY, budget=100)
    assert memory.reserve(1, day=date(2026, 1, 21), budget=100)


def test_a_calibration_can_switch_its_weight(provider: Provider, looking: Looking, prepared: Prepared) -> None:
    """With weight 0 the second look changes no confidence."""
    provider.content = answers(maybe=True, run=False)
    looked, plain = prepared(looking()), prepared(None)
    without = replace(looked.evidence.calibration, second_look=SecondLookWeights(weight=0.0))
    muted = replace(looked, evidence=replace(looked.evidence, calibration=without))
    for name in INSIGHTS:
        assert seen(muted, name).confidence == pytest.approx(seen(plain, name).confidence, abs=2e-6)


def test_off_unless_set(tmp_path: Path) -> None:
    """By setting, and never in raw mode."""
    assert Resources(Settings()).second_look is None
    chosen = ActivationParameters(judge="litellm:openai/local")
    made = Resources(Settings(activation=chosen, data_dir=tmp_path)).second_look
    assert made is not None
    assert made.model == "litellm:openai/local"
    raw = chosen.model_copy(update={"calibration": "raw"})
    assert Resources(Settings(activation=raw, data_dir=tmp_path)).second_look is None
