"""Layer 1 as a whole, on a small embedder of words."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from worker.attribution.bundle import SessionBundle
from worker.domain import EmbeddingSimilarity, ExplicitReference, Learning
from worker.errors import LearningFailed
from worker.layers.activation.common_words import CommonWords
from worker.layers.activation.detector import HybridDetector
from worker.layers.activation.evidence import SessionEvidence
from worker.settings.layers import ActivationParameters

Bundle = Callable[..., SessionBundle]
Make = Callable[..., Learning]
RULE = "Linting: always run `mise run lint` before committing changes"
SESSION = [
    ("user", "please add a flag"),
    ("assistant", "I will add the flag to the parser."),
    ("assistant", "Now let me check it.\n[tool:Bash] mise run lint  # Run the linter"),
    ("assistant", "The weather is fine today, thanks."),
]


def test_a_command_that_was_run_activates(bundle: Bundle, learning: Make) -> None:
    """The message that runs the learning's command is the point, and is quoted."""
    session = bundle(SESSION, {"l1": learning(RULE)})
    answer = HybridDetector().detect("l1", session.insights, session.evidence)
    assert answer.was_activated
    assert answer.points == (2,)
    assert ExplicitReference(pattern="mise run lint", message_idx=2, span="mise run lint") in answer.signals
    assert answer.features["commands_run"] > 0.5


def test_the_best_message_has_the_sessions_confidence(bundle: Bundle, learning: Make) -> None:
    """So that an activated learning has a point whatever the threshold."""
    session = bundle(SESSION, {"l1": learning(RULE), "l2": learning("Write a flag parser test", "l2")})
    for threshold in (0.0, 0.1, 0.3, 0.75, 0.9):
        detector = HybridDetector(ActivationParameters(similarity_threshold=threshold, candidate_floor=0))
        for learning_id in session.insights:
            answer = detector.detect(learning_id, session.insights, session.evidence)
            assert answer.was_activated == (answer.confidence >= threshold) == bool(answer.points)
            similarities = [s for s in (*answer.signals, *answer.candidates) if isinstance(s, EmbeddingSimilarity)]
            assert max(s.score for s in similarities) == answer.confidence


def test_text_that_was_only_read_is_no_use(bundle: Bundle, learning: Make) -> None:
    """The learning standing in a tool result or a user's message activates nothing."""
    session = bundle(
        [("user", RULE), ("assistant", f"Reading the rules.\n[tool_result] {RULE}")], {"l1": learning(RULE)}
    )
    assert not HybridDetector().detect("l1", session.insights, session.evidence).was_activated
    assert session.contaminated == {"l1"}


def test_a_copy_in_the_assistants_words_is_no_use(bundle: Bundle, learning: Make) -> None:
    """Quoting the rule is not following it."""
    text = "Keep every public function documented with a complete example of its use"
    session = bundle(
        [("assistant", f"The guide says this: {text}."), ("assistant", "Hello there.")], {"l1": learning(text)}
    )
    assert HybridDetector().detect("l1", session.insights, session.evidence).confidence < 0.5


def test_other_learnings_of_the_session_change_nothing(bundle: Bundle, learning: Make) -> None:
    """A record depends on the session and the learning alone."""
    alone = bundle(SESSION, {"l1": learning(RULE)})
    among = bundle(SESSION, {f"l{n}": learning(f"Rule {n}: {RULE}" if n > 1 else RULE, f"l{n}") for n in range(1, 9)})
    assert HybridDetector().detect("l1", alone.insights, alone.evidence) == HybridDetector().detect(
        "l1", among.insights, among.evidence
    )


def test_raw_is_the_plain_cosine_and_a_boost(bundle: Bundle, learning: Make) -> None:
    """Best chunk's cosine plus reference_boost where named code was found; a reference alone is not enough."""
    session = bundle(SESSION, {"l1": learning(RULE), "l2": learning("I will add the flag to the parser.", "l2")})
    raw = HybridDetector(ActivationParameters(calibration="raw", similarity_threshold=0.9))
    same = raw.detect("l2", session.insights, session.evidence)
    assert same.confidence == pytest.approx(1.0, abs=1e-3)
    assert (same.points, same.calibration) == ((1,), "raw")
    boosted = raw.detect("l1", session.insights, session.evidence)
    assert boosted.confidence == pytest.approx(boosted.features["cosine"] + 0.15)
    assert not boosted.was_activated
    assert ExplicitReference(pattern="mise run lint", message_idx=2, span="mise run lint") in boosted.candidates


def test_the_calibration_in_force_travels_with_the_bundle(bundle: Bundle, learning: Make) -> None:
    """Its version stands in every answer."""
    session = bundle(SESSION, {"l1": learning(RULE)})
    changed = replace(session.evidence.calibration, version="mine", intercept=-20.0)
    answer = HybridDetector().detect("l1", session.insights, replace(session.evidence, calibration=changed))
    assert (answer.calibration, answer.was_activated) == ("mine", False)


def test_an_unknown_learning_fails_alone(bundle: Bundle, learning: Make) -> None:
    """With a reason that names it."""
    session = bundle(SESSION, {"l1": learning(RULE)})
    with pytest.raises(LearningFailed, match="l7"):
        HybridDetector().detect("l7", session.insights, session.evidence)


def test_odd_texts_are_harmless(bundle: Bundle, learning: Make) -> None:
    """Characters that change their length in lower case, braces and patterns' own signs neither fail nor mislead."""
    odd = 'İstanbul: use `a.b(*)[c]{d}` and "%s" or `\\d+`'
    session = bundle([("assistant", "İİİ and then a.b(x) was called\n[tool:Bash] echo İ")], {"l1": learning(odd)})
    assert 0 <= HybridDetector().detect("l1", session.insights, session.evidence).confidence <= 1


def knowing(session: SessionBundle, **held_by: int) -> SessionEvidence:
    """The session's evidence under a calibration that counted these words in 100 sessions."""
    words = CommonWords(sessions=100, held_by=held_by)
    calibration = replace(session.evidence.calibration, common_words=words)
    return replace(session.evidence, calibration=calibration)


def test_a_reference_weighs_by_its_rarest_word(bundle: Bundle, learning: Make) -> None:
    """1 with a rare word, 1/2 where every session holds all of them; the confidence follows."""
    session = bundle(SESSION, {"l1": learning(RULE)})
    rare = HybridDetector().detect("l1", session.insights, knowing(session, run=100, lint=100))
    common = HybridDetector().detect("l1", session.insights, knowing(session, run=100, lint=100, mise=100))
    assert (rare.features["commands_run"], common.features["commands_run"]) == (1.0, 0.5)
    assert rare.confidence > common.confidence


def test_one_common_word_is_no_reference(bundle: Bundle, learning: Make) -> None:
    """A call or flag of one word that most sessions hold says nothing, in either mode; a rare one does."""
    session = bundle([("assistant", "[tool:Write] a.py\nvalue = print(x)")], {"l1": learning("Call `print()` for it")})
    for mode in ("calibrated", "raw"):
        detector = HybridDetector(ActivationParameters.model_validate({"calibration": mode, "candidate_floor": 0}))
        kinds = [
            {type(signal) for signal in (*answer.signals, *answer.candidates)}
            for answer in (
                detector.detect("l1", session.insights, knowing(session, print=90)),
                detector.detect("l1", session.insights, knowing(session, print=2)),
            )
        ]
        assert kinds == [{EmbeddingSimilarity}, {EmbeddingSimilarity, ExplicitReference}]


def test_raw_knows_neither_references_weight_nor_a_second_look(bundle: Bundle, learning: Make) -> None:
    """It stays the cosine plus the boost, whatever the calibration says."""
    session = bundle(SESSION, {"l1": learning(RULE)})
    evidence = knowing(session, run=100, lint=100, mise=100)
    looked = replace(evidence, second_look=np.array([9.0], dtype=np.float32))
    raw = HybridDetector(ActivationParameters(calibration="raw"))
    answer = raw.detect("l1", session.insights, looked)
    assert answer == raw.detect("l1", session.insights, evidence)
    assert answer.confidence == pytest.approx(answer.features["cosine"] + 0.15)
