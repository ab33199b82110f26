"""Preparations are sent again when nobody who lives holds them, however long they take and whatever stands in the queue."""

from fixtures.ledger import received

from bridge.enqueue import Enqueuer
from bridge.maintenance.rescuer import Rescuer
from worker.ledger import Ledger
from worker.liveness.broker_heartbeat import Heartbeats
from worker.settings import load_settings
from worker.task_queue import workflow
from worker.task_queue.app import make_app
from worker.task_queue.messages import EMBEDDING
from worker.task_queue.queues import Queues

#: seconds until an unchanged heartbeat means death, and as long again until what nobody holds is lost
SILENCE = 20
LONG_AGO = 1_000_000


def test_held_by_the_living_is_never_lost(broker_url: str, ledger: Ledger) -> None:
    """One that was sent long ago stays with its living worker, and one that is queued stays in the queue, until the worker is gone."""
    settings = load_settings({"GROOVE_BROKER": broker_url, "GROOVE_SWEEPER__SILENCE_SECONDS": str(SILENCE)})
    app, queues, heartbeats = make_app(settings, publisher_only=True), Queues(settings), Heartbeats(settings)
    second = 0
    rescuer = Rescuer(
        settings=settings,
        ledger=ledger,
        queues=queues,
        enqueuer=Enqueuer(app),
        heartbeats=heartbeats,
        clock=lambda: second,
    )
    held, queued = received(ledger, "held", LONG_AGO), received(ledger, "queued", LONG_AGO + 1)
    workflow.enqueue(app, [workflow.prepare(app, queued.session_id, queued.version, sent_at=LONG_AGO + 1)])

    for second in range(0, 10 * SILENCE, 5):
        heartbeats.beat("embedding@one", now=second, held=[held])
        rescuer.run()
        assert queues.lengths()[EMBEDDING] == 1
    for second in range(10 * SILENCE, 12 * SILENCE - 5, 5):  # noqa: B007 - the rescuer's clock
        rescuer.run()
        assert queues.lengths()[EMBEDDING] == 1
    second = 12 * SILENCE
    rescuer.run()
    assert queues.lengths()[EMBEDDING] == 2
    steps = {id_: [line.step for line in ledger.history.session_detail(id_).steps] for id_ in ("held", "queued")}
    assert [id_ for id_, told in steps.items() if "sent again" in told] == ["held"]
