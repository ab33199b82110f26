"""The store's HTTP door as bytes: whatever comes in, the answer is no failure of ours, and the next request is served."""

import contextlib
import socket
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from fixtures.broker import free_port
from fixtures.store import READ, WRITE, learning, store_server
from fuzzing.budget import MINUTES, try_door
from fuzzing.documents import LEAVES, TEXTS, as_bytes, nearly
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from worker.metrics.serving import serving_metrics
from worker.settings import load_settings
from worker.store.api import StoreApi

pytestmark = [pytest.mark.fuzz, pytest.mark.timeout(120 + 150 * MINUTES)]

LEARNING = {"learning_id": "l", "category": "Preference", "description": "d", "insight": "i", "confidence": 0.5}
MADE = {
    "session_id": "s",
    "learning_id": "l",
    "decision": "inject",
    "withhold_probability": 0.1,
    "policy_version": "p",
    "decided_at": 1,
}
BODIES: dict[str, Any] = {
    "/assignments": {"session_id": "s", "learning_ids": ["l"], "decisions": [MADE]},
    "/learnings/import": {"actor": "a", "learnings": [LEARNING]},
    "/learnings/l/disable": {"actor": "a", "reason": "r"},
    "/attr/shadow": {"parameters": {"ablation": {"rate": 0.1}}, "readings": []},
    "/attr/rebuild": {"repair": False},
    "/assignments/policy": {"learning_ids": ["l"]},
    "/sessions/summaries": {"session_ids": ["s"]},
    "/learnings/l/undo": {"actor": "a"},
    "/learnings/sections": {"actor": "a", "drawn_with": {"l": None}},
}
PATHS = [
    "/attr/values",
    "/learnings",
    "/attr/show/l",
    "/attr/explain/l/s",
    "/sessions/s/records",
    "/docs/x",
    "/rpc/x",
    "/health",
]
QUERIES = ["sort", "limit", "offset", "status", "text", "beginning", "recent", "dry_run", "x"]
TOKENS = st.sampled_from(["", READ, WRITE, "wrong"])
PIECES = st.sampled_from(
    [
        *(
            b"GET ",
            b"POST ",
            b"PRI * HTTP/2.0",
            b"/health",
            b"/attr/values?limit=",
            b" HTTP/1.1",
            b" HTTP/9.9",
            b"\r\n",
            b"\n",
        ),
        *(
            b"Host: localhost",
            b"Content-Length: ",
            b"Transfer-Encoding: chunked",
            b"5\r\nabcde\r\n",
            b"0\r\n\r\n",
            b"ffffffffff",
        ),
        *(
            b"Connection: Upgrade",
            b"Upgrade: websocket",
            b"Expect: 100-continue",
            b": ",
            b"%00",
            b"\x00",
            b"\xff",
            b"a" * 3000,
        ),
        f"Authorization: Bearer {WRITE}".encode(),
    ]
)


def test_requests() -> None:
    """Any path, query and body of the public API, with any token."""
    with store_server("http://127.0.0.1:0") as (address, _), httpx.Client(base_url=address, timeout=20) as client:
        StoreApi(address, token=WRITE).import_learnings([learning("l")], actor="me")

        def door(asked: tuple[str, str, dict[str, Any], bytes, str]) -> None:
            method, path, query, body, token = asked
            told = "&".join(f"{name}={quote(str(value), errors='replace')}" for name, value in query.items())
            headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
            answer = client.request(method, f"{path}?{told}", content=body, headers=headers)
            assert answer.status_code < 500, (asked, answer.text)

        queries = st.dictionaries(st.sampled_from(QUERIES), LEAVES, max_size=3)
        named = TEXTS.map(lambda text: f"/attr/show/{quote(text, safe='', errors='replace')}")
        reads = st.tuples(
            st.sampled_from(["GET", "HEAD", "DELETE"]), st.sampled_from(PATHS) | named, queries, st.just(b""), TOKENS
        )
        writes: st.SearchStrategy[Any] = st.sampled_from(sorted(BODIES)).flatmap(
            lambda path: st.tuples(st.just("POST"), st.just(path), st.just({}), as_bytes(nearly(BODIES[path])), TOKENS)
        )
        try_door(door, reads | writes)


def told_to(port: int, sent: bytes) -> bytes:
    """The answer, or nothing where the connection was broken off."""
    with (
        contextlib.suppress(ConnectionError),
        socket.create_connection(("127.0.0.1", port), timeout=30) as stranger,
    ):
        stranger.sendall(sent)
        with contextlib.suppress(OSError):  # the other end may be gone already
            stranger.shutdown(socket.SHUT_WR)
        return stranger.recv(65536)
    return b""


def test_bytes() -> None:
    """What is hardly HTTP, cut off anywhere: the connection ends or answers, and the server answers others."""
    with store_server("http://127.0.0.1:0") as (address, _):
        port = urlsplit(address).port
        assert port is not None

        def door(sent: bytes) -> None:
            answer = told_to(port, sent)
            assert not answer.startswith((b"HTTP/1.1 500", b"HTTP/1.0 500")), answer
            assert httpx.get(f"{address}/health", timeout=20).status_code == 200

        try_door(door, st.lists(PIECES | st.binary(max_size=20), max_size=12).map(b"".join), examples=50)


def test_metrics() -> None:
    """The figures of a bridge or worker, likewise."""
    port = free_port()
    settings = load_settings({"GROOVE_METRICS__PORT": str(port), "GROOVE_STORE_READ_TOKEN": READ})
    with serving_metrics(settings, CollectorRegistry):

        def door(sent: bytes) -> None:
            told_to(port, sent)
            headers = {"Authorization": f"Bearer {READ}"}
            assert httpx.get(f"http://127.0.0.1:{port}/metrics", headers=headers, timeout=20).status_code == 200

        try_door(door, st.lists(PIECES | st.binary(max_size=20), max_size=12).map(b"".join), examples=50)
