"""One learning's task, in a chord and sent again by the sweeper: done once, and the finish follows."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fixtures.ledger import at, heavy
from fixtures.store import learning
from fixtures.tasks import task_parts

from worker.attribution.bundle import SessionBundle, SessionContext
from worker.domain import Assignment
from worker.formats.record import from_bytes
from worker.layers.activation.evidence import SessionEvidence
from worker.ledger import SessionRef
from worker.resources import Resources
from worker.task_queue.messages import FINISHING
from worker.task_queue.queues import Queues
from worker.tasks.attribute import Attribution


@pytest.fixture
def parts(broker_url: str, tmp_path: Path) -> Iterator[Resources]:
    """Without a store: attributing needs none."""
    with task_parts(broker_url, tmp_path) as resources:
        yield resources


def prepared(parts: Resources, *learning_ids: str) -> SessionRef:
    """A session in which nothing was said, and its learnings expected."""
    [ref] = at(parts.ledger, 1).intake.receive(heavy=[heavy("s")], ablation_rate=0.1)
    assignments = {
        id_: Assignment(learning_id=id_, withhold_probability=0.1, was_withheld=False) for id_ in learning_ids
    }
    context = SessionContext(session_id="s", version=ref.version, outcome=1.0, assignments=assignments)
    known = {id_: learning(id_).insight for id_ in learning_ids if id_ != "unheard of"}
    nowhere = np.zeros((len(known), 0), dtype=np.int32)
    evidence = SessionEvidence(learning_ids=tuple(sorted(known)), cosine=nowhere, meaning=nowhere, wording=nowhere)
    parts.bundles.put(SessionBundle(context=context, insights=known, evidence=evidence))
    at(parts.ledger, 2).work.expect("s", ref.version, learning_ids, signals_seen=0)
    return ref


def run(parts: Resources, ref: SessionRef, *learning_ids: str, in_chord: bool) -> str:
    state: str = Attribution(parts, "s", ref.version, in_chord=in_chord).run(learning_ids)["state"]
    return state


def test_a_second_delivery_does_nothing(parts: Resources) -> None:
    """Whether it comes in the chord or from the sweeper, the record of the first one stays."""
    ref = prepared(parts, "a", "b")
    assert run(parts, ref, "a", in_chord=True) == "done"
    kept = parts.ledger.work.load_ended("s", ref.version).records
    assert run(parts, ref, "a", in_chord=True) == "done already"
    assert run(parts, ref, "a", in_chord=False) == "done already"
    assert parts.ledger.work.load_ended("s", ref.version).records == kept
    assert [from_bytes(record).learning_id for record in kept] == ["a"]


def test_outside_a_chord_the_last_one_sends_for_the_finish(parts: Resources) -> None:
    """In it Celery does; a task of several learnings ends them together."""
    queued = Queues(parts.settings)
    ref = prepared(parts, "a", "b", "c")
    before = queued.lengths()[FINISHING]
    assert run(parts, ref, "a", "b", in_chord=True) == "done"
    assert queued.lengths()[FINISHING] == before
    assert run(parts, ref, "c", in_chord=False) == "done"
    assert queued.lengths()[FINISHING] == before + 1


def test_a_learning_that_is_not_known_fails_alone(parts: Resources) -> None:
    """With its reason, at once; as the last one it too sends for the finish."""
    queued = Queues(parts.settings)
    ref = prepared(parts, "a", "unheard of")
    before = queued.lengths()[FINISHING]
    assert run(parts, ref, "a", "unheard of", in_chord=False) == "failed"
    assert queued.lengths()[FINISHING] == before + 1
    [failed] = parts.ledger.retries.failed_entries()
    assert (failed.learning_id, failed.tries) == ("unheard of", 1)
    assert failed.reason.startswith("unknown learning")


def test_a_superseded_attempt_is_dropped(parts: Resources) -> None:
    """Its record goes nowhere, also in a chord, where nothing was asked before the work."""
    old = prepared(parts, "a")
    [new] = at(parts.ledger, 3).retries.retry(session_id="s").sessions
    assert run(parts, old, "a", in_chord=True) == "dropped"
    assert parts.ledger.work.load_ended("s", new.version).records == ()
