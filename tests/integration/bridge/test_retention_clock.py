"""A clock that nothing confirms throws nothing away."""

import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from fixtures.ledger import at, received

from bridge.maintenance.cleaner import Cleaner
from worker.ledger import Ledger, OutboxMessage, open_ledger
from worker.liveness.broker_heartbeat import Heartbeats
from worker.settings import load_settings
from worker.system.clock import DAY, HOUR, SECOND

#: of a real day; the ledger's clock stands there
NOW = 1_768_940_047 * SECOND
YEAR = 365 * DAY


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Two sessions that ended lately and one that ended long ago."""
    opened = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    for number, when in enumerate((NOW - YEAR, NOW - DAY, NOW - HOUR)):
        ref = received(opened, f"s{number}", when)
        at(opened, when).work.expect(f"s{number}", ref.version, [], signals_seen=0)
        message = OutboxMessage(message_id=UUID(int=number), stream="o", topic="t", key="k", payload=b"x")
        assert at(opened, when).work.finish(f"s{number}", ref.version, message=message)
    yield opened
    opened.dispose()


def kept(ledger: Ledger) -> list[bool]:
    return [ledger.history.session_detail(f"s{number}").payload_kept for number in range(3)]


class Looks:
    """One bridge's looks, with the counter and the ledger's clock set by hand."""

    def __init__(self, ledger: Ledger, broker_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = load_settings({"GROOVE_BROKER": broker_url})
        self._ledger, self._patch = ledger, monkeypatch
        self._cleaner = Cleaner(settings.sweeper, ledger, Heartbeats(settings))

    def look(self, clock: int, *, counter: float) -> list[bool]:
        self._patch.setattr(time, "monotonic", lambda: counter)
        self._cleaner._ledger = at(self._ledger, clock)
        self._cleaner.run()
        return kept(self._ledger)


@pytest.fixture
def looks(ledger: Ledger, broker_url: str, monkeypatch: pytest.MonkeyPatch) -> Looks:
    return Looks(ledger, broker_url, monkeypatch)


def test_a_clock_that_the_ledger_confirms_is_believed_at_once(looks: Looks) -> None:
    """An event came within the last days: what is due goes."""
    assert looks.look(NOW, counter=5) == [False, True, True]


def test_a_year_ahead_throws_nothing_away_for_an_hour(looks: Looks) -> None:
    """However often it looks; after an hour of going on evenly it is believed, a day's worth a look."""
    for counter in (0, 5, 3000, 3590):
        assert looks.look(NOW + YEAR + counter * SECOND, counter=counter) == [True, True, True]
    assert looks.look(NOW + YEAR + 3601 * SECOND, counter=3601) == [False, True, True]
    assert looks.look(NOW + YEAR + 3606 * SECOND, counter=3606) == [False, True, True]


@pytest.mark.parametrize("jump", [YEAR, -HOUR])
def test_a_jump_begins_the_hour_anew(jump: int, looks: Looks) -> None:
    """While it runs, against this process's own counter."""
    looks.look(NOW, counter=0)
    assert looks.look(NOW + jump + 3500 * SECOND, counter=3500) == [False, True, True]
    assert looks.look(NOW + jump + 3700 * SECOND, counter=3700) == [False, True, True]
