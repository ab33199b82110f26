"""How a session ends: with all its records at once, without what the store refuses, and above what the store alone knows."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fixtures.ledger import at, heavy
from fixtures.store import WRITE, learning, record, store_server
from fixtures.tasks import task_parts

from worker.event_log.protocol import TopicName
from worker.formats.heavy_event import read_heavy_event
from worker.formats.record import to_bytes
from worker.ledger import SessionRef, SessionState
from worker.resources import Resources
from worker.store.api import StoreApi
from worker.task_queue.messages import EMBEDDING
from worker.task_queue.queues import Queues
from worker.tasks.finish import finish
from worker.tasks.prepare import Preparation

TRANSCRIPT = {"messages": [{"role": "assistant", "content": "make fmt"}]}


@pytest.fixture
def parts(broker_url: str, tmp_path: Path) -> Iterator[Resources]:
    """With an event log and a store server, which knows the learning "a"."""
    with (
        store_server("http://127.0.0.1:0") as (address, _),
        task_parts(broker_url, tmp_path, GROOVE_STORE__URL=address, GROOVE_STORE_WRITE_TOKEN=WRITE) as resources,
    ):
        resources.event_log.ensure_topic(TopicName.parse(resources.settings.streams.attributed), 1)
        api(resources).import_learnings([learning("a")], actor="alex")
        yield resources


def api(parts: Resources) -> StoreApi:
    return StoreApi(parts.settings.store_url, token=WRITE)


def counted(parts: Resources) -> int:
    """Sessions that count for the learning "a"."""
    return api(parts).show("a").value.session_count


def attributed(parts: Resources, *learning_ids: str) -> SessionRef:
    """A session whose learnings are done, one record each."""
    [ref] = at(parts.ledger, 1).intake.receive(heavy=[heavy("s", transcript=TRANSCRIPT)], ablation_rate=0.1)
    at(parts.ledger, 2).work.expect("s", ref.version, learning_ids, signals_seen=0)
    records = {id_: to_bytes(record(id_, "s", ref.version.timestamp)) for id_ in learning_ids}
    at(parts.ledger, 3).work.complete_entries("s", ref.version, records)
    return ref


def state(parts: Resources) -> SessionState:
    return parts.ledger.history.session_detail("s").state


def test_nothing_counts_before_the_session_is_finished(parts: Resources) -> None:
    """The store hears of a session's records with its finish; a second finish changes nothing and sends nothing."""
    ref = attributed(parts, "a")
    assert counted(parts) == 0
    assert finish(parts, "s", ref.version) == {"state": "finished"}
    assert counted(parts) == 1
    assert finish(parts, "s", ref.version) == {"state": "finished already"}
    assert counted(parts) == 1
    assert parts.ledger.work.load_ended("s", ref.version).records == ()
    assert len(parts.ledger.history.session_detail("s").outbox) == 1


def test_every_record_of_the_version_is_published(parts: Resources) -> None:
    """Those that came with the finish and one that the store had already, by learning; none that the store refused."""
    api(parts).import_learnings([learning("0"), learning("z")], actor="alex")
    ref = attributed(parts, "a", "unheard of", "z")
    parts.store.finish_session("s", ref.version, records=[record("0", "s", ref.version.timestamp)])
    assert finish(parts, "s", ref.version) == {"state": "finished"}
    [message] = parts.event_log.read(TopicName.parse(parts.settings.streams.attributed), 0, 0, 10)
    told = json.loads(message.payload)
    assert [each["learning_id"] for each in told["attribution_records"]] == ["0", "a", "z"]
    assert [each["learning_id"] for each in told["learning_values"]] == ["0", "a", "z"]


def test_a_payload_that_nobody_needs_is_not_missed(parts: Resources) -> None:
    """As when it was pruned meanwhile: the event is read once more only for the lightweight events that it carries itself."""
    ref = attributed(parts, "a")
    with parts.ledger.work._database.write() as connection:
        connection.exec_driver_sql("DELETE FROM payload")
    assert finish(parts, "s", ref.version) == {"state": "finished"}
    assert counted(parts) == 1


def test_what_the_event_heard_itself_is_published(parts: Resources) -> None:
    """Without its payload the session is put aside: it would be sent again for ever otherwise."""
    heard = [{"message_idx": 3, "signals": [{"type": "positive", "pattern": "thanks", "confidence": 0.9}]}]
    [ref] = at(parts.ledger, 1).intake.receive(heavy=[heavy("s", lightweight_events=heard)], ablation_rate=0.1)
    at(parts.ledger, 2).work.expect("s", ref.version, [], signals_seen=0)
    assert finish(parts, "s", ref.version) == {"state": "finished"}
    [message] = parts.event_log.read(TopicName.parse(parts.settings.streams.attributed), 0, 0, 10)
    assert json.loads(message.payload)["lightweight_events"] == heard
    [again] = at(parts.ledger, 9).retries.retry(session_id="s").sessions
    at(parts.ledger, 10).work.expect("s", again.version, [], signals_seen=0)
    with parts.ledger.work._database.write() as connection:
        connection.exec_driver_sql("DELETE FROM payload")
    assert finish(parts, "s", again.version)["state"] == "failed"
    assert state(parts) is SessionState.DEAD


def test_a_learning_that_the_store_does_not_know_fails_alone(parts: Resources) -> None:
    """As after a store was restored from an older copy: the others count, this one waits for its import and a retry."""
    ref = attributed(parts, "a", "unheard of")
    assert finish(parts, "s", ref.version) == {"state": "finished"}
    [failed] = parts.ledger.retries.failed_entries()
    assert (failed.learning_id, failed.reason) == ("unheard of", "unknown learning: import it, then retry")
    assert counted(parts) == 1


def test_a_finish_that_always_fails_ends_as_a_dead_letter(parts: Resources) -> None:
    """A record that cannot be read spends the tries; then a person decides, and a retry makes it anew."""
    ref = attributed(parts, "a")
    with parts.ledger.work._database.write() as connection:
        connection.exec_driver_sql("UPDATE entry SET record = 'no record'")
    outcomes = [finish(parts, "s", ref.version) for _ in range(parts.settings.worker.max_tries)]
    assert [outcome["given_up"] for outcome in outcomes] == [False] * (len(outcomes) - 1) + [True]
    assert state(parts) is SessionState.DEAD
    assert "finishing failed" in parts.ledger.history.session_detail("s").reason
    [again] = at(parts.ledger, 9).retries.retry(session_id="s").sessions
    assert again.version.attempt == ref.version.attempt + 1
    assert parts.ledger.work.load_ended("s", again.version).records == ()


def test_an_older_ledger_catches_up_with_the_store(parts: Resources) -> None:
    """Restored from a copy made before a retry, the ledger begins the session above the attempt that the store knows."""
    ref = attributed(parts, "a")
    parts.store.open_session("s", replace(ref.version, attempt=5), ["a"])
    before = Queues(parts.settings).lengths()[EMBEDDING]
    assert finish(parts, "s", ref.version)["state"] == "begun again"
    assert Queues(parts.settings).lengths()[EMBEDDING] == before + 1
    ahead = replace(ref.version, attempt=6)
    assert parts.ledger.work.load_work("s", ahead).state is SessionState.RECEIVED
    assert finish(parts, "s", ref.version)["state"] == "dropped"


def test_a_preparation_catches_up_with_the_store(parts: Resources) -> None:
    """The first task to notice need not be the last."""
    [ref] = at(parts.ledger, 1).intake.receive(heavy=[heavy("s", transcript=TRANSCRIPT)], ablation_rate=0.1)
    parts.store.open_session("s", replace(ref.version, attempt=5), ["a"])
    assert Preparation(parts, "s", ref.version).run()["state"] == "begun again"
    assert parts.ledger.work.load_work("s", replace(ref.version, attempt=6)).state is SessionState.RECEIVED


def test_a_finished_session_tells_where_it_ran(parts: Resources) -> None:
    """What its event told of it goes from the worker's record to the store, and whoever asks is told."""
    payload = {
        "session_id": "s",
        "outcome": "success",
        "project_id": "/w/p",
        "model": "m-1",
        "harness_type": "ClaudeCode",
    }
    background = read_heavy_event(json.dumps(payload).encode(), logged_at=0).background
    [ref] = at(parts.ledger, 1).intake.receive(heavy=[heavy("s", transcript=TRANSCRIPT)], ablation_rate=0.1)
    at(parts.ledger, 2).work.expect("s", ref.version, ["a"], signals_seen=0)
    done = to_bytes(record("a", "s", ref.version.timestamp, background=background))
    at(parts.ledger, 3).work.complete_entries("s", ref.version, {"a": done})
    assert finish(parts, "s", ref.version) == {"state": "finished"}
    [summary] = api(parts).summaries(["s"])
    assert summary.levels == ("harness=ClaudeCode", "model=m-1", "project=/w/p")


def test_an_attempt_number_is_not_used_for_something_else(parts: Resources) -> None:
    """The store has finished the attempt that a retry after a restore begins: what it publishes then gets a number of its own."""
    ref = attributed(parts, "a")
    assert finish(parts, "s", ref.version) == {"state": "finished"}
    parts.store.finish_session("s", replace(ref.version, attempt=2), records=[])
    [retried] = at(parts.ledger, 9).retries.retry(session_id="s").sessions
    assert Preparation(parts, "s", retried.version).run()["state"] == "begun again"
    assert parts.ledger.work.load_work("s", replace(ref.version, attempt=3)).state is SessionState.RECEIVED


def test_a_dead_session_is_not_finished(parts: Resources) -> None:
    """A late copy of its finish does nothing."""
    ref = attributed(parts, "a")
    at(parts.ledger, 5).work.fail_session("s", ref.version, "no")
    assert finish(parts, "s", ref.version) == {"state": "dead"}
    assert counted(parts) == 0


def test_a_session_that_is_prepared_again_is_finished_after_that(parts: Resources) -> None:
    """Its learnings may all be done by then: the preparation sends for the finish."""
    ref = attributed(parts, "a")
    assert at(parts.ledger, 5).work.prepare_again("s", ref.version)
    assert finish(parts, "s", ref.version) == {"state": "early"}
    assert at(parts.ledger, 6).work.expect("s", ref.version, ["a"], signals_seen=0) == []
    assert finish(parts, "s", ref.version) == {"state": "finished"}


def test_a_newer_event_that_only_the_store_knows(parts: Resources) -> None:
    """The session is put aside with the reason, until the event log brings the event or a person decides."""
    ref = attributed(parts, "a")
    parts.store.open_session("s", replace(ref.version, timestamp=ref.version.timestamp + 1, event_id="newer"), ["a"])
    assert finish(parts, "s", ref.version)["state"] == "failed"
    assert state(parts) is SessionState.DEAD
    newer = heavy("s", "event that was read again", at=9)
    [begun] = at(parts.ledger, 9).intake.receive(heavy=[newer], ablation_rate=0.1)
    assert parts.ledger.work.load_work("s", begun.version).state is SessionState.RECEIVED
