"""`groove` alone tells where things stand and what to do next."""

from dataclasses import replace
from pathlib import Path

import pytest
from acceptance.groove_command import Groove
from acceptance.small_sessions import sessions, write_events
from fixtures.broker import free_port
from fixtures.ledger import heavy
from fixtures.store import WRITE, store_server
from unit.assessor.homes import make_home

from assessor.archive import open_archive
from assessor.belonging import Scope
from assessor.places import own_sessions
from assessor.reading import read_files
from worker.cli import COMMANDS
from worker.cli.next_step import Situation, of_values
from worker.domain import LearningStatus, LearningValue, Verdict, VerdictKind
from worker.ledger import open_ledger

_OBSERVED = LearningValue(
    learning_id="use-rg",
    estimated_value=0.1,
    confidence=0.2,
    session_count=12,
    activation_rate=0.5,
    temporal_value=0.1,
    temporal_confidence=0.2,
    ablation_value=None,
    ablation_confidence=None,
    status=LearningStatus.ACTIVE,
    sessions_with=12,
)
_SOON = replace(
    _OBSERVED,
    learning_id="run-fmt",
    sessions_without=4,
    verdict=Verdict(kind=VerdictKind.UNDECIDED, sessions_needed=30),
)
_LATER = replace(_SOON, learning_id="bisect", verdict=Verdict(kind=VerdictKind.UNDECIDED, sessions_needed=900))
_GONE = replace(_SOON, learning_id="reset", verdict=Verdict(kind=VerdictKind.REMOVE))


def test_an_untouched_folder_stays_untouched(groove: Groove) -> None:
    """It names the first command to try, and makes nothing."""
    told = groove()
    assert "Nothing is here yet" in told
    assert "groove import" in told
    assert not (groove.folder / ".groove").exists()


def test_an_import_that_was_killed_while_it_read_is_told(groove: Groove, tmp_path: Path) -> None:
    """Sessions lie in the archive and none was sent; an archive without sessions is nothing."""
    home = make_home(tmp_path / "home", sessions=1)
    (groove.folder / ".groove").mkdir(mode=0o700)
    with open_archive(groove.folder / ".groove" / "sessions") as archive:
        assert "Nothing is here yet" in groove()
        read_files(own_sessions({}, home.folder), archive, Scope(project=str(home.project)))
    told = groove()
    assert "it is still at work, or it was cut off" in told
    assert "groove import" in told


def test_a_store_elsewhere_that_is_down_is_told(groove: Groove) -> None:
    """It is no empty folder, and nothing here can start it; nothing is made."""
    told = groove(GROOVE_STORE__URL=f"http://127.0.0.1:{free_port()}")
    assert "A part cannot be reached" in told
    assert "groove doctor" in told
    assert "groove up" not in told
    assert not (groove.folder / ".groove").exists()


def test_a_store_elsewhere_is_asked_though_no_ledger_is_here(groove: Groove) -> None:
    """Whoever only looks is told what the store knows."""
    with store_server("http://127.0.0.1:0") as (address, _):
        told = groove(GROOVE_STORE__URL=address, GROOVE_STORE_WRITE_TOKEN=WRITE)
    assert "0 sessions and 0 learnings are known" in told
    assert not (groove.folder / ".groove").exists()


def test_a_missing_stack_is_named_with_what_starts_it(groove: Groove) -> None:
    """Where the parts are somebody else's, nothing here starts them."""
    start = "`groove up` starts it"
    file = write_events(groove.folder / "events.jsonl", sessions(1))
    assert start in groove("publish", file, status=1)
    nobody = f"redis://127.0.0.1:{free_port()}"
    assert start not in groove("publish", file, status=1, GROOVE_EVENT_LOG=nobody)
    assert start not in groove("publish", file, status=1, GROOVE_BROKER=nobody)


def test_work_that_waits_without_a_stack_is_told(groove: Groove) -> None:
    """A session that was received and never attributed, and nothing runs."""
    (groove.folder / ".groove").mkdir(mode=0o700)
    ledger = open_ledger(f"sqlite:///{groove.folder}/.groove/ledger.sqlite")
    ledger.intake.receive(heavy=[heavy("s")], ablation_rate=0.1)
    ledger.dispose()
    told = groove()
    assert "1 session waits to be attributed" in told
    assert "groove up" in told


@pytest.mark.parametrize(
    ("values", "sentence", "command"),
    [
        ([_OBSERVED], "No session went without a learning by chance", "groove adopt CLAUDE.md"),
        ([_SOON, _LATER], "Verdicts: none yet. The next is expected after about 30 more sessions", "groove values"),
        ([_SOON, _GONE], "Verdicts: 1 remove.", "groove prune"),
    ],
)
def test_what_is_known_decides_what_is_next(values: list[LearningValue], sentence: str, command: str) -> None:
    """Observed only: how to begin an experiment. Then the verdicts, the next one, and what may go."""
    situation = of_values(12, values)
    assert sentence in situation.told
    assert command in dict(situation.steps)
    _check_commands(situation)


def test_what_is_done_already_is_not_asked_for_again() -> None:
    """With the hook installed and learnings adopted, it remains to work and to watch."""
    situation = of_values(12, [_OBSERVED], missing=())
    assert "Each session that begins from now on is" in situation.told
    assert list(dict(situation.steps)) == ["groove values", "groove up", "groove hook status"]
    _check_commands(situation)


def _check_commands(situation: Situation) -> None:
    for command, _ in situation.steps:
        assert command.split()[1] in COMMANDS, f"{command} is no command"
