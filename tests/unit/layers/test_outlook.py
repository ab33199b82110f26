"""What was to be expected of a session: only from what was known before, as a function of the set of sessions."""

import json
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain import SessionBackground
from worker.formats.heavy_event import read_heavy_event
from worker.formats.levels import ALLOWED, level, prompt_band
from worker.layers.outlook.design import Design, Entries
from worker.layers.outlook.features import SessionFeatures, presence, weight_of
from worker.layers.outlook.fitting import fit
from worker.layers.outlook.models import Mode, Model, Outlook, in_thousandths
from worker.layers.outlook.residuals import arm_sums, expected_of
from worker.layers.statistics.sums import MICRO

SALT = "salt"
NAMES = [presence(name, 1) for name in "abc"]
#: session id, day, levels or None, outcome in thousandths, per learning: withheld or not eligible (None)
Session = tuple[str, int, tuple[str, ...] | None, int, tuple[bool | None, ...]]


def a_session(number: int, chance: random.Random) -> Session:
    """Project `good` succeeds, `bad` fails; learning a helps."""
    project = chance.choice(["project=bad", "project=good"])
    drawn = tuple(chance.choice([None, True, False]) for _ in NAMES)
    mean = (0.5 if project == "project=good" else -0.5) + (0.3 if drawn[0] is False else 0.0)
    return f"s{number}", number // 20, (project,), 1000 if chance.random() < (mean + 1) / 2 else -1000, drawn


def design_of(sessions: list[Session]) -> Design:
    rows = [
        (place, at, withheld, outcome)
        for place, (_, _, _, outcome, drawn) in enumerate(sessions)
        for at, withheld in enumerate(drawn)
        if withheld is not None
    ]
    session, learning, withheld, outcome = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return Design.of(
        session_ids=[one[0] for one in sessions],
        timestamps=[one[1] * 86_400_000_000 for one in sessions],
        outcomes=[one[3] for one in sessions],
        levels=[one[2] for one in sessions],
        weights=[MICRO] * len(sessions),
        presences=NAMES,
        entries=Entries(
            session,
            learning,
            withheld.astype(bool),
            np.zeros(len(session), dtype=bool),
            np.full(len(session), MICRO // 2),
            outcome,
        ),
        salt=SALT,
    )


SESSIONS = [a_session(number, random.Random(number)) for number in range(200)]


@pytest.mark.parametrize("mode", ["folds", "past"])
@given(chance=st.randoms(use_true_random=False))
def test_no_order_of_sessions_changes_a_bit(mode: Mode, chance: random.Random) -> None:
    """Models, what they explain, and every experiment's sums."""
    shuffled = chance.sample(SESSIONS, len(SESSIONS))
    found = [design_of(of) for of in (SESSIONS, shuffled)]
    models = [fit(design, mode=mode, salt=SALT) for design in found]
    assert models[0] == models[1]
    assert models[0].models
    sums = [arm_sums(design, expected_of(design, of)[0]) for design, of in zip(found, models, strict=True)]
    assert sums[0] == sums[1]


@pytest.mark.parametrize("mode", ["folds", "past"])
def test_arrays_and_single_sessions_expect_the_same(mode: Mode) -> None:
    """What a refresh adds up is what a new record adds, to the thousandth; and its lines add up to it."""
    design = design_of(SESSIONS)
    outlook = fit(design, mode=mode, salt=SALT)
    expected = iter(expected_of(design, outlook)[0].tolist())
    for name, day, levels, _, drawn in SESSIONS:
        present = frozenset(NAMES[at] for at, withheld in enumerate(drawn) if withheld is False)
        background = SessionBackground(levels=levels or ())
        of = outlook.of(SessionFeatures(name, day * 86_400_000_000, background, present))
        for at, withheld in enumerate(drawn):
            if withheld is not None:
                found = of.adjustment("abc"[at], 1).expected
                assert found == next(expected)
                assert sum(line.micro for line in of.lines("abc"[at], 1)) == 1000 * found


def test_a_day_is_judged_by_the_days_before_it_alone() -> None:
    """Later sessions, and those of the same day, change nothing about an earlier one."""
    whole, early = (fit(design_of(of), mode="past", salt=SALT) for of in (SESSIONS, SESSIONS[:120]))
    session = SessionFeatures("s", 5 * 86_400_000_000, SessionBackground(levels=("project=bad",)), frozenset())
    assert whole.model_for(session) == early.model_for(session) is not None
    first = session._replace(timestamp=0)
    assert whole.model_for(first) is None


def test_models_that_explain_nothing_are_switched_off() -> None:
    """Outcomes by the toss of a coin: the share explained is at most nothing, and outcomes count as they are."""
    tossed = [(*one[:3], random.Random(one[0]).choice([-1000, 1000]), one[4]) for one in SESSIONS]
    outlook = fit(design_of(tossed), mode="folds", salt=SALT)
    assert outlook.explained is not None
    assert outlook.explained <= 0
    assert not outlook.models


def test_sessions_of_which_nothing_is_known_have_no_outlook() -> None:
    """They are fitted on by nobody, and count as they are."""
    unknown: list[Session] = [(name, day, None, outcome, drawn) for name, day, _, outcome, drawn in SESSIONS]
    assert fit(design_of(unknown), mode="folds", salt=SALT) == Outlook(mode="folds", salt=SALT)
    mixed = design_of([*SESSIONS, *(("u" + one[0], *one[1:]) for one in unknown)])
    outlook = fit(mixed, mode="folds", salt=SALT)
    assert outlook.models == fit(design_of(SESSIONS), mode="folds", salt=SALT).models
    expected, _, has_model = expected_of(mixed, outlook)
    assert not expected[mixed.entries.session >= len(SESSIONS)].any()
    assert not has_model[mixed.entries.session >= len(SESSIONS)].any()


def test_an_outlook_stays_within_one() -> None:
    """However far the coefficients go; half a thousandth goes to the even one."""
    assert [in_thousandths(micro) for micro in (2_000_000, -2_000_000, 1500, 2500, -1500, 499, 0)] == [
        *(1000, -1000, 2, 2, -2, 0, 0)
    ]
    sure = Outlook(
        mode="folds", salt=SALT, models=dict.fromkeys(range(5), Model(coefficients={"1": 9_000_000}, mean=0))
    )
    of = sure.of(SessionFeatures("s", 0, SessionBackground(), frozenset()))
    assert of.adjustment("a", 1).expected == 1000


def test_only_what_was_known_before_the_first_answer_is_a_feature() -> None:
    """Six names and no other; whatever else an event tells of its session stays out."""
    assert ALLOWED == ("harness", "kind", "model", "project", "prompt_length", "user")
    for later in ("messages", "frustration", "duration", "tools", "outcome", "uses"):
        with pytest.raises(ValueError, match="before its first answer"):
            level(later, "3")
    context: dict[str, Any] = {
        "session_id": "s",
        "active_learnings": ["a"],
        "project_id": "/home/alex/app",
        "user_id": "alex",
        "harness_type": {"Other": "codex"},
        "model": "m-1",
        "task_kind": "bug",
        "prompt_length": 321,
        "message_count": 40,
        "duration": 12.5,
        "frustration_trajectory": [0.1, 0.9],
        "used_learnings": ["a"],
        "transcript": {"messages": []},
    }
    event = read_heavy_event(_bytes({"context": context, "outcome": "success", "task_summary": "x"}), logged_at=0)
    assert event.background == SessionBackground(
        levels=("harness=codex", "kind=bug", "model=m-1", "project=/home/alex/app", "prompt_length=200", "user=alex"),
        outcome=1.0,
    )


def test_what_cannot_be_read_of_a_background_is_passed_over() -> None:
    """Such an event is not refused: nobody refused it before."""
    strange = {
        "session_id": "s",
        "project_id": 7,
        "user_id": "",
        "model": ["m"],
        "prompt_length": "long",
        "outcome": 0.5,
    }
    assert read_heavy_event(_bytes(strange), logged_at=0).background.levels == ()
    unknown = {"session_id": "s", "outcome": 0, "outcome_known": False, "sampling_probability": 0.25}
    assert read_heavy_event(_bytes(unknown), logged_at=0).background == SessionBackground(sampling_probability=0.25)


def test_a_prompt_has_the_band_that_it_reaches() -> None:
    """Named by its lower end."""
    assert [prompt_band(length) for length in (0, 49, 50, 999, 1000, 10**9)] == ["0", "0", "50", "200", "1000", "5000"]


def test_a_session_stands_for_ten_at_most() -> None:
    """The inverse of its chance to be assessed; one where nothing is known."""
    chances = [None, 1.0, 0.5, 0.1, 0.001]
    backgrounds = [None if chance is None else SessionBackground(sampling_probability=chance) for chance in chances]
    assert [weight_of(of) for of in backgrounds] == [MICRO, MICRO, 2 * MICRO, 10 * MICRO, 10 * MICRO]


def _bytes(document: dict[str, Any]) -> bytes:

    return json.dumps(document).encode()
