"""The store server as a process: who may own the folder, what survives a kill, how it stops, who is let in."""

import http.client
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from fixtures.store import READ, WRITE, attribute, learning, store_server

from worker.errors import ConfigurationError, GrooveError, StoreUnavailable
from worker.store.addresses import StoreAddress
from worker.store.api import StoreApi
from worker.store.client import HttpStore
from worker.store.cozo.store import CozoStore
from worker.store.server.app import serve
from worker.store.server.tokens import Tokens


def ask(
    address: str, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """A plain request, as a stranger would send it."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    answer = response.status, dict(response.headers), response.read()
    connection.close()
    return answer


def test_one_process_owns_the_folder(tmp_path: Path, socket_address: str) -> None:
    """A second server on the same folder gets one clear line, not a panic, and the first goes on."""
    folder = tmp_path / "store"
    with store_server(socket_address, folder=folder) as (address, _):
        with pytest.raises(StoreUnavailable, match=r"already open in another process") as refused:
            CozoStore(folder)
        assert "\n" not in str(refused.value)
        assert StoreApi(address, token=WRITE).status().counts["learnings"] == 0


def test_a_kill_loses_nothing_acknowledged(tmp_path: Path, socket_address: str) -> None:
    """What the server has answered for is there after a kill −9, and the sums agree with it."""
    folder = tmp_path / "store"
    with store_server(socket_address, folder=folder, killed=True) as (address, _):
        StoreApi(address, token=WRITE).import_learnings([learning("a")], actor="alex")
        store = HttpStore(address, token=WRITE)
        for number in range(200):
            attribute(store, f"s{number}", "a")
    reopened = CozoStore(folder)
    assert reopened.get_learning_value("a").session_count == 200
    assert reopened.rebuild(repair=False) == []
    reopened.close()


def test_the_client_lives_through_a_restart(tmp_path: Path, socket_address: str) -> None:
    """A kept connection gone stale is replaced without the caller noticing; while no server is there, it says so."""
    folder = tmp_path / "store"
    with store_server(socket_address, folder=folder) as (address, _):
        store = StoreApi(address, token=WRITE)
        store.import_learnings([learning("a")], actor="alex")
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        store.learning_ids()
    with store_server(socket_address, folder=folder):
        assert store.learning_ids() == ["a"]
    with store_server(socket_address, folder=folder):
        assert store.learning_ids() == ["a"]


def test_threads_and_forks_share_a_client(server_address: str) -> None:
    """Threads and children talk over connections of their own; the parent's stays whole."""
    api, store = StoreApi(server_address, token=WRITE), HttpStore(server_address, token=WRITE)
    api.import_learnings([learning("a")], actor="alex")
    errors: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for number in range(30):
                attribute(store, f"{name}-{number}", "a")
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert api.learning_ids() == ["a"]
    child = os.fork()
    if child == 0:
        os._exit(0 if api.show("a").value.session_count == 120 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert api.show("a").value.session_count == 120
    assert errors == []


def test_a_stop_closes_everything(tmp_path: Path, socket_address: str) -> None:
    """SIGTERM, with a client still connected, ends the server with status 0 and leaves no socket behind."""
    with store_server(socket_address, folder=tmp_path / "store") as (address, _):
        StoreApi(address, token=WRITE).status()
    assert not Path(unquote(urlsplit(socket_address).netloc)).exists()


def test_a_stale_socket_is_replaced_and_a_live_one_is_not(tmp_path: Path, socket_address: str) -> None:
    """After a kill the socket's file is still there and in nobody's way; that of a running server is left alone."""
    with store_server(socket_address, killed=True):
        pass
    assert Path(unquote(urlsplit(socket_address).netloc)).exists()
    with (
        store_server(socket_address),
        pytest.raises(ConfigurationError, match="cannot listen"),
        store_server(socket_address),
    ):
        pass


def test_a_taken_port_is_one_clear_line() -> None:
    """Somebody else listens there: said with the address."""
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"cannot listen at http://127.0.0.1:{port}"):
            serve(CozoStore(None), address=f"http://127.0.0.1:{port}", tokens=Tokens())


def test_an_answer_over_tcp_does_not_wait_for_its_own_head() -> None:
    """Head and body go out at once; the second of two packets would wait 40 ms for the first one's acknowledgement."""
    with store_server("http://127.0.0.1:0") as (address, _):
        store = StoreApi(address, token=WRITE)
        times = []
        for _ in range(20):
            begun = time.perf_counter()
            store.learning_ids()
            times.append(time.perf_counter() - begun)
    assert min(times[1:]) < 0.03


def test_an_open_door_is_for_loopback_only() -> None:
    """A server that can be reached from elsewhere does not start without a token."""
    with pytest.raises(ConfigurationError, match="needs a write token"):
        serve(CozoStore(None), address="http://0.0.0.0:0", tokens=Tokens(read="r"))


def test_tokens_open_what_they_are_for() -> None:
    """The read token reads, the write token does everything, others and none do nothing; health says only that it lives."""
    with store_server("http://127.0.0.1:0") as (address, _):
        for path in ("/attr/status", "/openapi.json", "/docs", "/metrics", "/attr/values"):
            assert ask(address, "GET", path)[0] == 401
            assert ask(address, "GET", path, Authorization="Bearer wrong")[0] == 401
            assert ask(address, "GET", path, Authorization=f"Bearer {READ}")[0] == 200
            assert ask(address, "GET", path, Authorization=f"Bearer {WRITE}")[0] == 200
        assert ask(address, "POST", "/learnings/a/pin", b"{}", Authorization=f"Bearer {READ}")[0] == 403
        assert ask(address, "POST", "/rpc/open_session", b"{}", Authorization=f"Bearer {READ}")[0] == 403
        asked = b'{"session_id": "s"}'
        assert ask(address, "POST", "/rpc/get_session_version", asked, Authorization=f"Bearer {READ}")[0] == 404
        assert ask(address, "GET", "/health")[2] == b'{"status":"ok"}'
        assert ask(address, "HEAD", "/health")[0] == 200
        with pytest.raises(GrooveError, match="refuses"):
            StoreApi(address, token="wrong").status()


def test_a_token_that_is_being_changed_is_no_failure_of_the_work() -> None:
    """A refusal, a proxy that reaches nobody and a server that is being stopped are waited out; what is too large is not."""
    with store_server("http://127.0.0.1:0") as (address, _), pytest.raises(StoreUnavailable, match="refuses"):
        HttpStore(address, token="wrong").get_session_version("s")
    for status, error in ((502, StoreUnavailable), (500, StoreUnavailable), (413, GrooveError)):
        with answering(f"HTTP/1.1 {status} Oh\r\nContent-Length: 2\r\n\r\nno".encode()) as address:
            with pytest.raises(GrooveError, match=str(status)) as found:
                HttpStore(address).get_session_version("s")
            assert type(found.value) is error


def test_an_interrupted_call_leaves_no_answer_behind() -> None:
    """Whatever interrupts the wait (a time limit's signal), the next call never gets the answer that this one asked for."""

    class TimeIsUp(Exception):
        pass

    def ring(*_: object) -> None:
        raise TimeIsUp

    with store_server("http://127.0.0.1:0") as (address, pid):
        store = StoreApi(address, token=WRITE)
        store.import_learnings([learning("a")], actor="me")
        os.kill(pid, signal.SIGSTOP)
        before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        try:
            with pytest.raises(TimeIsUp):
                store.status()
        finally:
            signal.signal(signal.SIGALRM, before)
            os.kill(pid, signal.SIGCONT)
        assert store.learning_ids() == ["a"]


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """An address at which whoever connects is told this."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def tell() -> None:
            with listener.accept()[0] as connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=tell)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def test_problems_are_told_as_documents() -> None:
    """Whatever is wrong with a request comes back as problem+json with the matching status."""
    token = f"Bearer {WRITE}"
    with store_server("http://127.0.0.1:0") as (address, _):
        for method, path, body, expected in (
            ("GET", "/nowhere", None, 404),
            ("DELETE", "/attr/status", None, 405),
            ("GET", "/attr/show/nobody", None, 404),
            ("GET", "/attr/values?limit=0", None, 422),
            ("GET", "/attr/values?colour=red", None, 422),
            ("POST", "/learnings/nobody/pin", b"{}", 404),
            ("POST", "/assignments", b"{", 422),
            ("POST", "/assignments", b'{"session_id": "s"}', 422),
            ("POST", "/rpc/run_script", b"{}", 404),
            ("POST", "/rpc/close", b"{}", 404),
            ("POST", "/rpc/get_session_version", b'{"session_id": "s", "script": "::relations"}', 422),
        ):
            status, headers, answer = ask(address, method, path, body, Authorization=token)
            assert (status, headers["content-type"]) == (expected, "application/problem+json"), path
            assert json.loads(answer)["status"] == expected
        as_text = {"Authorization": token, "Content-Type": "text/plain"}
        _, _, answer = ask(address, "POST", "/assignments", b'{"session_id": "s"}', **as_text)
        assert "Content-Type: application/json" in json.loads(answer)["detail"]
        status, _, _ = ask(
            address, "POST", "/rpc/open_session", None, **{"Authorization": token, "Content-Length": "99999999999"}
        )
        assert status == 413


def test_ids_with_slashes_find_their_way() -> None:
    """An id is any text: percent-encoded in a path, it separates nothing."""
    token = f"Bearer {WRITE}"
    with store_server("http://127.0.0.1:0") as (address, _):
        api = StoreApi(address, token=WRITE)
        api.import_learnings([learning("a/b?c {d}")], actor="alex")
        status, _, body = ask(address, "GET", "/attr/show/a%2Fb%3Fc%20%7Bd%7D", Authorization=token)
        assert (status, json.loads(body)["value"]["learning_id"]) == (200, "a/b?c {d}")
        attribute(HttpStore(address, token=WRITE), "s/t", "a/b?c {d}")
        status, _, body = ask(address, "GET", "/attr/explain/a%2Fb%3Fc%20%7Bd%7D/s%2Ft", Authorization=token)
        assert (status, json.loads(body)["adds_up"]) == (200, True)
        assert api.explain("a/b?c {d}", "s/t").adds_up


def test_people_decide_over_http() -> None:
    """Each action ends in the learning's history with who and why; assignments are logged."""
    token = f"Bearer {WRITE}"
    with store_server("http://127.0.0.1:0") as (address, _):
        StoreApi(address, token=WRITE).import_learnings([learning("a")], actor="alex")
        for action in ("disable", "enable", "pin", "unpin", "try"):
            body = json.dumps({"actor": "kim", "reason": action}).encode()
            assert ask(address, "POST", f"/learnings/a/{action}", body, Authorization=token)[0] == 200
        shown = json.loads(ask(address, "GET", "/attr/show/a", Authorization=token)[2])
        assert [d["reason"] for d in shown["history"]][1:] == ["disable", "enable", "pin", "unpin", "try"]
        assert shown["value"]["status"] == "Experimental"
        body = json.dumps({"session_id": "s", "learning_ids": ["a"]}).encode()
        first = ask(address, "POST", "/assignments", body, Authorization=token)
        assert (first[0], first[2]) == (200, ask(address, "POST", "/assignments", body, Authorization=token)[2])


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http+unix://%2Frun%2Fs%20x.sock", StoreAddress(socket_path=Path("/run/s x.sock"))),
        ("http://[::1]:8080", StoreAddress(host="::1", port=8080)),
        ("http://store:8080", StoreAddress(host="store", port=8080)),
    ],
)
def test_addresses_are_read_and_written(url: str, expected: StoreAddress) -> None:
    """An address survives being parsed and shown."""
    assert StoreAddress.parse(url) == expected
    assert str(expected) == url


@pytest.mark.parametrize("url", ["https://store", "store:80", "http://", "http://h:port"])
def test_addresses_that_are_none(url: str) -> None:
    """Anything else is refused by name."""
    with pytest.raises(ConfigurationError, match="address"):
        StoreAddress.parse(url)
