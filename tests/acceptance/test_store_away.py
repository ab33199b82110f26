"""A person asks while the store server is away, hangs or says no: told once, with what to do."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from acceptance.groove_command import Groove
from fixtures.broker import free_port
from fixtures.store import store_server

TOKENS = {"GROOVE_STORE_READ_TOKEN": "r", "GROOVE_STORE_WRITE_TOKEN": "w"}


@pytest.fixture(params=["refuses connections", "accepts and is silent", "does not know the token"])
def away(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Settings that name a store server which is of no use."""
    if request.param == "refuses connections":
        yield {"GROOVE_STORE__URL": f"http://127.0.0.1:{free_port()}", **TOKENS}
    elif request.param == "accepts and is silent":
        with closing(socket.create_server(("127.0.0.1", 0))) as silent:
            yield {"GROOVE_STORE__URL": f"http://127.0.0.1:{silent.getsockname()[1]}", **TOKENS}
    else:
        with store_server("http://127.0.0.1:0") as (address, _):
            yield {"GROOVE_STORE__URL": address, **TOKENS}


def test_a_command_says_what_it_could_not_reach(away: dict[str, Any], groove: Groove) -> None:
    """One line: which part, where, why, and what to do about it."""
    [line] = groove("values", status=1, **away).splitlines()
    assert away["GROOVE_STORE__URL"] in line
    assert "docker compose up -d store" in line
    assert "cannot be reached" in line or "refuses" in line


def test_the_status_says_it_once(away: dict[str, Any], groove: Groove) -> None:
    """The rest is told all the same, the reason stands in one place, and the exit status is 1."""
    lines = groove("status", status=1, **away).splitlines()
    [line] = [line for line in lines if "the store server" in line]
    assert line.startswith("learnings  ")
    assert "docker compose up -d store" in line
    assert lines[-1].split() == ["average", "value", "-"]
    assert "error" in json.loads(groove("status", "--json", status=1, **away))["learnings"]


def test_the_doctor_says_it_once(away: dict[str, Any], groove: Groove) -> None:
    """As a finding, with its advice on the line below."""
    lines = [line.strip() for line in groove("doctor", status=1, **away).splitlines()]
    [place] = [number for number, line in enumerate(lines) if line.startswith("BAD  store: ")]
    assert lines[place + 1].startswith("start it")
    assert sum("docker compose up -d store" in line for line in lines) == 1


def test_a_host_that_nobody_finds_in_time_is_away() -> None:
    """Whatever it is that takes so long, the wait has an end, and what fails at once is told at once."""
    from threading import Event

    from worker.errors import StoreUnavailable
    from worker.operations.store_probe import _within

    release = Event()

    def wait() -> None:
        release.wait(60)

    with pytest.raises(TimeoutError):
        _within(0.01, wait)
    release.set()

    def fail() -> None:
        raise StoreUnavailable("refused")

    with pytest.raises(StoreUnavailable, match="refused"):
        _within(60, fail)


def test_who_can_wait_is_told_so_and_gets_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dashboard waits for a store that works out its first values, and says so once."""
    from threading import Event

    from worker.operations import store_probe

    monkeypatch.setattr(store_probe, "PATIENCE_SECONDS", 0.01)
    release, told = Event(), []

    def tell() -> None:
        told.append("waiting")
        release.set()

    store_probe._within(60, lambda: assert_set(release), on_wait=tell)
    assert told == ["waiting"]
    store_probe._within(60, lambda: None, on_wait=tell)
    assert told == ["waiting"]


def assert_set(release: Any) -> None:
    assert release.wait(60)
