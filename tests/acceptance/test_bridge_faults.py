"""Real bridge processes while everything around them fails: what the log holds is in the ledger, once, and the values are a quiet run's.

A few short seeds; `benchmarks/bridge_faults.py` runs as many as one likes.
"""

from pathlib import Path
from typing import Any

import pytest
from bridge_runs.found import Found
from bridge_runs.logs import RealLog, StandInLog
from bridge_runs.run import FaultRun
from fixtures.iggy import IggyServer
from iggy_standin.threaded import ThreadedProxy, ThreadedStandIn

pytestmark = pytest.mark.timeout(480)
#: heavy events of a run, and seconds over which they are published
SIZE: dict[str, Any] = {"events": 60, "seconds": 5.0}


def check(found: Found) -> None:
    print(found)
    assert found.is_well, found
    assert found.faults, found


@pytest.mark.parametrize("seed", [101])
def test_three_replicas_on_the_standin(
    seed: int, iggy_standin: ThreadedStandIn, broker_url: str, postgresql_url: str, tmp_path: Path
) -> None:
    """Connections cut, replies lost, stalls, restarts, a lost tail; replicas killed, frozen, leaving and joining: nothing is missing."""
    log = StandInLog(iggy_standin)
    options: dict[str, Any] = {"log": log, "broker_url": broker_url, "ledger_url": postgresql_url, "folder": tmp_path}
    check(FaultRun(seed=seed, **SIZE, **options).run())


def test_one_replica_on_sqlite(iggy_standin: ThreadedStandIn, broker_url: str, tmp_path: Path) -> None:
    """The same with the embedded ledger."""
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    options: dict[str, Any] = {
        "log": StandInLog(iggy_standin),
        "broker_url": broker_url,
        "ledger_url": url,
        "folder": tmp_path,
    }
    check(FaultRun(seed=201, replicas=1, **SIZE, **options).run())


@pytest.mark.iggy_server
@pytest.mark.parametrize("is_safe", [True, False], ids=["saved", "unsaved"])
def test_three_replicas_on_a_real_server(
    is_safe: bool,
    own_iggy_server: IggyServer,
    iggy_proxy: ThreadedProxy,
    broker_url: str,
    postgresql_url: str,
    tmp_path: Path,
) -> None:
    """The same faults, and hard stops: with our topic options the log loses nothing; without them what it lost is noticed as rewinds."""
    log = RealLog(own_iggy_server, iggy_proxy, is_safe=is_safe)
    options: dict[str, Any] = {"log": log, "broker_url": broker_url, "ledger_url": postgresql_url, "folder": tmp_path}
    found = FaultRun(seed=301, **SIZE, **options).run()
    check(found)
    if is_safe:
        assert (found.in_log, found.in_ledger, found.rewinds) == (found.events, found.events, 0)
