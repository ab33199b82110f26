"""An embedded store asks for tokens that it made itself; its user's commands and workers find them, and nobody else does."""

import json
import os
import shutil
import stat
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from acceptance.groove_command import Groove
from acceptance.small_sessions import sessions, write_events, write_learnings
from fixtures.broker import free_port
from fixtures.waiting import wait_until


def status_of(port: int, path: str, token: str = "") -> int:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
    if token:
        request.add_header("authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def tokens_of(folder: Path) -> dict[str, str]:
    return dict(line.split("=") for line in (folder / "tokens").read_text().splitlines())


def test_a_port_asks_for_the_folder_s_tokens(groove: Groove, tmp_path: Path) -> None:
    """Beside the socket, of which commands of any folder find the tokens by the address; strangers stay outside."""
    port = free_port()
    store = groove.start("store", GROOVE_STORE__PORT=str(port))
    wait_until(lambda: status_of(port, "/health") == 200, "the store answers")
    groove("learnings", "import", write_learnings(tmp_path / "learnings.jsonl"))
    there: dict[str, Any] = {
        "GROOVE_STORE__URL": f"http://127.0.0.1:{port}",
        "GROOVE_DATA_DIR": str(tmp_path / "another"),
    }
    assert groove.json("values", **there) == groove.json("values")
    assert groove("health", "store", **there) == groove("health", "store")
    found = tokens_of(tmp_path / ".groove")
    assert [
        status_of(port, "/attr/status", token)
        for token in ("", "wrong", found["GROOVE_STORE_READ_TOKEN"], found["GROOVE_STORE_WRITE_TOKEN"])
    ] == [401, 401, 200, 200]
    assert stat.S_IMODE((tmp_path / ".groove" / "tokens").stat().st_mode) == 0o600
    store.terminate()
    store.wait(20)
    assert not (tmp_path / ".groove" / "run" / "store.sock.tokens").is_symlink()
    groove("values")
    assert tokens_of(tmp_path / ".groove") == found


@pytest.mark.timeout(300)
def test_parts_that_start_before_the_store_find_its_tokens(groove: Groove, tmp_path: Path, broker_url: str) -> None:
    """A worker is there first; then comes the store, which makes its tokens, and the session is finished."""
    connected: dict[str, Any] = {"GROOVE_BROKER": broker_url}
    events = write_events(tmp_path / "events.jsonl", sessions(1))
    groove("publish", events, **connected)
    for part in ("worker", "bridge"):
        groove.start(part, **connected)
    alive = tmp_path / ".groove" / "run" / "worker.alive"
    wait_until(alive.exists, "the worker is there", seconds=100)
    groove.start("store", **connected)
    wait_until((tmp_path / ".groove" / "run" / "store.sock").exists, "the store is there")
    groove("learnings", "import", write_learnings(tmp_path / "learnings.jsonl"), **connected)

    def state() -> str:
        return str(groove.json("sessions", "list", **connected)[0]["state"])

    wait_until(lambda: state() == "finished", "the session is finished", seconds=200)
    groove.end()


def test_a_file_of_a_clone_does_not_say_where_secrets_go(groove: Groove) -> None:
    """A `groove.toml` that merely lies in the working folder is refused in one line; one that is named is read."""
    (groove.folder / "groove.toml").write_text('[store]\nurl = "http://127.0.0.1:1"\n')
    [line] = groove("values", status=1, GROOVE_STORE_WRITE_TOKEN="secret").splitlines()
    assert line.startswith("groove: groove.toml: store.url ")
    assert "--config groove.toml" in line
    shown = json.loads(groove("--config", "groove.toml", "config", "show", "store.url", "--json"))
    assert shown[0]["value"] == "http://127.0.0.1:1"


def test_what_directs_no_secret_is_read_from_the_working_folder(groove: Groove) -> None:
    """The rest of a project's settings holds as ever."""
    (groove.folder / "groove.toml").write_text('data_dir = "elsewhere"\n[ablation]\nrate = 0.2\n')
    assert groove.json("config", "show", "ablation.rate")[0]["value"] == 0.2


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_store_does_not_start_in_somebody_else_s_run_folder(groove: Groove, tmp_path: Path) -> None:
    """Whoever made it could exchange the sockets."""
    data = tmp_path / ("x" * 110)
    environ: dict[str, Any] = {"GROOVE_DATA_DIR": str(data)}
    from worker.settings import load_settings

    run = load_settings(environ).run_dir
    run.mkdir()
    os.chown(run, 65534, 65534)
    try:
        assert "belongs to user 65534" in groove("store", status=1, **environ)
        assert not list(run.iterdir())
    finally:
        shutil.rmtree(run)
