"""The bridge as a process: what it says when it cannot start, and how it ends."""

from pathlib import Path

from bridge_runs.bridges import Bridges
from fixtures.broker import Broker, free_port
from fixtures.waiting import wait_until
from iggy_standin import wire
from iggy_standin.threaded import ThreadedStandIn

from worker.liveness.heartbeat_file import heartbeat_age, heartbeat_waits
from worker.settings import Settings


def bridges_on(log_url: str, broker_url: str, folder: Path) -> Bridges:
    """On a data folder that does not exist yet."""
    settings = {
        "GROOVE_EVENT_LOG": log_url,
        "GROOVE_BROKER": broker_url,
        "GROOVE_DATA_DIR": str(folder / "new" / "data"),
    }
    return Bridges(folder=folder, settings=settings)


def wait_until_alive(folder: Path) -> None:
    settings = Settings(data_dir=folder / "new" / "data")
    wait_until(lambda: heartbeat_age(settings, "bridge") is not None, "the bridge shows life")


def test_it_starts_on_nothing_and_ends_on_sigterm(
    iggy_standin: ThreadedStandIn, broker_url: str, tmp_path: Path
) -> None:
    """The folder, ledger and topics are made; SIGTERM ends it with status 0, its sign of life gone."""
    bridges = bridges_on(iggy_standin.url, broker_url, tmp_path)
    process = bridges.start()
    try:
        wait_until_alive(tmp_path)
        assert len(iggy_standin.messages("groove.attribution", "sessions")) == 4
        status, seconds = bridges.stop(process)
        assert (status, seconds < 10) == (0, True)
        assert heartbeat_age(Settings(data_dir=tmp_path / "new" / "data"), "bridge") is None
    finally:
        bridges.kill_all()


def test_a_stalled_log_does_not_hold_up_its_end(iggy_standin: ThreadedStandIn, broker_url: str, tmp_path: Path) -> None:
    """SIGTERM while a read gets no answer: status 0 within ten seconds all the same."""
    bridges = bridges_on(iggy_standin.url, broker_url, tmp_path)
    process = bridges.start()
    try:
        wait_until_alive(tmp_path)
        iggy_standin.server.stall(wire.POLL, 60)
        wait_until(lambda: wire.POLL not in iggy_standin.server._stall, "a read gets no answer")
        status, seconds = bridges.stop(process)
        assert (status, seconds < 10) == (0, True)
    finally:
        bridges.kill_all()


def test_what_it_waits_for_can_be_seen(iggy_standin: ThreadedStandIn, own_broker: Broker, tmp_path: Path) -> None:
    """Without a broker nothing can be handed over: the sign of life says so for as long as that lasts."""
    settings = Settings(data_dir=tmp_path / "new" / "data")
    bridges = bridges_on(iggy_standin.url, own_broker.url, tmp_path)
    bridges.start()
    try:
        wait_until_alive(tmp_path)
        own_broker.stop()
        wait_until(lambda: heartbeat_waits(settings, "bridge") is not None, "it says what it waits for")
        waits = heartbeat_waits(settings, "bridge")
        assert waits
        assert "broker" in waits[1]
        own_broker.start()
        wait_until(lambda: heartbeat_waits(settings, "bridge") is None, "it waits for nothing")
    finally:
        bridges.kill_all()


def test_without_a_log_it_says_so_and_ends(broker_url: str, tmp_path: Path) -> None:
    """One line with the address and status 1, soon: whoever supervises it starts it again."""
    bridges = bridges_on(f"iggy://iggy:secret@127.0.0.1:{free_port()}", broker_url, tmp_path)
    process = bridges.start()
    try:
        assert process.wait(timeout=30) == 1
    finally:
        bridges.kill_all()
    [line] = [line for line in bridges.output().splitlines() if line.startswith("groove bridge:")]
    assert "cannot be reached" in line
    assert "secret" not in bridges.output()
    assert not bridges.tracebacks()
