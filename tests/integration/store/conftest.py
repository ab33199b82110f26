"""Every store there is, one after the other, as `store`: in memory and on RocksDB; and a real server process to ask over HTTP."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from fixtures.store import store_server

from worker.store.cozo.store import CozoStore
from worker.store.protocol import AttributionStore


@pytest.fixture(params=["memory", "rocksdb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AttributionStore]:
    store = CozoStore(tmp_path / "store" if request.param == "rocksdb" else None)
    yield store
    store.close()


@pytest.fixture
def socket_address() -> Iterator[str]:
    """A unix socket in a short path: the kernel allows about 100 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="gs"))
    yield f"http+unix://{quote(str(folder / 's'), safe='')}"
    shutil.rmtree(folder)


@pytest.fixture
def server_address(socket_address: str) -> Iterator[str]:
    with store_server(socket_address) as (address, _):
        yield address
