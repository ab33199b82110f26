"""No request leaves the machine that nobody asked for: every process is watched while it works."""

import os
import re
import subprocess
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen

import pytest
from acceptance.groove_command import Groove
from acceptance.small_sessions import sessions, write_events, write_learnings
from fixtures.broker import free_port
from fixtures.language_models import Provider
from fixtures.tiny_models import save_model
from fixtures.waiting import wait_until

pytestmark = pytest.mark.timeout(400)

TESTS = Path(__file__).parents[1]
ASK = """from worker.language_model import LanguageModel
print(LanguageModel("openai/local").ask([{"role": "user", "content": "x"}], most_tokens=9))"""


@pytest.fixture
def contacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which all that is started notes whom it means to reach."""
    file = tmp_path / "contacts"
    file.touch()
    monkeypatch.setenv("GROOVE_TEST_CONTACTS", str(file))
    _put_first(TESTS / "watched_sockets", monkeypatch)
    # what would make the parts quiet by itself stands in our images, and perhaps on the machine of who tests
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "LITELLM_LOCAL_MODEL_COST_MAP", "LITELLM_OFFLINE_MODE"):
        monkeypatch.delenv(name, raising=False)
    return file


def _put_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]))


def _python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)


def test_what_is_noted(contacts: Path, tmp_path: Path) -> None:
    """A name, and an address that is not this machine's; one that is, is nothing."""
    _python("import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 9))", tmp_path)
    _python("import urllib.request as r; r.urlopen('http://nobody.invalid/', timeout=1)", tmp_path)
    _python("import socket; socket.getaddrinfo('127.0.0.1', 9)", tmp_path)
    assert [line.rpartition(": ")[2] for line in contacts.read_text().splitlines()] == ["192.0.2.1", "nobody.invalid"]


def test_a_whole_run_reaches_nobody(groove: Groove, contacts: Path, tmp_path: Path) -> None:
    """Stack, tasks, and both libraries of the embedder: torch to convert the model, OpenVINO, which would tell its makers, to use it."""
    events = write_events(tmp_path / "events.jsonl", sessions(2))
    learnings = write_learnings(tmp_path / "learnings.jsonl")
    groove(
        "run",
        events,
        "--learnings",
        learnings,
        GROOVE_LOCAL__WORKERS="1",
        GROOVE_EMBEDDER__BACKEND="openvino",
        GROOVE_EMBEDDER__MODEL=str(save_model(tmp_path / "model")),
        GROOVE_EMBEDDER__DEVICE="cpu",
    )
    groove("doctor")
    assert contacts.read_text() == ""


def test_flower_and_the_dashboard_reach_nobody(groove: Groove, contacts: Path) -> None:
    """Their servers start and answer without a look at the network."""
    port, web_port = free_port(), free_port()
    groove.start("flower", "--port", str(port), GROOVE_BROKER=f"redis://127.0.0.1:{free_port()}")
    groove.start("up", "--web", GROOVE_LOCAL__WORKERS="1", GROOVE_WEB__PORT=str(web_port))
    for address in (f"http://127.0.0.1:{port}/healthcheck", f"http://127.0.0.1:{web_port}/login"):
        wait_until(partial(_answers, address), f"{address} answers", seconds=120)
    groove.end()
    assert contacts.read_text() == ""


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_a_judge_reaches_its_own_address_alone(
    provider: Provider, contacts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One request to it: no list of prices, no news, no figures of use; and a `.env` above the library sends it nowhere else."""
    found = find_spec("litellm")
    if found is None or found.origin is None:
        pytest.skip("needs LiteLLM")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "litellm").symlink_to(Path(found.origin).parent)
    (tmp_path / ".env").write_text("OPENAI_BASE_URL=http://elsewhere.invalid\n")
    _put_first(tmp_path / "site", monkeypatch)
    _put_first(TESTS / "watched_sockets", monkeypatch)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)  # which the library asks for before the fixture's variable
    done = _python(ASK, tmp_path)
    assert "Most of it was done" in done.stdout, done.stderr
    assert len(provider.asked) == 1
    assert contacts.read_text() == ""


def test_the_documentation_is_built_without_a_network(contacts: Path, tmp_path: Path) -> None:
    """The site, and what its pages make a browser load."""
    pytest.importorskip("mkdocs")
    root = TESTS.parent
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path / "site")]
    subprocess.run(command, cwd=root, check=True, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True)
    assert contacts.read_text() == ""
    loading = [
        (page.name, text)
        for page in (tmp_path / "site").rglob("*.html")
        for text in _loaded(page.read_text(encoding="utf-8"))
    ]
    assert not loading


def _loaded(page: str) -> list[str]:
    return re.findall(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"?(?:https?:)?//[^ >]*", page) + re.findall(
        r"<link\b(?![^>]*rel=\"?(?:canonical|next|prev))[^>]*\bhref=\"?(?:https?:)?//[^ >]*", page
    )
