"""Random input at every door: it is read, or refused by an error of ours with a reason, in bounded time."""

import contextlib
import http.client
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fixtures.broker import free_port
from fixtures.store import WRITE, store_server
from fixtures.waiting import wait_until
from fuzzing.budget import MINUTES, try_door
from fuzzing.documents import LEAVES, TEXTS, as_bytes, nearly
from hypothesis import strategies as st
from redis import Redis

from bridge.decode import Kind, decode
from worker.cli.support.output import moment, plain
from worker.errors import ConfigurationError, InvalidEvent
from worker.event_log.iggy_address import IggyAddress
from worker.event_log.opening import open_event_log
from worker.event_log.protocol import LogMessage
from worker.formats.heavy_event import HeavyEvent
from worker.formats.learning import learning_to_wire, read_learning
from worker.formats.transcripts.messages import parse_transcript
from worker.formats.transcripts.opening import read_transcript
from worker.formats.wire import derived_id, format_timestamp
from worker.layers.activation.chunks import chunk_transcript
from worker.layers.activation.named_code import named_code
from worker.layers.activation.wording import actions_of
from worker.ledger.database import Database
from worker.settings import load_settings
from worker.settings.addresses import RedisAddress, ledger_address, store_address
from worker.settings.loading import shown
from worker.settings.masking import masked
from worker.store.operations import OPERATIONS
from worker.system.parent_death import end_with_parent
from worker.task_queue import workflow
from worker.task_queue.broker import broker_client
from worker.task_queue.messages import ATTRIBUTION

pytestmark = [pytest.mark.fuzz, pytest.mark.timeout(120 + 150 * MINUTES)]

LOGGED_AT = 1_768_940_047_000_000
SIGNALS = [{"type": "negative", "pattern": "no", "confidence": 0.5}, {"type": "build_status", "passed": True}]
MESSAGES: list[dict[str, Any]] = [
    {"role": "user", "content": "do it"},
    {
        "role": "assistant",
        "content": [{"type": "tool_use", "id": "1", "name": "Bash", "input": {"command": "rg -n x"}}],
    },
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "is_error": True, "content": "none"}]},
    {"role": "assistant", "content": "[tool:Bash] rg\n[tool_result] x"},
]
CONTEXT: dict[str, Any] = {
    "session_id": "s",
    "event_id": "e",
    "timestamp": "2026-01-20T20:14:07Z",
    "active_learnings": ["a"],
    "withheld_learnings": ["b"],
    "withhold_probabilities": {"b": 0.1},
    "sampling_probability": 0.5,
    "transcript": {"messages": MESSAGES},
    "lightweight_events": [{"message_idx": 1, "signals": SIGNALS}],
}
FLAT = CONTEXT | {"outcome": "success"}
GROOVES = {"tier": "heavy", "context": CONTEXT | {"harness_type": "ClaudeCode"}, "outcome": 0.5}
LIGHT = {"context": {"session_id": "s", "timestamp": "2026-01-20T20:14:07Z"}, "message_idx": 1, "signals": SIGNALS}
LEARNING = {
    "id": "l",
    "scope": {"Project": "/app"},
    "category": "tool_usage",
    "content": {"description": "d", "insight": "Use `rg`, not `grep`", "pattern": "p"},
    "confidence": 0.5,
    "created_at": "2026-01-20T20:14:07Z",
    "source": {"name": "x"},
}


def decoded(kind: Kind, payload: bytes) -> Any:
    """What the bridge makes of it: always one thing, and a dead letter has a reason that can be shown."""
    message = LogMessage(offset=0, message_id=derived_id(payload), payload=payload, timestamp=LOGGED_AT)
    batch = decode(kind, [message], max_bytes=10_000_000)
    assert len(batch.heavy) + len(batch.lightweight) + len(batch.dead) == 1
    for letter in batch.dead:
        assert letter.reason
        letter.reason.encode()
    return [received.event for received in batch.heavy] or [received.event for received in batch.lightweight]


def test_heavy_events() -> None:
    """A heavy event is taken or a dead letter; of what is taken, all that is done with it can be done."""

    def door(payload: bytes) -> None:
        event: HeavyEvent
        for event in decoded("heavy", payload):
            format_timestamp(event.timestamp).encode()
            json.dumps([heard.model_dump(mode="json") for heard in event.lightweight_events], allow_nan=False).encode()
            event.session_id.encode()
            if event.transcript is not None:
                with contextlib.suppress(InvalidEvent):
                    chunk_transcript(parse_transcript(event.transcript))

    try_door(door, as_bytes(st.one_of(nearly(FLAT), nearly(GROOVES))))


def test_lightweight_events() -> None:
    """The same of a lightweight event."""
    try_door(lambda payload: [event.to_signals() for event in decoded("lightweight", payload)], as_bytes(nearly(LIGHT)))


def test_learnings() -> None:
    """A learning is refused, or written as a line that reads back to the same learning."""

    def door(payload: bytes) -> None:
        with contextlib.suppress(InvalidEvent):
            learning = read_learning(payload, now=LOGGED_AT)
            line = json.dumps(learning_to_wire(learning), ensure_ascii=False, allow_nan=False).encode()
            assert read_learning(line, now=0) == learning
            actions_of(learning.insight)
            named_code(learning.insight)
            plain(moment(learning.created_at)).encode()

    try_door(door, as_bytes(nearly(LEARNING)))


def test_transcripts() -> None:
    """A transcript's bytes are read or refused."""

    def door(data: bytes) -> None:
        with contextlib.suppress(InvalidEvent):
            chunk_transcript(read_transcript(data))

    lines = st.lists(as_bytes(nearly({"type": "assistant", "message": MESSAGES[1] | {"id": "m"}})), max_size=3)
    try_door(door, st.one_of(as_bytes(nearly({"messages": MESSAGES})), lines.map(b"\n".join)))


VARIABLES = st.sampled_from(
    [
        *(
            "BROKER",
            "EVENT_LOG",
            "LEDGER",
            "STORE__URL",
            "DATA_DIR",
            "STREAMS__HEAVY",
            "STREAMS__PARTITIONS",
            "BRIDGE__BATCH",
        ),
        *(
            "SWEEPER__INTERVAL_SECONDS",
            "STORE__PORT",
            "LOG__LEVEL",
            "ABLATION__SALT",
            "STORE_READ_TOKEN",
            "X",
            "A__B__C",
            "_",
        ),
    ]
)
SCHEMES = st.sampled_from(
    ["redis://", "rediss://", "redis+socket://", "unix://", "iggy://", "postgresql://", "sqlite:///"]
)
PIECES = st.sampled_from(
    ["u:p@", ":p@", "h", "[::1]", ":6379", "/0", "/x", "?db=1", "?tls=true", "&a=b", "%", "#", "@", ":", " "]
)
URLS = st.one_of(
    st.text(max_size=60),
    st.tuples(SCHEMES, st.lists(PIECES | st.text(max_size=3), max_size=6)).map(lambda p: p[0] + "".join(p[1])),
)


def test_settings() -> None:
    """Any environment gives settings that every part can open its address of, or one line."""

    def door(environ: dict[str, str]) -> None:
        refusal = ""
        try:
            settings = load_settings(environ)
            json.dumps(shown(settings))
            broker_client(settings)
            open_event_log(settings.event_log_url).close()
            Database(settings.ledger_url).dispose()
        except ConfigurationError as error:
            refusal = str(error)
        assert "\n" not in refusal

    names = VARIABLES.map("GROOVE_{}".format)
    try_door(door, st.dictionaries(names, URLS | LEAVES.map(str) | TEXTS, max_size=3))


def test_urls() -> None:
    """Any text is an address or refused, and no word of a refusal is part of its password."""

    def door(url: str) -> None:
        masked(url)
        for read in (RedisAddress.parse, ledger_address, store_address, IggyAddress.parse):
            with contextlib.suppress(ValueError, ConfigurationError):
                read(url)

    try_door(door, URLS)


def test_http_bodies() -> None:
    """The store answers every body of every operation with a success or the caller's fault, and goes on."""
    with store_server("http://127.0.0.1:0") as (address, _):
        port = int(address.rpartition(":")[2])

        def door(call: tuple[str, bytes]) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            headers = {"Authorization": f"Bearer {WRITE}", "Content-Type": "application/json"}
            connection.request("POST", f"/rpc/{call[0]}", call[1], headers)
            answer = connection.getresponse()
            text = answer.read()
            connection.close()
            assert answer.status < 500, text

        learning = {"learning_id": "l", "category": "Preference", "description": "d", "insight": "i"}
        arguments = {
            **dict.fromkeys(("learning_id", "session_id", "actor", "reason"), "l"),
            "learning_ids": ["l"],
            "learnings": [learning],
            "version": {"timestamp": 1, "event_id": "e"},
            "records": [],
            "now": 1,
            "limit": 1,
            "kind": "disabled",
            "repair": False,
        }
        bodies = st.sampled_from(sorted(OPERATIONS)).flatmap(
            lambda name: st.tuples(st.just(name), _body(name, arguments))
        )
        try_door(door, bodies)


def _body(name: str, arguments: dict[str, Any]) -> st.SearchStrategy[bytes]:
    taken = OPERATIONS[name].arguments.json_schema().get("properties", {})
    return as_bytes(nearly({key: value for key, value in arguments.items() if key in taken} or {"x": 1}))


def test_broker_messages(broker_url: str, tmp_path: Path) -> None:
    """A worker takes whatever lies in its queue, and is there for the next."""
    parent, client = os.getpid(), Redis.from_url(broker_url)
    environ = {
        "GROOVE_BROKER": broker_url,
        "GROOVE_DATA_DIR": str(tmp_path / "data"),
        "GROOVE_STORE__URL": f"http://127.0.0.1:{free_port()}",
        "GROOVE_WORKER__PATIENCE_SECONDS": "0.1",
    }
    body = [["s", [1, "e", 1]], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
    envelope = {
        "body": json.dumps(body),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"task": workflow.FINISH, "id": "1", "root_id": "1", "timelimit": [None, None], "eta": None},
        "properties": {
            "correlation_id": "1",
            "delivery_info": {"exchange": "", "routing_key": "x"},
            "delivery_tag": "1",
        },
    }
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "worker.cli", "worker", "--queues", "attribution"],
            env=os.environ | environ,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: end_with_parent(parent),  # noqa: PLW1509 - the test has one thread
        )

    def door(messages: list[bytes]) -> None:
        client.lpush(ATTRIBUTION, *messages)
        wait_until(lambda: client.llen(ATTRIBUTION) == 0 or process.poll() is not None, "the queue is read")
        assert process.poll() is None, (tmp_path / "log").read_bytes()[-2000:]

    try:
        wait_until(lambda: b" ready." in (tmp_path / "log").read_bytes(), "the worker is there", seconds=120)
        strange = as_bytes(nearly(envelope) | nearly(body).map(lambda inner: envelope | {"body": json.dumps(inner)}))
        try_door(door, st.lists(strange, min_size=20, max_size=20), examples=10)
    finally:
        process.terminate()
        process.wait(30)
