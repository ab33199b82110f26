"""Flower, figures for Prometheus and the health checks of the parts, each as its own process, as containers run them."""

import json
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from acceptance.groove_command import Groove
from acceptance.small_sessions import LEARNINGS, sessions, write_events, write_learnings
from fixtures.broker import free_port
from fixtures.waiting import wait_until

from worker.settings import load_settings

PROJECT_FOLDER = Path(__file__).parents[2]


@pytest.fixture
def connected(groove: Groove, broker_url: str) -> Iterator[dict[str, str]]:
    """Settings of parts that run on the test's broker."""
    yield {"GROOVE_BROKER": broker_url}
    groove.end()


def is_well(groove: Groove, *arguments: str, **settings: str) -> bool:
    command = [sys.executable, "-m", "worker.cli", "health", *arguments]
    return subprocess.run(command, env=groove.environ(**settings), capture_output=True, check=False).returncode == 0


def status_of(port: int, path: str, password: str = "") -> int:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
    if password:
        request.add_header("authorization", "Basic " + b64encode(password.encode(errors="surrogateescape")).decode())
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_flower_asks_for_the_password(groove: Groove, connected: dict[str, Any]) -> None:
    """Pages and API answer to who knows it, and the health check needs none."""
    port = free_port()
    groove.start("flower", "--port", str(port), GROOVE_FLOWER_AUTH="groove:right", **connected)
    wait_until(lambda: is_well(groove, "flower", "--port", str(port)), "Flower answers")
    assert [status_of(port, "/api/tasks"), status_of(port, "/api/tasks", "groove:wrong")] == [401, 401]
    assert [status_of(port, "/api/tasks", "groove:right"), status_of(port, "/tasks", "groove:right")] == [200, 200]


def test_flower_without_a_password_has_no_api(groove: Groove, connected: dict[str, Any]) -> None:
    """On loopback its pages are open, but what could change something is closed, whatever the environment says."""
    port = free_port()
    groove.start("flower", "--port", str(port), FLOWER_UNAUTHENTICATED_API="true", **connected)
    wait_until(lambda: is_well(groove, "flower", "--port", str(port)), "Flower answers")
    assert [status_of(port, "/tasks"), status_of(port, "/api/tasks")] == [200, 401]


def test_flower_shows_strangers_nothing(groove: Groove, connected: dict[str, Any], tmp_path: Path) -> None:
    """Passwords of any characters are right or wrong; a body has a limit before the password; no secret is in the log."""
    port, log = free_port(), tmp_path / "flower.log"
    environ = groove.environ(GROOVE_FLOWER_AUTH="groove:pässwörd", FLOWER_PORT="tcp://10.0.0.1:5555", **connected)
    command = [sys.executable, "-m", "worker.cli", "flower", "--port", str(port)]
    with log.open("wb") as output, subprocess.Popen(command, env=environ, stdout=output, stderr=output) as flower:
        try:
            wait_until(lambda: is_well(groove, "flower", "--port", str(port)), "Flower answers")
            told = [
                status_of(port, "/tasks", password) for password in ("groove:ä", "groove:pässwörd", "ä", "a:\udcff")
            ]
            assert told == [401, 200, 401, 401]
            with closing(socket.create_connection(("127.0.0.1", port))) as long:
                long.sendall(b"POST /api/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 90000000\r\n\r\n")
                assert b" 400 " in long.recv(1000)
        finally:
            flower.terminate()
            flower.wait(20)
    text = log.read_text()
    assert "pässwörd" not in text
    assert "Traceback" not in text


def test_flower_without_a_password_knows_its_names(groove: Groove, connected: dict[str, Any]) -> None:
    """A page under a name that somebody points at this machine gets nothing."""
    port = free_port()
    groove.start("flower", "--port", str(port), **connected)
    wait_until(lambda: is_well(groove, "flower", "--port", str(port)), "Flower answers")
    request = urllib.request.Request(f"http://127.0.0.1:{port}/tasks", headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request, timeout=10)


@pytest.mark.parametrize(
    ("address", "auth", "said"),
    [
        ("0.0.0.0", "", "can be reached from elsewhere: set GROOVE_FLOWER_AUTH"),
        ("127.0.0.1", "nothing", "must read user:password"),
        ("127.0.0.1", "user:", "must read user:password"),
        ("127.0.0.1", "user:pass,word", "must read user:password"),
    ],
)
def test_flower_refuses_an_open_door(address: str, auth: str, said: str, groove: Groove) -> None:
    """Beyond loopback it needs a password, and a password that Flower would read otherwise is none."""
    assert said in groove("flower", "--address", address, status=1, GROOVE_FLOWER_AUTH=auth)


def ask_flower(port: int, path: str, body: bytes | None = None) -> Any:
    headers = {"authorization": "Basic " + b64encode(b"groove:right").decode(), "content-type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


@pytest.mark.timeout(400)
def test_a_failed_try_is_seen_in_flower_and_tried_again(
    groove: Groove, connected: dict[str, Any], tmp_path: Path
) -> None:
    """The reason stands in the task's result; our command cures it; and Flower's own call runs a finished session in vain."""
    port = free_port()
    groove.start("flower", "--port", str(port), GROOVE_FLOWER_AUTH="groove:right", **connected)
    for part in ("store", "bridge", "worker"):
        groove.start(part, **connected)
    wait_until(lambda: is_well(groove, "flower", "--port", str(port)), "Flower answers")
    wait_until(lambda: is_well(groove, "store"), "the store answers")
    known, missing = tuple(LEARNINGS)[:-1], tuple(LEARNINGS)[-1]
    groove("learnings", "import", write_learnings(tmp_path / "known.jsonl", known), **connected)
    groove("publish", write_events(tmp_path / "events.jsonl", sessions(1)), **connected)

    def results(state: str) -> list[dict[str, Any]]:
        found = ask_flower(port, "/api/tasks").values()
        return [task for task in found if f"'state': '{state}'" in str(task["result"])]

    wait_until(lambda: len(results("finished")) == 1, "the session is finished without it", seconds=200)
    [failed] = results("failed")
    assert failed["name"] == "groove.attribute_learning"
    assert f"session session-0, learning {missing}" in failed["args"]
    assert "unknown learning" in failed["result"]
    page = urllib.request.Request(f"http://127.0.0.1:{port}/tasks")
    page.add_header("authorization", "Basic " + b64encode(b"groove:right").decode())
    with urllib.request.urlopen(page, timeout=10) as answer:
        shown = answer.read().decode()
    assert all(f'data-column="{column}"' in shown for column in ("args", "result"))

    [line] = groove.json("tasks", "failed", **connected)
    assert (line["session_id"], line["learning_id"]) == ("session-0", missing)
    groove("learnings", "import", write_learnings(tmp_path / "missing.jsonl", (missing,)), **connected)
    assert groove.json("tasks", "retry", "--session", "session", **connected)["opened"] == ["session-0"]
    wait_until(lambda: len(results("finished")) == 2, "the session is finished with it", seconds=200)
    assert groove.json("tasks", "failed", **connected) == []

    assert "activated" in groove("explain", missing[:3], "sess", **connected)
    values = groove("values", "--json", **connected)
    version = groove.json("sessions", "show", "session-0", **connected)["version"]
    arguments = ["session-0", [version[name] for name in ("timestamp", "event_id", "attempt")]]
    sent = ask_flower(port, "/api/task/async-apply/groove.prepare_session", json.dumps({"args": arguments}).encode())
    wait_until(lambda: [task["uuid"] for task in results("finished already")] == [sent["task-id"]], "it found all done")
    assert groove("values", "--json", **connected) == values


TOKENS = {"GROOVE_STORE_READ_TOKEN": "reader", "GROOVE_STORE_WRITE_TOKEN": "writer"}


def figures(port: int, token: str = "reader") -> dict[str, float]:
    """`name{labels}` -> number, of every figure at `/metrics`; none while nobody listens there."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            lines = answer.read().decode().splitlines()
    except urllib.error.URLError:
        return {}
    return {name: float(number) for name, _, number in (line.rpartition(" ") for line in lines if line[0] != "#")}


@pytest.mark.timeout(400)
def test_the_dashboard_shows_what_the_parts_tell(groove: Groove, connected: dict[str, Any], tmp_path: Path) -> None:
    """One session through the whole system: its figures are true, and no panel asks for a name that nobody exports."""
    store, bridge, worker, flower = (free_port() for _ in range(4))
    groove.start("store", GROOVE_STORE__PORT=str(store), **TOKENS, **connected)
    settings = {**TOKENS, **connected, "GROOVE_STORE__URL": f"http://127.0.0.1:{store}"}
    wait_until(lambda: is_well(groove, "store", **settings), "the store answers")
    groove("learnings", "import", write_learnings(tmp_path / "learnings.jsonl"), **settings)
    groove.start("flower", "--port", str(flower), **settings)
    wait_until(lambda: is_well(groove, "flower", "--port", str(flower)), "Flower answers")
    groove.start("bridge", GROOVE_METRICS__PORT=str(bridge), **settings)
    groove.start("worker", GROOVE_METRICS__PORT=str(worker), **settings)
    groove("publish", write_events(tmp_path / "events.jsonl", sessions(1)), **settings)
    finished = 'groove_sessions{state="finished"}'
    wait_until(lambda: figures(bridge).get(finished) == 1, "the session is finished", seconds=200)
    ended = 'flower_task_runtime_seconds_count{task="groove.finish_session"'
    wait_until(lambda: any(name.startswith(ended) for name in figures(flower, token="")), "Flower has heard of it")

    told = {**figures(store), **figures(bridge), **figures(worker), **figures(flower, token="")}
    assert told["groove_events_received_total"] == 1
    assert told['groove_learnings_in_sessions{state="done"}'] == len(LEARNINGS)
    assert told['groove_layer_seconds_count{layer="activation"}'] == len(LEARNINGS)
    assert told["groove_embedded_texts_total"] > len(LEARNINGS)
    assert told['groove_learnings{status="Active"}'] == len(LEARNINGS)
    assert told['groove_log_lag{partition="groove.assessment/heavy/0"}'] == 0
    assert told['groove_reachable{part="event log"}'] == 1
    dashboard = json.loads((PROJECT_FOLDER / "docs" / "grafana.json").read_text())
    asked = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    names = {name.partition("{")[0] for name in told}
    assert set(re.findall(r"(?:groove|flower)_\w+", asked)) <= names
    assert {
        name for name in names if re.fullmatch(r"groove_\w+(?<!_bucket)(?<!_count)(?<!_sum)(?<!_created)", name)
    } <= set(re.findall(r"groove_\w+", asked))


def test_figures_want_the_token(groove: Groove, connected: dict[str, Any]) -> None:
    """Where there is a token it is asked for; beyond loopback there has to be one; and a taken port stops the start."""
    port = free_port()
    groove.start("bridge", GROOVE_METRICS__PORT=str(port), **TOKENS, **connected)
    wait_until(lambda: "groove_dead_letters" in figures(port), "the bridge tells its figures")
    assert [status_of(port, "/metrics"), status_of(port, "/else")] == [401, 404]
    assert figures(port, token="wrong") == {}
    groove.end()
    elsewhere = {"GROOVE_METRICS__PORT": str(port), "GROOVE_METRICS__HOST": "0.0.0.0"}
    assert "set GROOVE_STORE_READ_TOKEN" in groove("bridge", status=1, **elsewhere, **connected)
    with closing(socket.create_server(("127.0.0.1", port))):
        said = groove("bridge", status=1, GROOVE_METRICS__PORT=str(port), **connected)
    assert f"metrics cannot be had at 127.0.0.1:{port}" in said


def test_a_worker_shows_life_until_it_dies(groove: Groove, connected: dict[str, Any]) -> None:
    """The health check sees a worker by its name, and its death by the silence."""
    worker = groove.start("worker", "--queues", "attribution", "--name", "first", **connected)
    wait_until(lambda: is_well(groove, "first"), "the worker goes round")
    assert not is_well(groove, "second")
    worker.kill()
    wait_until(lambda: not is_well(groove, "first", "--patience", "2"), "its silence is noticed")
    # what its pool shares with its children lies where the next stack clears it away, not in everybody's folder
    assert list(load_settings({"GROOVE_DATA_DIR": str(groove.folder / ".groove")}).run_dir.glob("pymp-*"))
