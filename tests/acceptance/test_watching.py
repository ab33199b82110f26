"""Flower and the health checks of the parts, each as its own process, as containers run them."""

import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator

import pytest
from fixtures.broker import free_port
from groove_command import Groove
from waiting import wait_until


@pytest.fixture
def connected(groove: Groove, broker_url: str) -> Iterator[dict[str, str]]:
    """Settings of parts that run on the test's broker."""
    yield {"GROOVE_BROKER": broker_url}
    groove.end()


def is_well(groove: Groove, *arguments: str) -> bool:
    command = [sys.executable, "-m", "worker.cli", "health", *arguments]
    return subprocess.run(command, env=groove.environ(), capture_output=True, check=False).returncode == 0


def status_of(port: int, path: str, password: str = "") -> int:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
    if password:
        request.add_header("authorization", "Basic " + b64encode(password.encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_flower_asks_for_the_password(groove: Groove, connected: dict[str, str]) -> None:
    """Pages and API answer to who knows it, and the health check needs none."""
    port = free_port()
    groove.start("flower", "--port", str(port), GROOVE_FLOWER_AUTH="groove:right", **connected)
    wait_until(lambda: is_well(groove, "flower", "--port", str(port)), "Flower answers")
    assert [status_of(port, "/api/tasks"), status_of(port, "/api/tasks", "groove:wrong")] == [401, 401]
    assert [status_of(port, "/api/tasks", "groove:right"), status_of(port, "/tasks", "groove:right")] == [200, 200]


def test_flower_without_a_password_has_no_api(groove: Groove, connected: dict[str, str]) -> None:
    """On loopback its pages are open, but what could change something is closed, whatever the environment says."""
    port = free_port()
    groove.start("flower", "--port", str(port), FLOWER_UNAUTHENTICATED_API="true", **connected)
    wait_until(lambda: is_well(groove, "flower", "--port", str(port)), "Flower answers")
    assert [status_of(port, "/tasks"), status_of(port, "/api/tasks")] == [200, 401]


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


def test_a_worker_shows_life_until_it_dies(groove: Groove, connected: dict[str, str]) -> None:
    """The health check sees a worker by its name, and its death by the silence."""
    worker = groove.start("worker", "--queues", "attribution", "--name", "first", **connected)
    wait_until(lambda: is_well(groove, "first"), "the worker goes round")
    assert not is_well(groove, "second")
    worker.kill()
    wait_until(lambda: not is_well(groove, "first", "--patience", "2"), "its silence is noticed")
