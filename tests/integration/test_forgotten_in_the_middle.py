"""Tasks of a session that a person had forgotten, queued before or in the middle of their work: they end and leave nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtures.ledger import heavy
from fixtures.store import WRITE, learning, record, store_server
from fixtures.tasks import task_parts

from worker.domain import SessionVersion
from worker.event_log.protocol import TopicName
from worker.formats.record import to_bytes
from worker.resources import Resources
from worker.store.api import StoreApi
from worker.store.client import HttpStore
from worker.task_queue.queues import Queues
from worker.tasks.attribute import Attribution
from worker.tasks.finish import finish
from worker.tasks.prepare import Preparation


@pytest.fixture
def parts(broker_url: str, tmp_path: Path) -> Iterator[Resources]:
    """With an event log and a store server, which knows the learning "a"."""
    with (
        store_server("http://127.0.0.1:0") as (address, _),
        task_parts(broker_url, tmp_path, GROOVE_STORE__URL=address, GROOVE_STORE_WRITE_TOKEN=WRITE) as resources,
    ):
        resources.event_log.ensure_topic(TopicName.parse(resources.settings.streams.attributed), 1)
        StoreApi(address, token=WRITE).import_learnings([learning("a")], actor="alex")
        yield resources


def begun(parts: Resources) -> SessionVersion:
    """A session whose only learning is done, so that its finish is due."""
    [ref] = parts.ledger.intake.receive(heavy=[heavy("s", active_learnings=["a"])], ablation_rate=0)
    parts.ledger.work.expect("s", ref.version, ["a"], signals_seen=0)
    parts.ledger.work.complete_entries("s", ref.version, {"a": to_bytes(record("a", "s"))})
    return ref.version


def test_queued_tasks_end(parts: Resources) -> None:
    """Each finds nothing in the ledger, says so, and sends nothing on."""
    version = begun(parts)
    parts.ledger.forgetting.sessions(["s"])
    for outcome in (
        Preparation(parts, "s", version).run(),
        Attribution(parts, "s", version, in_chord=True).run(["a"]),
        Attribution(parts, "s", version, in_chord=False).run(["a"]),
        finish(parts, "s", version),
    ):
        assert outcome["state"] == "dropped"
    assert not any(Queues(parts.settings).lengths().values())
    assert parts.event_log.ends(TopicName.parse(parts.settings.streams.attributed), 0).end == 0
    assert parts.ledger.counts.count().sessions == {}


def test_a_finish_in_the_middle(parts: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ledger and store forget after the task has loaded the session's records: the store does not take them."""
    version = begun(parts)
    store = StoreApi(parts.settings.store_url, token=WRITE)
    taken = HttpStore.finish_session

    def forgotten_meanwhile(*given: object, **named: object) -> object:
        parts.ledger.forgetting.sessions(["s"])
        store.forget_session("s")
        return taken(*given, **named)  # type: ignore[arg-type]  # whatever the task gave

    monkeypatch.setattr(HttpStore, "finish_session", forgotten_meanwhile)
    assert finish(parts, "s", version)["state"] == "dropped"
    assert store.records("s") == []
    assert parts.event_log.ends(TopicName.parse(parts.settings.streams.attributed), 0).end == 0


def test_prepared_sessions_are_forgotten_by_id(parts: Resources) -> None:
    """In every version, whatever characters the id has, and no other session's."""
    client = parts.bundles._client
    ids = ["s", "s*", "[s]", "a:b", "s\\"]
    for id_ in ids:
        for attempt in (1, 2):
            client.set(f"groove:bundle:{attempt}:an event:{id_}", b"x")
    for number, id_ in enumerate(ids):
        assert len(parts.bundles.find([id_])) == 2
        assert parts.bundles.forget([id_]) == 2
        assert len(client.keys("groove:bundle:*")) == 2 * (len(ids) - number - 1)
    assert parts.bundles.scrub()
