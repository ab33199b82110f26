"""Fitting and reading calibrations."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from worker.attribution.fit_calibration import Label, fit
from worker.domain import Learning, Transcript
from worker.embedder import Embedder
from worker.errors import InvalidFile
from worker.formats.transcripts.messages import parse_transcript
from worker.layers.activation.calibration import Calibration, SecondLookWeights, shipped_calibration
from worker.layers.activation.common_words import CommonWords
from worker.layers.activation.features import FEATURES
from worker.layers.activation.fitting import PRIOR, fit_second_look, fit_weights
from worker.layers.activation.history import fit_history
from worker.layers.activation.quality import quality

NOW = datetime(2026, 1, 20, tzinfo=UTC)


def row(**values: float) -> dict[str, float]:
    return dict.fromkeys(FEATURES, 0.0) | values


def test_the_shipped_calibration_knows_its_features_and_where_it_comes_from() -> None:
    """Readable, with provenance, and a weight for each feature."""
    shipped = shipped_calibration()
    assert set(shipped.weights) == set(FEATURES) == set(PRIOR)
    assert shipped.provenance["labels"] > 0
    assert Calibration.from_json(shipped.to_json()) == shipped


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version":"x","intercept":NaN,"weights":{}}',
        '{"version":1,"intercept":"a","weights":{}}',
        '{"version":"x","intercept":0,"weights":{},"second_look":{"slope":1}}',
        '{"version":"x","intercept":0,"weights":{},"common_words":{"sessions":1,"held_by":{"many":"a"}}}',
        '{"version":"x","intercept":0,"weights":{},"common_words":{"sessions":1,"held_by":{"0":"a"}}}',
    ],
)
def test_a_broken_calibration_is_refused(text: str) -> None:
    """With one line, never a traceback of another library."""
    with pytest.raises(InvalidFile):
        Calibration.from_json(text)


def test_few_labels_leave_the_prior_standing() -> None:
    """Labels without a single command say nothing about commands."""
    rows = [row(wording=w) for w in (0.1, 0.2, 0.5, 0.6)]
    _, weights = fit_weights(rows, [False, False, True, True])
    assert weights["commands_run"] == PRIOR["commands_run"][0]
    assert weights["wording"] > 0


def test_the_fit_does_not_depend_on_the_labels_order() -> None:
    """To the digits that are kept."""
    rows = [row(wording=n / 50, meaning=(n * 7 % 50) / 50) for n in range(50)]
    used = [n % 3 == 0 for n in range(50)]
    assert fit_weights(rows, used) == fit_weights(rows[::-1], used[::-1])


def test_the_second_look_is_fitted_where_the_first_one_stays() -> None:
    """Without pairs in doubt its assumption stands; with scores that tell, it weighs more; a score that misleads, less."""
    assert fit_second_look([], [], []) == SecondLookWeights()
    scores, used = [3.0, -3.0] * 20, [True, False] * 20
    telling = fit_second_look([0.6] * 40, scores, used)
    misleading = fit_second_look([0.6] * 40, scores, [not use for use in used])
    assert telling.weight > SecondLookWeights().weight > misleading.weight
    assert telling.probability(0.6, 3.0) > 0.75 > telling.probability(0.6, -3.0)


def test_pairs_that_were_looked_at_once_say_only_how_often_uses_were_labelled() -> None:
    """Half of the labels are uses and a tenth in nature: a verdict tells as much, and the intercept falls by the odds of the two shares."""
    scores: list[float | None] = [1.0, -1.0, None, None] * 200
    used = [True, False, True, False] * 200
    as_labelled, as_in_nature = (fit_second_look([0.5] * 800, scores, used, share) for share in (None, 0.1))
    assert fit_second_look([0.5] * 800, [None] * 800, used, 0.1) == SecondLookWeights()
    assert as_labelled.intercept == pytest.approx(0.0, abs=1e-3)
    assert as_in_nature.intercept < as_labelled.intercept - 0.3


def test_few_verdicts_move_the_weights_before_little() -> None:
    """Those of the calibration in force, which stand where nothing was looked at twice."""
    before = SecondLookWeights(intercept=-1.0, weight=3.0)
    assert fit_second_look([], [], [], before=before) == before
    few = fit_second_look([0.5], [1.0], [False], before=before)
    many = fit_second_look([0.5] * 100, [1.0, -1.0] * 50, [False] * 100, before=before)
    assert before.weight > few.weight > many.weight


def test_quality_on_known_numbers() -> None:
    """Worked by hand: scores .9 .8 .6 .1, of which the first and third are uses, at .75."""
    q = quality([0.9, 0.8, 0.6, 0.1], [True, False, True, False], threshold=0.75)
    assert (q.area, q.precision, q.recall, q.f1) == (0.75, 0.5, 0.5, 0.5)
    assert q.average_precision == pytest.approx((1 + 2 / 3) / 2)
    assert q.calibration_error == pytest.approx((0.1 + 0.8 + 0.4 + 0.1) / 4)


@pytest.fixture
def labelled(learning: Callable[..., Learning]) -> tuple[dict[str, Transcript], dict[str, Learning], list[Label]]:
    learnings = {
        "lint": learning("Always run `make lint` first", "lint"),
        "push": learning("Run `git push` at the end", "push"),
    }
    sessions = {
        f"s{n}": parse_transcript(
            [{"role": "assistant", "content": f"Step {n}.\n[tool:Bash] {'make lint' if n % 2 else 'git push'}"}]
        )
        for n in range(24)
    }
    labels = [
        Label(session_id=f"s{n}", learning_id=name, used=(name == "lint") == bool(n % 2))
        for n in range(24)
        for name in learnings
    ]
    return sessions, learnings, labels


def test_calibrate_reports_a_held_back_part(
    labelled: tuple[dict[str, Transcript], dict[str, Learning], list[Label]], embedder: Embedder
) -> None:
    """Before and after on sessions that the trial fit has not seen; the version names the numbers."""
    sessions, learnings, labels = labelled
    calibration, report = fit(sessions, learnings, labels, embedder, made_at=NOW)
    assert report.sessions == 24
    assert report.after.pairs == report.before.pairs > 0
    assert report.after.area == 1.0
    assert calibration.common_words.held_by["lint"] == 12
    assert Calibration.from_json(calibration.to_json()) == calibration
    assert calibration.provenance["model"] == "words@1"
    again, _ = fit(sessions, learnings, labels[::-1], embedder, made_at=NOW)
    assert (again.version, again.weights) == (calibration.version, calibration.weights)
    assert json.loads(calibration.to_json())["version"] == calibration.version


def test_labels_that_name_nothing_or_are_too_few_are_refused(
    labelled: tuple[dict[str, Transcript], dict[str, Learning], list[Label]], embedder: Embedder
) -> None:
    """One clear line each."""
    sessions, learnings, labels = labelled
    with pytest.raises(InvalidFile, match="label 1"):
        fit(sessions, learnings, [Label(session_id="nowhere", learning_id="lint", used=True)], embedder, made_at=NOW)
    with pytest.raises(InvalidFile, match="at least 10"):
        fit(sessions, learnings, labels[:6], embedder, made_at=NOW)


def test_a_learnings_history_moves_its_own_probability_alone() -> None:
    """Used oftener than its evidence lets expect, it is expected oftener; one without labels stays as it was."""
    ids = ["often"] * 12 + ["seldom"] * 12 + ["rare"]
    shifts = fit_history(ids, [-1.0] * 25, [True] * 12 + [False] * 12 + [True])
    assert shifts["often"] > shifts["rare"] > 0 > shifts["seldom"]
    calibration = replace(shipped_calibration(), history=shifts)
    plain = dict.fromkeys(FEATURES, 0.0)
    told = calibration.probability({**plain, "history": shifts["often"]})
    assert told > calibration.probability(plain) == shipped_calibration().probability(plain)
    kept = calibration.about(["often", "other"], [])
    assert kept.history == {"often": shifts["often"]}


def test_history_is_part_of_the_version_and_of_the_file() -> None:
    """Records made with another history carry another version; the file gives it back, and older files have none."""
    parts: dict[str, Any] = {
        "intercept": 0.0,
        "weights": {},
        "common_words": CommonWords(),
        "second_look": SecondLookWeights(),
    }
    without = Calibration.fitted("x", history={}, provenance={}, **parts)
    having = Calibration.fitted("x", history={"l": 0.5}, provenance={}, **parts)
    assert without.version != having.version
    assert Calibration.from_json(having.to_json()) == having
    assert Calibration.from_json('{"version":"x","intercept":0,"weights":{}}').history == {}


def test_equal_learnings_have_hardly_a_history() -> None:
    """Where all are used as often as their evidence says, the spread is small, and so is what one more label moves."""
    ids = [f"l{n % 20}" for n in range(400)]
    labels = [n % 40 < 20 for n in range(400)]
    assert all(abs(shift) < 0.2 for shift in fit_history(ids, [0.0] * 400, labels).values())
