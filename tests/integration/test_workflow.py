"""How a session's chord reaches the broker."""

import base64
import json
from typing import Any

from celery import chord, group
from redis import Redis

from worker.domain import SessionVersion
from worker.settings import load_settings
from worker.task_queue import workflow
from worker.task_queue.app import make_app
from worker.task_queue.messages import ATTRIBUTION, EMBEDDING, SENT_AT

VERSION = SessionVersion(timestamp=1, event_id="event")
LEARNINGS = [f"learning {number}" for number in range(40)]


def test_a_sessions_header_goes_out_in_one_batch(broker_url: str) -> None:
    """Forty tasks cost the broker a few reads, not one each, and every task carries the callback and when it was sent."""
    app = make_app(load_settings({"GROOVE_BROKER": broker_url}))
    client = Redis.from_url(broker_url)
    workflow.enqueue_session(app, "connects", VERSION, ["learning"], per_task=1, sent_at=1)
    client.delete(ATTRIBUTION)
    before = client.info("stats")["total_reads_processed"]
    workflow.enqueue_session(app, "session", VERSION, LEARNINGS, per_task=1, sent_at=1_700_000_000_000_000)
    reads = client.info("stats")["total_reads_processed"] - before
    messages = [json.loads(message) for message in client.lrange(ATTRIBUTION, 0, -1)]
    client.delete(ATTRIBUTION)
    app.close()
    assert reads < len(LEARNINGS) / 2
    assert len(messages) == len(LEARNINGS)
    assert {message["headers"]["group"] for message in messages} == {messages[0]["headers"]["group"]}
    assert all(message["headers"][SENT_AT] == 1_700_000_000_000_000 for message in messages)
    assert all(_callback(message)["task"] == workflow.FINISH for message in messages)


def test_no_session_takes_the_queue_for_itself(broker_url: str) -> None:
    """However many learnings a session has, it sends a hundred tasks at most, each learning in one of them."""
    app = make_app(load_settings({"GROOVE_BROKER": broker_url}))
    client = Redis.from_url(broker_url)
    learnings = [f"learning {number}" for number in range(workflow.MOST_TASKS * 3 + 1)]
    workflow.enqueue_session(app, "many", VERSION, learnings, per_task=1, sent_at=1)
    bodies = [json.loads(base64.b64decode(json.loads(text)["body"])) for text in client.lrange(ATTRIBUTION, 0, -1)]
    client.delete(ATTRIBUTION)
    app.close()
    sent = [learning for (_, _, learning_ids), *_ in bodies for learning in learning_ids]
    assert len(bodies) <= workflow.MOST_TASKS
    assert sorted(sent) == sorted(learnings)


def _callback(message: dict[str, Any]) -> dict[str, Any]:
    *_, embedded = json.loads(base64.b64decode(message["body"]))
    found: dict[str, Any] = embedded["chord"]
    return found


def test_a_task_is_sent_as_celery_itself_would(broker_url: str) -> None:
    """Body, headers and delivery are those of `apply_async`, but for the message's own ids; it gets no address for an answer."""
    app = make_app(load_settings({"GROOVE_BROKER": broker_url}), publisher_only=True)
    client = Redis.from_url(broker_url)
    signature = workflow.prepare(app, "session", VERSION, sent_at=7)
    workflow.enqueue(app, [signature])
    signature.apply_async(ignore_result=True)
    theirs, ours = (_without_ids(json.loads(message)) for message in client.lrange(EMBEDDING, 0, -1))
    client.delete(EMBEDDING)
    app.close()
    assert ours == theirs


def test_a_chord_is_sent_as_celery_itself_would(broker_url: str) -> None:
    """Bodies, headers and the counter are those of `chord(header)(callback)`, but for ids; no task gets an address for an answer."""
    app = make_app(load_settings({"GROOVE_BROKER": broker_url}))
    client = Redis.from_url(broker_url)
    portions = [["a", "b"], ["c"]]
    header = [workflow.attribute(app, "session", VERSION, ids, sent_at=7) for ids in portions]
    # a publisher that is no worker would subscribe to every result, one by one
    app.backend.result_consumer.consume_from = lambda _task_id: None
    chord(group([signature.set(ignore_result=True) for signature in header], app=app))(
        workflow.finish(app, "session", VERSION, sent_at=7).set(ignore_result=True)
    )
    theirs, their_counter = _taken(client)
    workflow.enqueue_session(app, "session", VERSION, ["a", "b", "c"], per_task=2, sent_at=7)
    ours, our_counter = _taken(client)
    app.close()
    assert ours == theirs
    assert our_counter == their_counter == [b"2"]


def _taken(client: Redis) -> tuple[list[dict[str, Any]], list[bytes | str | None]]:
    """What waits in the queue, without its own ids, and what the counters of the chords say; both are gone then."""
    messages = [_without_chord_ids(json.loads(message)) for message in client.lrange(ATTRIBUTION, 0, -1)]
    counters = client.keys("celery-taskset-meta-*.s")
    sizes = [client.get(counter) for counter in counters]
    client.delete(ATTRIBUTION, *counters)
    return messages, sizes


def _without_chord_ids(message: dict[str, Any]) -> dict[str, Any]:
    arguments, keywords, embedded = json.loads(base64.b64decode(message.pop("body")))
    callback = embedded["chord"]
    options = {name: callback["options"][name] for name in ("queue", "argsrepr")}
    chord_ = {name: callback[name] for name in ("task", "args", "kwargs", "immutable")} | options
    assert message["headers"].pop("group")
    assert callback["options"]["task_id"]
    return _without_ids(message) | {"body": [arguments, keywords, chord_]}


def _without_ids(message: dict[str, Any]) -> dict[str, Any]:
    headers, properties = message.pop("headers"), message.pop("properties")
    del headers["timelimit"]  # Celery adds it where the process knows the task, as workers do and the bridge does not
    assert headers["id"] == headers["root_id"] == properties["correlation_id"]
    delivery = {name: properties[name] for name in ("delivery_mode", "delivery_info", "priority", "body_encoding")}
    return message | delivery | headers | {"id": "", "root_id": ""}
