"""A whole switchback by the real command: from the rules file over its periods and an import with attribution to values, and back."""

import itertools
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from acceptance.groove_command import Groove
from assistant_standin.reader import Reader
from assistant_standin.team import GOOD, HARMFUL, NEUTRAL, luck

from assessor.managed.switchback import switch
from worker.operations.connections import open_store
from worker.settings import Settings, load_settings
from worker.store.api import StoreApi
from worker.system.clock import HOUR, MINUTE, SECOND, now_micros

pytestmark = pytest.mark.timeout(400)
RULES = f"# Work here\n\n- {HARMFUL}\n- {GOOD}\n- {NEUTRAL[0]}\n"
HOURS, RATE = 32, 0.5


def unlucky() -> Iterator[str]:
    """Sessions that end well with the good rule and without the harmful one, and else badly."""
    return (name for number in itertools.count() if 0.5 < luck(name := f"session-{number}") < 0.92)


def work(reader: Reader, data: Path) -> set[str]:
    """Two sessions in every eighth hour, one in each other -> those whose period had one already."""
    first, names, repeats = now_micros() // HOUR * HOUR - (HOURS + 2) * HOUR, unlucky(), set()
    for hour, minute in itertools.product(range(HOURS), (0, 10, 30, 50)):
        moment = first + hour * HOUR + minute * MINUTE
        switch(data, clock=lambda moment=moment: moment)  # type: ignore[misc]
        if minute == 10 or (minute == 30 and hour % 8 == 3):
            name = next(names)
            reader.work(name, datetime.fromtimestamp(moment / SECOND, UTC), shows_rules=hour % 2 == 0)
            repeats |= {name} if minute == 30 else set()
    return repeats


def check(store: StoreApi, reader: Reader, repeats: set[str]) -> None:
    """Each record says what stood in the file, randomised once a period; both effects are found with their sign."""
    found = {each.learning.insight: each.value for each in store.learnings().learnings}
    for text, value in found.items():
        records = store.sessions(value.learning_id, limit=1000)
        assert {each.session_id: each.was_withheld for each in records} == {
            session_id: text not in rules for session_id, rules in reader.read.items()
        }
        assert {each.session_id for each in records if not each.withhold_probability} == repeats
        assert {each.withhold_probability for each in records} == {0, RATE}
        with_it = sum(text in rules for session_id, rules in reader.read.items() if session_id not in repeats)
        assert (value.sessions_with, value.sessions_without) == (with_it, HOURS - with_it)
    assert difference(store, found[HARMFUL].learning_id) < 0 < difference(store, found[GOOD].learning_id)
    assert found[HARMFUL].estimated_value < 0 < found[GOOD].estimated_value


def difference(store: StoreApi, learning_id: str) -> float:
    arms = store.arms(learning_id)
    assert arms.mean_with is not None
    assert arms.mean_without is not None
    return arms.mean_with - arms.mean_without


def test_what_the_periods_did_is_found(groove: Groove) -> None:
    """Without any hook. The file is as it was in the end, to the byte."""
    home, data = groove.folder / "home", groove.folder / ".groove"
    home.mkdir()
    (groove.folder / "AGENTS.md").write_text(RULES)
    subprocess.run(["git", "init", "-q"], cwd=groove.folder, check=True)

    def run(*words: str) -> str:
        return groove(*words, HOME=str(home), GROOVE_ABLATION__RATE=str(RATE))

    run("adopt", "AGENTS.md", "--unit", "bullet", "--yes")
    run("hook", "switch", "AGENTS.md", "--yes")
    reader = Reader(home=home, project=groove.folder)
    repeats = work(reader, data)
    run("import")
    settings: Settings = load_settings({"GROOVE_DATA_DIR": str(data)})
    with open_store(settings) as store:
        check(store, reader, repeats)
    told = run("hook", "status")
    assert f"{len(reader.read)} sessions, {len(reader.read)} take part" in told
    assert "without the hook" not in told
    assert "groove hook install" not in told
    run("restore", "--yes")
    assert (groove.folder / "AGENTS.md").read_text() == RULES
