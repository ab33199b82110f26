"""A broker that answers but takes no writes is waited for, as one that is away."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fixtures.broker import Broker, free_port
from fixtures.waiting import wait_until
from redis import Redis

from worker.system.parent_death import end_with_parent
from worker.task_queue.messages import ATTRIBUTION


@pytest.mark.timeout(300)
def test_a_worker_waits_for_a_full_broker(own_broker: Broker, tmp_path: Path) -> None:
    """One line says so; with room again it takes what lies in its queue."""
    client = Redis.from_url(own_broker.url)
    environ = os.environ | {
        "GROOVE_BROKER": own_broker.url,
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
            client.config_set("maxmemory", 0)
            wait_until(lambda: client.llen(ATTRIBUTION) == 0, "the queue is read", seconds=60)
            assert worker.poll() is None
        finally:
            worker.terminate()
            worker.wait(30)
    assert log.read_bytes().count(b"broker_refuses") <= 2
    assert b"Traceback" not in log.read_bytes()
