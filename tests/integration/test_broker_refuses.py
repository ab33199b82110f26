"""A broker that answers but takes no writes is waited for, as one that is away."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fixtures.broker import Broker, free_port
from fixtures.waiting import wait_until
from redis import Redis

from worker.system.parent_death import end_with_parent
from worker.task_queue.messages import ATTRIBUTION

pytestmark = pytest.mark.timeout(300)


@contextmanager
def refused_worker(broker: Broker, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that has been told so, its output in `tmp_path/log`."""
    client = Redis.from_url(broker.url)
    environ = os.environ | {
        "GROOVE_BROKER": broker.url,
        "GROOVE_DATA_DIR": str(tmp_path / "data"),
        "GROOVE_STORE__URL": f"http://127.0.0.1:{free_port()}",
    }
    parent, log = os.getpid(), tmp_path / "log"
    client.lpush(ATTRIBUTION, *[b"no message of ours"] * 3)
    client.config_set("maxmemory", 100_000)
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-P", "-m", "worker.cli", "worker", "--queues", "attribution"],
            env=environ,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=lambda: end_with_parent(parent),  # noqa: PLW1509 - the test has one thread
        ) as worker,
    ):
        try:
            wait_until(lambda: b"broker_refuses" in log.read_bytes(), "it has been told", seconds=120)
            assert worker.poll() is None
            yield worker
        finally:
            worker.terminate()
            worker.wait(30)
    assert log.read_bytes().count(b"broker_refuses") <= 2
    assert b"Traceback" not in log.read_bytes()


def test_a_worker_waits_for_a_full_broker(own_broker: Broker, tmp_path: Path) -> None:
    """One line says so; with room again it takes what lies in its queue."""
    client = Redis.from_url(own_broker.url)
    with refused_worker(own_broker, tmp_path) as worker:
        client.config_set("maxmemory", 0)
        wait_until(lambda: client.llen(ATTRIBUTION) == 0, "the queue is read", seconds=60)
        assert worker.poll() is None


def test_a_worker_that_waits_can_be_stopped(own_broker: Broker, tmp_path: Path) -> None:
    """As service managers do it, with all its processes at once: it ends in order."""
    with refused_worker(own_broker, tmp_path) as worker:
        os.killpg(worker.pid, signal.SIGTERM)
        assert worker.wait(60) == 0
