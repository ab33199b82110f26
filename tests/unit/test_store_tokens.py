"""The store's own tokens are made once for a data folder, and found only from the address that its store listens at."""

import multiprocessing
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from worker.errors import ConfigurationError
from worker.settings import load_settings
from worker.settings.store_tokens import StoreTokens, announced, forget, own_tokens, tokens_at


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[str]:
    """An address at which something listens, as a store does."""
    with socket.socket(socket.AF_UNIX) as found:
        found.bind(str(tmp_path / "s"))
        yield f"http+unix://{quote(str(tmp_path / 's'), safe='')}"


def test_tokens_are_made_once(tmp_path: Path) -> None:
    """They stay the same, they differ, and nobody else can read them; no other file is left."""
    first = own_tokens(tmp_path)
    assert own_tokens(tmp_path) == first
    assert len({first.read, first.write}) == 2
    assert min(len(first.read), len(first.write)) == 48
    [file] = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert first.read not in repr(first)


def _tell(folder: Path) -> str:
    return own_tokens(folder).write


def test_two_that_start_together_agree(tmp_path: Path) -> None:
    """Whoever is quicker makes them."""
    with multiprocessing.get_context("forkserver").Pool(4) as pool:
        assert len(set(pool.map(_tell, [tmp_path] * 16))) == 1


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o666])
def test_tokens_that_others_can_read_are_refused(mode: int, tmp_path: Path) -> None:
    """As in a folder that was cloned or unpacked: whoever made it knows them."""
    own_tokens(tmp_path)
    (tmp_path / "tokens").chmod(mode)
    with pytest.raises(ConfigurationError, match="remove it"):
        own_tokens(tmp_path)


@pytest.mark.parametrize("text", ["", "GROOVE_STORE_READ_TOKEN=a\n", "\xff\n"])
def test_a_damaged_file_is_refused_by_name(text: str, tmp_path: Path) -> None:
    """And the line holds nothing of it."""
    (tmp_path / "tokens").write_bytes(text.encode("latin-1"))
    (tmp_path / "tokens").chmod(0o600)
    with pytest.raises(ConfigurationError, match="tokens: "):
        own_tokens(tmp_path)


def test_each_address_leads_to_its_folder(tmp_path: Path, listener: str) -> None:
    """While the store is there; before and after, and for addresses elsewhere, nothing is sent."""
    own = own_tokens(tmp_path)
    assert tokens_at(listener) is None
    with announced(tmp_path, listener):
        assert tokens_at(listener) == own
        settings = load_settings({"GROOVE_STORE__URL": listener, "GROOVE_DATA_DIR": str(tmp_path / "other")})
        assert (settings.read_token(), settings.write_token()) == (own.read, own.write)
    assert tokens_at(listener) is None
    assert tokens_at("http://store:8077") is None
    assert tokens_at("http://192.0.2.1:8077") is None


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_a_port_on_loopback_leads_to_its_folder(host: str, tmp_path: Path) -> None:
    """Found by the port and address; nothing stays behind."""
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    with socket.create_server((host.strip("[]"), 0), family=family) as listening:
        port = listening.getsockname()[1]
        with announced(tmp_path, f"http://{host}:{port}"):
            own = own_tokens(tmp_path)
            assert tokens_at(f"http://{host}:{port}") == own
            assert (tokens_at(f"http://localhost:{port}") == own) == (host == "127.0.0.1")
            assert tokens_at(f"http://{host}:{port + 1}") is None
        assert tokens_at(f"http://{host}:{port}") is None


def test_what_a_killed_store_left_gives_way(tmp_path: Path, listener: str) -> None:
    """The next one at this address says anew which tokens hold there, or that those of the environment do."""
    ours, others = tmp_path / "ours", tmp_path / "others"
    for folder in (ours, others):
        folder.mkdir()
    announced(others, listener).__enter__()
    own = own_tokens(ours)
    with announced(ours, listener):
        assert tokens_at(listener) == own
    announced(others, listener).__enter__()
    own_tokens(others)
    forget(listener)
    assert tokens_at(listener) is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be two users")
def test_another_user_s_listener_gets_nothing(tmp_path: Path) -> None:
    """A port or socket of a store that was killed may be somebody else's by now."""
    own_tokens(tmp_path)
    os.setegid(65534)
    os.seteuid(65534)
    try:
        listening = socket.create_server(("127.0.0.1", 0))
    finally:
        os.seteuid(0)
        os.setegid(0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with listening, announced(tmp_path, url):
        assert tokens_at(url) is None
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as found:
        found.bind(str(path))
        os.chown(path, 65534, 65534)
        url = f"http+unix://{quote(str(path), safe='')}"
        with announced(tmp_path, url):
            assert tokens_at(url) is None


def test_tokens_of_the_environment_are_for_stores_without_their_own(tmp_path: Path, listener: str) -> None:
    """A team's token in the shell does not go to an embedded store that made its own."""
    environ = {"GROOVE_STORE__URL": listener, "GROOVE_STORE_WRITE_TOKEN": "of-the-team"}
    assert load_settings(environ).write_token() == "of-the-team"
    own = own_tokens(tmp_path)
    with announced(tmp_path, listener):
        assert load_settings(environ).write_token() == own.write
    assert isinstance(own, StoreTokens)
