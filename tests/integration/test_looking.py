"""How `groove run` knows that it is done."""

import uuid

import pytest
from fixtures.ledger import at, heavy, lease

from worker.cli.run_files import look
from worker.event_log.memory import MemoryEventLog
from worker.event_log.protocol import TopicName
from worker.ledger import Ledger, OutboxMessage
from worker.ledger.partitions import PartitionState
from worker.settings import load_settings


def test_a_session_that_is_read_at_the_last_moment_is_waited_for(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bridge takes the event in while it is asked how far the bridge has come: then the session is there, and open."""
    settings, log, mine = load_settings(), MemoryEventLog(), lease(ledger)
    topic = TopicName.parse(settings.streams.heavy)
    log.ensure_topic(topic, 1)
    assert look(settings, ledger, log)[1]
    log.publish(topic, key="s", message_id=uuid.uuid4(), payload=b"{}")
    assert not look(settings, ledger, log)[1]
    states = ledger.partitions.states

    def states_after_reading() -> list[PartitionState]:
        at(ledger, 1).intake.record(mine, heavy=[heavy()], position=1, last_id="x", gap=False, ablation_rate=0.1)
        return states()

    monkeypatch.setattr(ledger.partitions, "states", states_after_reading)
    counts, is_finished = look(settings, ledger, log)
    assert (counts.events, is_finished) == (1, False)


def test_what_is_not_published_yet_is_waited_for(ledger: Ledger) -> None:
    """Every event is read and every session finished, but a result is still in the outbox: the run goes on until it is out."""
    settings, log = load_settings(), MemoryEventLog()
    [ref] = ledger.intake.receive(heavy=[heavy("s")], ablation_rate=0.1)
    ledger.work.expect("s", ref.version, [], signals_seen=0)
    message = OutboxMessage(message_id=uuid.uuid4(), stream="out", topic="sessions", key="s", payload=b"{}")
    assert ledger.work.finish("s", ref.version, message=message)
    counts, is_finished = look(settings, ledger, log)
    assert (counts.sessions, is_finished) == ({"finished": 1}, False)
    [unsent] = ledger.outbox.unsent(1)
    ledger.outbox.mark_sent([unsent.id])
    assert look(settings, ledger, log)[1]
