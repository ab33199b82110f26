"""A call of the store over TCP, as in compose, beside the same call over the unix socket, as embedded."""

import statistics
import time
from pathlib import Path

from fixtures.store import WRITE, learning, store_server

from worker.store.api import StoreApi

_CALLS = 60
#: seconds; scheduling on a busy machine, far below a delayed acknowledgement's 40 ms
_NOISE = 0.003


def test_tcp_is_as_quick_as_the_unix_socket(tmp_path: Path) -> None:
    """The median call takes at most half as long again: no answer waits for an acknowledgement of its own head."""
    with (
        store_server(f"http+unix://{str(tmp_path / 'store.sock').replace('/', '%2F')}") as (by_socket, _),
        store_server("http://127.0.0.1:0") as (by_tcp, _),
    ):
        assert median_call(by_tcp) < 1.5 * median_call(by_socket) + _NOISE


def median_call(address: str) -> float:
    """Seconds, over one kept connection."""
    store = StoreApi(address, token=WRITE)
    store.import_learnings([learning("l")], actor="test")
    took = []
    for _ in range(_CALLS):
        began = time.perf_counter()
        store.learning_ids()
        took.append(time.perf_counter() - began)
    store.close()
    return statistics.median(took)
