"""A real worker, and queues in which strangers have left things."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fixtures.broker import free_port
from fixtures.waiting import wait_until
from redis import Redis

from worker.domain import SessionVersion
from worker.liveness.broker_heartbeat import Heartbeats
from worker.settings import load_settings
from worker.system.clock import now_micros
from worker.system.parent_death import end_with_parent
from worker.task_queue import workflow
from worker.task_queue.app import make_app
from worker.task_queue.messages import ATTRIBUTION, FINISHING, named_session, to_wire

VERSION = SessionVersion(timestamp=1, event_id="event")
FAR = "2999-01-01T00:00:00+00:00"


def message(body: Any, *, task: str = workflow.FINISH, **headers: Any) -> dict[str, Any]:
    """An envelope as kombu writes it, around `body`."""
    number = base64.b64encode(os.urandom(9)).decode()
    return {
        "body": base64.b64encode(body if isinstance(body, bytes) else json.dumps(body).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": task, "id": number, "root_id": number, "group": None} | headers,
        "properties": {
            "correlation_id": number,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": ATTRIBUTION},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": number,
        },
    }


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in message([[], {}, {}]).items() if key != name}


def nested(depth: int) -> Any:
    """A list in a list, as deep as that."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


GOOD: list[Any] = ["session", [1, "event", 1]]
BODIES: list[Any] = [
    None,
    5,
    "text",
    [],
    {},
    [[]],
    [None, None, None],
    [[], [], []],
    [GOOD, {}],
    b"",
    b"\xff\xfe",
    b"[" * 5000,
    *([["session", nested(depth)], {}, {}] for depth in (200, 300, 400, 600, 900)),
]
ENVELOPES: list[bytes] = [
    *(b"garbage", b"5", b"[]", b"{}", b"null", b"\x00\x00", b"\xff", b'"x"', b"[" * 100_000, b'{"properties": 1}'),
    *(json.dumps(without(name)).encode() for name in ("headers", "properties", "body", "content-type")),
    json.dumps(message(GOOD) | {"headers": None}).encode(),
    json.dumps(message(GOOD) | {"headers": [1]}).encode(),
    json.dumps(message(GOOD) | {"properties": {"delivery_tag": [1], "delivery_info": None}}).encode(),
    json.dumps(message(GOOD) | {"content-type": "application/x-python-serialize"}).encode(),
]
TIME_LIMITS: list[Any] = [
    ["a", "b"],
    [1],
    5,
    "x",
    [-1, -1],
    [10**400, None],
    [None, 10**400],
    [float("nan"), 1],
    [None, float("inf")],
]
MOMENTS: list[Any] = ["never", 5, [], "9999-12-31T23:59:59-23:59"]
ENDS: list[Any] = ["never", [], {}, 10**400]
HEADERS: list[dict[str, Any]] = [
    *({"timelimit": value} for value in TIME_LIMITS),
    *({"eta": value} for value in MOMENTS),
    *({"expires": value} for value in ENDS),
    *(
        {"retries": "many"},
        {"id": None},
        {"id": 5},
        {"group": 5},
        {"stamps": 5},
        {"task": None},
        {"task": "os.system"},
        {"stamps": nested(600)},
    ),
]


@pytest.fixture
def worker(broker_url: str, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    parent = os.getpid()
    environ = os.environ | {
        "GROOVE_BROKER": broker_url,
        "GROOVE_DATA_DIR": str(tmp_path / "data"),
        "GROOVE_STORE__URL": f"http://127.0.0.1:{free_port()}",
    }
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "worker.cli", "worker", "--queues", "attribution", "--name", "bears"],
            env=environ,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: end_with_parent(parent),  # noqa: PLW1509 - the test has one thread
        )
        yield process
        process.terminate()
        process.wait(30)


def test_a_worker_bears_whatever_lies_in_its_queue(
    broker_url: str, worker: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """Malformed envelopes, bodies and headers each end with a line; none is put back, and the task behind them is done."""
    client, settings = Redis.from_url(broker_url), load_settings({"GROOVE_BROKER": broker_url})
    strange = [*ENVELOPES, *(json.dumps(message(body)).encode() for body in BODIES)]
    strange += [json.dumps(message([GOOD, {}, {}], **headers)).encode() for headers in HEADERS]
    prepare = message([[], {}, {}], task=workflow.PREPARE, eta=FAR)
    client.lpush(ATTRIBUTION, *strange, json.dumps(prepare).encode())
    app = make_app(settings, publisher_only=True)
    wait_until(lambda: client.llen(ATTRIBUTION) == 0 or worker.poll() is not None, "the queue is read")
    workflow.enqueue(app, [workflow.finish(app, "behind", VERSION, sent_at=1)])
    done = "task behind them"
    wait_until(lambda: _done(app) >= 1 or worker.poll() is not None, done)
    log = (tmp_path / "log").read_text(errors="replace")
    app.close()
    assert worker.poll() is None, log[-3000:]
    assert client.llen(ATTRIBUTION) == client.llen(FINISHING) == 0
    assert log.count("message_dropped") > len(ENVELOPES) // 2
    assert [beat.kind for beat in Heartbeats(settings).read()] == ["bears"]


def _done(app: Any) -> int:
    stats = app.control.inspect(timeout=0.5).stats() or {}
    return sum(of_one["total"].get(workflow.FINISH, 0) for of_one in stats.values())


def test_heartbeats_that_nobody_can_read_are_passed_over(broker_url: str) -> None:
    """Garbage and another version's form beside it do not hide a living part's heartbeat."""
    heartbeats = Heartbeats(load_settings({"GROOVE_BROKER": broker_url}))
    heartbeats.beat("bridge@here", now=now_micros())
    strange = [
        b"garbage",
        b"5",
        b"[]",
        b"null",
        b"{}",
        b"\xff",
        b'{"at": "x", "version": 1, "held": []}',
        b"[" * 100_000,
    ]
    strange += [b'{"at": 1, "version": "9", "held": 5}', b'{"at": 1e999, "version": "9", "held": []}']
    client = Redis.from_url(broker_url)
    for number, text in enumerate(strange):
        client.hset("groove-signs-of-life", f"x{number}\x1b", text)
    client.hset("groove-signs-of-life", b"\xff\xfe", b"garbage")
    try:
        assert [beat.part for beat in heartbeats.read()] == ["bridge@here"]
    finally:
        client.delete("groove-signs-of-life")


@pytest.mark.parametrize(
    "arguments",
    [None, [], ["s"], ["s", 5], ["s", []], [5, [1, "e", 1]], ["s", ["1", "e", 1]], ["s", [1, None, 1]], "ab", {}],
)
def test_arguments_that_name_no_session_are_told_apart(arguments: Any) -> None:
    """What a forged task is sent with is no session; what ours are sent with is."""
    assert named_session(arguments) is None
    assert named_session(["s", to_wire(VERSION), ["learning"]]) == ("s", VERSION)
