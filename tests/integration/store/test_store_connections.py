"""What strangers begin and do not end: every request has deadlines and limits, and nobody keeps others out."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from fixtures.broker import free_port
from fixtures.store import READ, WRITE, learning, store_server
from fixtures.waiting import wait_until

from worker.store.api import StoreApi
from worker.store.server import connections


@pytest.fixture
def server() -> Iterator[tuple[int, int]]:
    """(port, pid) of a store."""
    with store_server("http://127.0.0.1:0") as (address, pid):
        port = urlsplit(address).port
        assert port is not None
        yield port, pid


def ask(port: int, method: str, path: str, body: bytes = b"", token: str = "") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        connection.request(method, path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def ended(connection: socket.socket, seconds: float) -> float:
    """Seconds until the other end closed it."""
    begun = time.monotonic()
    connection.settimeout(seconds)
    with contextlib.suppress(ConnectionResetError):
        while connection.recv(65536):
            pass
    return time.monotonic() - begun


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET /attr/status HTTP/1.1\r\nHost: x\r\nX-A: ",
        b"POST /assignments HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
        b"POST /assignments HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    ],
    ids=["nothing", "half a head", "half a body", "half a chunk"],
)
def test_what_does_not_arrive_is_not_waited_for(begun: bytes, server: tuple[int, int]) -> None:
    """The connection is closed within the deadline."""
    with socket.create_connection(("127.0.0.1", server[0])) as slow:
        slow.sendall(begun)
        assert ended(slow, 60) < max(connections.HEAD_S, 2 * connections.LOOK_S) + 15


def test_drops_do_not_keep_a_head_alive(server: tuple[int, int]) -> None:
    """The deadline is for the whole head, however often a byte of it comes."""
    with socket.create_connection(("127.0.0.1", server[0])) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ")
        begun = time.monotonic()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while time.monotonic() - begun < 60:
                slow.sendall(b"a")
                time.sleep(0.2)
        assert time.monotonic() - begun < connections.HEAD_S + 15


def test_a_head_without_end_is_cut(server: tuple[int, int]) -> None:
    """Long before it takes memory."""
    with socket.create_connection(("127.0.0.1", server[0])) as endless:
        endless.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ")
        sent = 0
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while sent < 100_000_000:
                sent += endless.send(b"a" * 10_000)
    assert sent < 50_000_000
    assert ask(server[0], "GET", "/health") == 200


def test_an_answer_that_nobody_reads_is_given_up(server: tuple[int, int]) -> None:
    """It does not lie in memory for as long as a stranger likes."""
    port, pid = server
    api = StoreApi(f"http://127.0.0.1:{port}", token=WRITE)
    api.import_learnings([learning(f"l{number}", insight="x" * 15_000) for number in range(1000)], actor="me")
    with socket.socket() as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect(("127.0.0.1", port))
        lazy.sendall(
            f"GET /learnings?limit=1000 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {READ}\r\n\r\n".encode()
        )
        lazy.recv(100)

        def is_given_up() -> bool:
            ends = {
                (c.raddr.port if c.raddr else 0)
                for c in psutil.Process(pid).net_connections("tcp")
                if c.status == "ESTABLISHED"
            }
            return lazy.getsockname()[1] not in ends

        wait_until(is_given_up, "the connection is closed", seconds=4 * connections.LOOK_S)


def test_more_connections_than_there_is_room_for(tmp_path: Path) -> None:
    """The oldest strangers go, others are served all the while, and the log stays short."""
    port, log = free_port(), tmp_path / "log"
    environ = os.environ | {"GROOVE_DATA_DIR": str(tmp_path / "data"), "GROOVE_STORE__PORT": str(port)}
    command = ["bash", "-c", 'ulimit -n 1024; exec "$@"', "-", sys.executable, "-P", "-m", "worker.cli", "store"]
    with (
        contextlib.ExitStack() as held,
        log.open("wb") as output,
        subprocess.Popen(command, env=environ, stdout=output, stderr=output) as store,
    ):
        try:
            wait_until(lambda: answers(port), "the store answers")
            for _ in range(1100):
                one = held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
                one.sendall(b"GET /attr/status HTTP/1.1\r\nHost: x\r\nX-A: ")
            assert all(answers(port) for _ in range(20))
        finally:
            store.terminate()
            store.wait(20)
    assert log.stat().st_size < 20_000


def answers(port: int) -> bool:
    try:
        return ask(port, "GET", "/health") == 200
    except OSError:
        return False


def test_the_longest_body_depends_on_whose_it_is(server: tuple[int, int]) -> None:
    """A stranger's, a reader's and a writer's; whatever is too long is refused before it is read."""
    port, _ = server
    short, usual, long = b" " * 70_000, b" " * 1_100_000, b" " * 17_000_000
    told = {
        (path, token, len(body)): ask(port, "POST", path, body, token)
        for path in ("/rpc/get_session_version", "/rpc/finish_session", "/assignments")
        for token in ("", READ, WRITE)
        for body in (short, usual, long)
    }
    assert {told[path, "", size] for path, _, size in told} == {413}
    assert {told[path, READ, len(usual)] for path, _, _ in told} == {413}
    assert told["/rpc/get_session_version", READ, len(short)] == 422
    assert told["/rpc/finish_session", WRITE, len(long)] == 422
    assert told["/assignments", WRITE, len(long)] == 413


def test_a_long_list_with_the_read_token_takes_no_memory(server: tuple[int, int]) -> None:
    """100 MB of ids: refused, and the server stays as small as it was."""
    port, pid = server
    ask(port, "GET", "/attr/status", token=READ)
    before = psutil.Process(pid).memory_info().rss
    body = b'{"session_id":["' + b'","'.join([b"a"] * 25_000_000) + b'"]}'
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it does not wait for the rest of it
        assert ask(port, "POST", "/rpc/get_session_version", body, READ) == 413
    assert psutil.Process(pid).memory_info().rss - before < 50_000_000


RECORD: dict[str, Any] = {
    "learning_id": "l",
    "session_id": "s",
    "timestamp": 1,
    "was_activated": True,
    "activation_confidence": 0.5,
    "activation_signals": [],
    "temporal_positive": 0.0,
    "temporal_negative": 0.0,
    "net_temporal": 0.0,
    "was_withheld": False,
    "session_outcome": 1.0,
    "attributed_value": 0.0,
}
FINISH: dict[str, Any] = {"session_id": "s", "version": {"timestamp": 1, "event_id": "e"}, "records": [RECORD]}


@pytest.mark.parametrize(
    ("place", "value"),
    [
        *((("session_id",), value) for value in ("", "a\nb", "\x1b[0m", "a\x00", "x" * 300, "\u202ea", 5, None)),
        *((("version", "event_id"), value) for value in ("", "a\x07", "y" * 256, 1)),
        *((("version", "timestamp"), value) for value in (2**70, -(2**63), "1", 1.5, True)),
        *((("version", "attempt"), value) for value in (-1, 2**40)),
        *((("records", 0, "learning_id"), value) for value in ("", "a\x1b]0;x\x07", "q" * 100_000)),
        *((("records", 0, "activation_confidence"), value) for value in ("NaN", "Infinity", "1e999", "1e308", '"0.5"')),
        *((("records", 0, "session_outcome"), value) for value in ("NaN", "1e308", "2")),
        *((("records", 0, "timestamp"), value) for value in (10**21, "9")),
        *((("records", 0, "was_activated"), value) for value in (1, "yes")),
        (("records", 0, "unknown"), 1),
    ],
    ids=repr,
)
def test_private_calls_are_held_to_a_schema(
    place: tuple[str | int, ...], value: object, shared: Callable[[dict[str, Any]], int]
) -> None:
    """Odd ids, moments that no calendar has, numbers that are none or mean nothing, and other types are the caller's fault."""
    asked = json.loads(json.dumps(FINISH))
    inner = asked
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    assert shared(asked) == 422


@pytest.fixture(scope="module")
def shared() -> Iterator[Callable[[dict[str, Any]], int]]:
    """Sends the end of a session to one server -> its status; texts that spell a number are sent as that number."""
    with store_server("http://127.0.0.1:0") as (address, _):
        port = urlsplit(address).port
        assert port is not None
        StoreApi(address, token=WRITE).import_learnings([learning("l")], actor="me")

        def send(asked: dict[str, Any]) -> int:
            text = json.dumps(asked)
            for number in ("NaN", "Infinity", "1e999", "1e308", "2"):
                text = text.replace(f'"{number}"', number)
            return ask(port, "POST", "/rpc/finish_session", text.encode(), WRITE)

        assert send({**FINISH, "session_id": "good", "records": [RECORD | {"session_id": "good"}]}) == 200
        yield send


def test_what_may_be_assigned_may_come_back(server: tuple[int, int]) -> None:
    """Ids of `POST /assignments` keep the rules for events."""
    for session_id in ("a\nb", "\x1b", "a\x00b", "\u202e", "é" * 128, "\u200b"):
        body = json.dumps({"session_id": session_id, "learning_ids": []}).encode()
        assert ask(server[0], "POST", "/assignments", body, WRITE) == 422


@pytest.mark.parametrize("length", [b"", b"+5", b"-1", b"1e3", b"9" * 30, "\u0663".encode(), b"0\r\nContent-Length: 1"])
def test_a_wrong_length_is_a_problem_as_described(length: bytes, server: tuple[int, int]) -> None:
    """Every endpoint's description has it."""
    with socket.create_connection(("127.0.0.1", server[0]), timeout=20) as stranger:
        stranger.sendall(b"GET /attr/values HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + length + b"\r\n\r\n")
        answer = http.client.HTTPResponse(stranger)
        answer.begin()
        assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
        assert json.loads(answer.read())["status"] == 400
