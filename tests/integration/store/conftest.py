"""Every store there is, one after the other, as `store`: in memory, on RocksDB, and over HTTP from a real server process."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from fixtures.store import WRITE, store_server

from worker.store.client import HttpStore
from worker.store.cozo.store import CozoStore
from worker.store.protocol import AttributionStore


@pytest.fixture(params=["memory", "rocksdb", "http"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AttributionStore]:
    if request.param == "http":
        yield request.getfixturevalue("http_store")
        return
    store = CozoStore(tmp_path / "store" if request.param == "rocksdb" else None)
    yield store
    store.close()


@pytest.fixture
def http_store(socket_address: str) -> Iterator[HttpStore]:
    with store_server(socket_address) as (address, _):
        store = HttpStore(address, token=WRITE)
        yield store
        store.close()


@pytest.fixture
def socket_address() -> Iterator[str]:
    """A unix socket in a short path: the kernel allows about 100 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="gs"))
    yield f"http+unix://{quote(str(folder / 's'), safe='')}"
    shutil.rmtree(folder)
