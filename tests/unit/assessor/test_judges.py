"""Second opinions: facets that /insights wrote, their agreement with labels, and what of them enters an outcome."""

import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from unit.assessor.homes import Home, make_home

from assessor.archive import Archive, open_archive
from assessor.belonging import Scope
from assessor.importing import Homes, Importer
from assessor.judges.agreement import ENOUGH, agreement, read_labels
from assessor.judges.hearing import Hearing, hear
from assessor.judges.insights import Insights
from assessor.places import own_sessions
from assessor.reading import read_files
from assessor.rules.catalogue import Catalogue
from worker.errors import InvalidFile
from worker.formats.wire import parse_timestamp

NOW = parse_timestamp("2026-10-02T00:00:00Z")
OUTCOMES = ("fully_achieved", "mostly_achieved", "partially_achieved", "not_achieved")
VALUES = (1.0, 0.5, 0.0, -1.0)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home", sessions=24)


@pytest.fixture
def archive(tmp_path: Path, home: Home) -> Iterator[Archive]:
    with open_archive(tmp_path / "archive") as opened:
        read_files(own_sessions({}, home.folder), opened, Scope(project=str(home.project)))
        yield opened


def facet(home: Home, name: str, **fields: Any) -> Path:
    folder = home.folder / ".claude" / "usage-data" / "facets"
    return home.write(f"{name}.json", json.dumps({"session_id": name, **fields}).encode(), folder)


def heard(home: Home, archive: Archive, labels: Mapping[str, float] | None = None) -> Hearing:
    return hear(Insights(home.folder / ".claude"), archive, [str(home.project)], labels)


def published(home: Home, archive: Archive, hearing: Hearing) -> dict[str, Any]:
    """Session -> the assessment in its event."""
    importer = Importer(
        archive=archive,
        homes=Homes(home=home.folder),
        unit="bullet",
        now=NOW,
        catalogue=Catalogue(),
        judged=hearing.parts(),
    )
    events = list(importer.events(importer.look(str(home.project))))
    for each in events:
        archive.published(each.session_id, event_id=each.event_id, assessment=each.assessment)
    return {each.session_id: json.loads(each.payload) for each in events}


@pytest.mark.parametrize(
    ("outcome", "value"), [*zip(OUTCOMES, VALUES, strict=True), ("unclear", None), ("unclear_from_transcript", None)]
)
def test_an_outcome_of_insights_is_a_number(home: Home, archive: Archive, outcome: str, value: float | None) -> None:
    """Or none, where it could not tell; sessions without a facet have no judgement."""
    facet(home, "s0", outcome=outcome, brief_summary="…")
    hearing = heard(home, archive)
    assert {id_: (said.value, said.says) for id_, said in hearing.judgements.items()} == {"s0": (value, outcome)}


def test_facets_that_cannot_be_used_are_told_and_the_rest_goes_on(home: Home, archive: Archive) -> None:
    """Cut, without an outcome, of an unknown one, no file: each a reason, none in a session's place; their words stay out of it."""
    facet(home, "s0", brief_summary="private words")
    facet(home, "s1", outcome="splendid")
    facet(home, "s2").write_bytes(b'{"outcome": "fully')
    facet(home, "s3").unlink()
    (home.folder / ".claude/usage-data/facets/s3.json").mkdir()
    facet(home, "s4").write_bytes(b"[" * 100_000)
    facet(home, "s5").write_bytes(b" " * (2 << 20))
    facet(home, "s9", outcome="fully_achieved")
    hearing = heard(home, archive)
    assert set(hearing.judgements) == {"s9"}
    assert hearing.failures.total() == 6
    assert not any("private" in reason for reason in hearing.failures)
    assert hearing.not_asked == 0


def test_without_labels_a_judge_changes_nothing(home: Home, archive: Archive) -> None:
    """It is heard, and no event differs from those without it."""
    before = published(home, archive, Hearing(judge="nobody"))
    for number in range(24):
        facet(home, f"s{number}", outcome=OUTCOMES[number % 4])
    hearing = heard(home, archive)
    assert (len(hearing.values), hearing.weight, hearing.parts()) == (24, 0.0, {})
    assert len(before) == 24
    assert published(home, archive, hearing) == {}


def test_a_judge_that_agrees_enters_the_outcome(home: Home, archive: Archive) -> None:
    """As one part with the weight of its agreement; one label too few, and it does not."""
    for number in range(24):
        facet(home, f"s{number}", outcome=OUTCOMES[number % 4])
    labels = {f"s{number}": VALUES[number % 4] for number in range(ENOUGH)}
    few = dict(list(labels.items())[1:])
    assert heard(home, archive, few).weight == 0.0
    hearing = heard(home, archive, labels)
    assert hearing.weight == pytest.approx(2.0, abs=0.001)
    event = published(home, archive, hearing)["s3"]
    part = next(part for part in event["assessment"]["parts"] if part["kind"] == "judge")
    assert (part["value"], part["weight"], part["detail"]) == (-1.0, hearing.weight, "insights: not_achieved")
    others = [each for each in event["assessment"]["parts"] if each is not part]
    weight = hearing.weight + sum(each["weight"] for each in others)
    expected = (-hearing.weight + sum(each["value"] * each["weight"] for each in others)) / weight
    assert event["outcome"] == pytest.approx(expected, abs=1e-6)
    assert published(home, archive, hearing) == {}


def test_agreement_is_told_in_numbers() -> None:
    """Worked out by hand: one pair out of order among four, one success below a failure."""
    found = agreement({"a": 1.0, "b": 0.5, "c": -0.5, "d": -1.0, "only": 1}, {"a": 1.0, "b": 0.0, "c": 0.5, "d": -1.0})
    assert found.n == 4
    assert found.rank_correlation == pytest.approx(0.8)
    assert found.mean_difference == pytest.approx(0.375)
    assert found.auc == pytest.approx(0.75)


def test_what_cannot_be_told_is_unknown() -> None:
    """No session, and labels that are all alike."""
    nothing = agreement({}, {"a": 1.0})
    assert (nothing.n, nothing.rank_correlation, nothing.mean_difference, nothing.auc) == (0, None, None, None)
    alike = agreement(dict.fromkeys("ab", 1.0), {"a": 1.0, "b": -1.0})
    assert (alike.rank_correlation, alike.auc, alike.weight) == (None, None, 0.0)


def test_a_judge_that_guesses_is_rarely_believed() -> None:
    """In about one of twenty tries at most, and then little; one that is against the labels never."""
    chance = random.Random(1)
    ids = [str(number) for number in range(30)]
    weights = [
        agreement({id_: chance.choice(VALUES) for id_ in ids}, {id_: chance.choice(VALUES) for id_ in ids}).weight
        for _ in range(400)
    ]
    assert sum(weight > 0 for weight in weights) <= 0.08 * len(weights)
    assert max(weights) < 0.8
    labels = {id_: chance.choice(VALUES) for id_ in ids}
    assert agreement(labels, {id_: -value for id_, value in labels.items()}).weight == 0.0


def test_labels_are_read_with_file_and_line_of_what_is_wrong(tmp_path: Path) -> None:
    """Numbers and names; the last line of a session counts."""
    path = tmp_path / "labels.jsonl"
    path.write_text(
        '{"session_id": "a", "outcome": 1}\n\n{"session_id": "b", "outcome": "partial"}\n{"session_id": "a", "outcome": -1}\n'
    )
    assert read_labels(path) == {"a": -1.0, "b": 0.5}
    for line in (
        '{"session_id": "a", "outcome": 2}',
        '{"outcome": 1}',
        "no json",
        '{"session_id": "a", "outcome": NaN}',
    ):
        path.write_text(f'{{"session_id": "a", "outcome": 1}}\n{line}\n')
        with pytest.raises(InvalidFile) as raised:
            read_labels(path)
        assert str(raised.value).startswith(f"{path}:2: not a label")
