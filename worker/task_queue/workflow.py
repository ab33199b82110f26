"""The workflow of one session, by task name: importing the tasks would load the model into whoever enqueues.

prepare_session                      queue embedding
  └─ chord attribute_learning × N    queue attribution
       └─ finish_session             queue finishing
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from celery import Celery
from celery.canvas import Signature
from celery.utils import uuid
from kombu import Producer

from worker.domain import SessionVersion
from worker.task_queue.broker import broker_errors
from worker.task_queue.messages import ATTRIBUTION, EMBEDDING, FINISHING, SENT_AT, to_wire

PREPARE = "groove.prepare_session"
ATTRIBUTE = "groove.attribute_learning"
FINISH = "groove.finish_session"

#: of one session: the queue serves tasks in their order, and whoever comes behind waits for these at most
MOST_TASKS = 100


def prepare(app: Celery, session_id: str, version: SessionVersion, *, sent_at: int) -> Signature:
    """`sent_at`: by the ledger's clock, asked before the ledger was told: the message is never younger than the ledger says."""
    return _signature(app, PREPARE, EMBEDDING, [session_id, to_wire(version)], f"session {session_id}", sent_at)


def attribute(
    app: Celery, session_id: str, version: SessionVersion, learning_ids: Sequence[str], *, sent_at: int
) -> Signature:
    shown = f"session {session_id}, learning {', '.join(learning_ids)}"
    return _signature(app, ATTRIBUTE, ATTRIBUTION, [session_id, to_wire(version), list(learning_ids)], shown, sent_at)


def finish(app: Celery, session_id: str, version: SessionVersion, *, sent_at: int) -> Signature:
    return _signature(app, FINISH, FINISHING, [session_id, to_wire(version)], f"session {session_id}", sent_at)


def _signature(app: Celery, name: str, queue: str, arguments: list[Any], shown: str, sent_at: int) -> Signature:
    return app.signature(
        name,
        args=arguments,
        immutable=True,
        queue=queue,
        argsrepr=shown,
        headers={SENT_AT: sent_at},
    )


def enqueue(app: Celery, signatures: Iterable[Signature]) -> int:
    """Send them in one pipelined batch -> how many. Raises `BrokerUnavailable`; the sweeper sends again what was lost."""
    count = 0
    with broker_errors(), app.producer_or_acquire() as producer, producer.batch():
        for count, signature in enumerate(signatures, 1):  # noqa: B007 - the last count is the answer
            _publish(app, producer, signature)
    return count


def _publish(app: Celery, producer: Producer, signature: Signature, **chord: Any) -> None:
    """The message that `signature.apply_async()` sends, at a third of its cost: ours has no links, routes or result to look after.

    `chord`: its group, its number in it and the callback.
    """
    options = signature.options
    message = app.amqp.create_task_message(
        uuid(),
        signature.task,
        args=signature.args,
        argsrepr=options["argsrepr"],
        kwargsrepr="{}",
        ignore_result=True,
        **chord,
    )
    producer.publish(
        message.body,
        routing_key=options["queue"],
        serializer=app.conf.task_serializer,
        headers=message.headers | options["headers"],
        **message.properties,
    )


def enqueue_session(
    app: Celery, session_id: str, version: SessionVersion, learning_ids: Sequence[str], *, per_task: int, sent_at: int
) -> None:
    """Start the chord of a prepared session; without learnings there is only the callback left.

    `per_task`: learnings of one task; more where the session has so many that other sessions would wait behind its tasks.
    """
    callback = finish(app, session_id, version, sent_at=sent_at)
    if not learning_ids:
        enqueue(app, [callback])
        return
    portions = _in_portions(learning_ids, max(per_task, -(-len(learning_ids) // MOST_TASKS)))
    header = [attribute(app, session_id, version, ids, sent_at=sent_at) for ids in portions]
    with broker_errors(), app.producer_or_acquire() as producer, producer.batch():
        _start_chord(app, producer, header, callback)


def _start_chord(app: Celery, producer: Producer, header: list[Signature], callback: Signature) -> None:
    """What `chord(header)(callback)` does, in one batch: that one sends message by message and looks after each one's result."""
    group_id = uuid()
    callback.freeze()
    app.backend.set_chord_size(group_id, len(header))
    for index, signature in enumerate(header):
        _publish(app, producer, signature, group_id=group_id, group_index=index, chord=callback)


def _in_portions(items: Sequence[str], size: int) -> list[list[str]]:
    remaining = iter(items)
    return list(iter(lambda: list(islice(remaining, size)), []))
