"""The walk through the stack of docker-compose.yml: fed, scaled, killed, cut off, upgraded, lost and restored, and never a digit changes.

`make compose-test`. Every line of the table that it prints is one thing done to the running stack while sessions were under way.
"""

import json
import os
import re
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from acceptance.compose_stack import PROJECT_FOLDER, SECRETS, ComposeStack, has_engine, run
from acceptance.compose_walk import EVENTS, LEARNINGS, PORTION, Walk, carrier, examples

pytestmark = [
    pytest.mark.compose,
    pytest.mark.timeout(7200),
    pytest.mark.skipif(not has_engine(), reason="no container engine with a compose tool answers"),
]

SCRAPE = """
import sys, urllib.error, urllib.request

request = urllib.request.Request(sys.argv[1], headers={"authorization": "Bearer " + sys.argv[2]})
try:
    with urllib.request.urlopen(request, timeout=10) as answer:
        print(answer.status, b"groove_" in answer.read())
except urllib.error.HTTPError as error:
    print(error.code, False)
"""
SERVICES = ("bridge", "worker-attribution", "worker-embedding", "store", "valkey", "postgres", "iggy", "flower", "web")


@pytest.fixture(scope="module")
def embedded_values(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What `groove run` makes of the examples, without any container."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GROOVE_")}
    environ |= {
        "GROOVE_DATA_DIR": str(tmp_path_factory.mktemp("embedded") / ".groove"),
        "GROOVE_EMBEDDER__PRECISION": "float32",
    }
    groove = [sys.executable, "-m", "worker.cli"]
    run([*groove, "run", str(EVENTS), "--learnings", str(LEARNINGS)], environ, seconds=900)
    return json.loads(run([*groove, "values", "--json"], environ))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeStack]:
    folder = tmp_path_factory.mktemp("files")
    folder.chmod(0o755)
    stack = ComposeStack(folder=folder)
    stack.compose("build", "store", "worker-embedding", seconds=2400)
    yield stack
    stack.down(volumes=True)


def test_nothing_starts_without_secrets(tmp_path: Path) -> None:
    """An empty secret stops the start with its name; there is no default that could stay in place."""
    stack = ComposeStack(folder=tmp_path)
    for name in SECRETS:
        stack.environ[name] = ""
        assert f"{name} is empty in .env" in stack.compose("config", "-q", status=1)
        stack.environ[name] = "x" * 24


def test_the_walk(embedded_values: Any, stack: ComposeStack) -> None:
    """Whatever is done to the stack: nothing is lost, and the values are those of the embedded run to the last digit."""
    walk = Walk(stack=stack, expected_values=embedded_values)
    print(f"\n{'action':<48} finished  lost  identical seconds")
    stack.up()
    (stack.folder / "learnings.jsonl").write_text(LEARNINGS.read_text())
    stack.groove("learnings", "import", "/files/learnings.jsonl")
    first_feed(walk)
    check_flower(stack)
    check_doors(stack)
    check_web(stack)
    kills(walk)
    cuts(walk)
    upgrade(walk)
    change_secrets(walk)
    down_and_up(walk)
    lose_and_restore(walk)
    check_examples(walk)
    print(stack.groove("doctor"))
    assert not [line for line in walk.lines if line.lost or not line.identical]


def first_feed(walk: Walk) -> None:
    """All examples, while copies come and go."""
    events = examples()
    walk.sessions = len(events)

    def scaled() -> None:
        walk.feed(events)
        walk.stack.scale(worker_attribution=3, worker_embedding=2, bridge=2)
        walk.stack.wait_until(lambda: walk.finished() >= len(events) // 2, "half of the sessions are finished")
        walk.stack.scale(worker_attribution=1, worker_embedding=1, bridge=1)

    walk.step("the examples; scale up to 3, 2, 2, and down", scaled)


def kills(walk: Walk) -> None:
    for service in SERVICES:

        def killed(service: str = service) -> None:
            walk.feed_anew()
            for container in walk.stack.containers(service):
                walk.stack.kill(container)

        walk.step(f"kill -9 {service}", killed)


def cuts(walk: Walk) -> None:
    for service in SERVICES:

        def cut(service: str = service) -> None:
            walk.feed_anew()
            walk.stack.cut(walk.stack.container(service), service, seconds=20)

        walk.step(f"cut off {service} for 20 s", cut)


def upgrade(walk: Walk) -> None:
    """Workers before the bridge: what an old worker does not know it would throw away."""

    def upgraded() -> None:
        walk.feed_anew()
        for service in ("store", "worker-attribution", "worker-embedding", "bridge", "flower", "web"):
            walk.stack.compose("up", "-d", "--no-deps", "--force-recreate", service, seconds=600)

    walk.step("replace every part, workers before bridge", upgraded)


def change_secrets(walk: Walk) -> None:
    def changed() -> None:
        walk.feed_anew()
        old = walk.stack.secrets["STORE_READ_TOKEN"]
        walk.stack.rotate_secrets()
        assert fetch(walk.stack.store_port, "/attr/status", {"authorization": f"Bearer {old}"})[0] == 401

    walk.step("change every secret", changed)


def down_and_up(walk: Walk) -> None:
    def again() -> None:
        walk.feed_anew()
        walk.stack.down(volumes=False)
        walk.stack.up()

    walk.step("down and up again with the volumes", again)


def lose_and_restore(walk: Walk) -> None:
    """What was published after the backup is published again, as an assessor would."""

    def restored() -> None:
        walk.stack.back_up()
        walk.feed_anew()
        walk.stack.down(volumes=True)
        walk.stack.restore()
        walk.stack.up()
        walk.stack.groove("publish", f"/files/{walk.files[-1]}")

    walk.step("back up, delete everything, restore", restored)


def check_examples(walk: Walk) -> None:
    """The programs of docs/own-programs.md, as they stand there: asking for assignments, publishing, the shell lines."""
    guide = (PROJECT_FOLDER / "docs" / "own-programs.md").read_text()
    inject, publish = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    learnings = [each["learning"]["learning_id"] for each in walk.stack.asked("learnings", "list")["learnings"][:5]]
    answer = json.loads(walk.stack.in_network(["python", "-", "a-new-session", *learnings], stdin=inject))
    assert sorted(answer["inject"] + answer["withhold"]) == sorted(learnings)
    assert set(answer["withhold_probabilities"]) == set(learnings)

    def published() -> None:
        file = walk.write_anew()
        assert f"{PORTION} published" in walk.stack.in_network(["python", "-", f"/files/{file}"], stdin=publish)

    walk.step("publish by the guide's own program", published)


def check_flower(stack: ComposeStack) -> None:
    """A password is asked for; tasks tell session and learning; the API call of the guide runs a task."""
    assert fetch(stack.flower_port, "/api/tasks")[0] == 401
    password = {"authorization": "Basic " + b64encode(f"groove:{stack.secrets['FLOWER_PASSWORD']}".encode()).decode()}
    status, body = fetch(stack.flower_port, "/api/tasks?limit=50", password)
    tasks = json.loads(body).values()
    assert status == 200
    assert any("session " in str(task["args"]) and "learning " in str(task["args"]) for task in tasks)

    session = stack.asked("sessions", "show", carrier(examples()[0])["session_id"])
    version = [session["version"][name] for name in ("timestamp", "event_id", "attempt")]
    arguments = json.dumps({"args": [session["session_id"], version]}).encode()
    status, body = fetch(stack.flower_port, "/api/task/async-apply/groove.prepare_session", password, arguments)
    task_id = json.loads(body)["task-id"]

    def succeeded() -> bool:
        status, body = fetch(stack.flower_port, f"/api/task/info/{task_id}", password)
        return status == 200 and json.loads(body)["state"] == "SUCCESS"

    stack.wait_until(succeeded, "the task sent through Flower is done")


def check_doors(stack: ComposeStack) -> None:
    """The store and all figures want a token, and no other service has a port on the machine, nor these two beyond loopback."""
    assert fetch(stack.store_port, "/attr/status")[0] == 401
    token = stack.secrets["STORE_READ_TOKEN"]
    reader = {"authorization": f"Bearer {token}"}
    assert [fetch(stack.store_port, path, reader)[0] for path in ("/attr/status", "/metrics")] == [200, 200]
    assert fetch(stack.store_port, "/assignments", reader, b"{}")[0] == 403
    for part in ("bridge", "worker-embedding", "worker-attribution"):
        answers = [stack.in_network(["python", "-", f"http://{part}:9100/metrics", token], stdin=SCRAPE)]
        answers += [stack.in_network(["python", "-", f"http://{part}:9100/metrics", ""], stdin=SCRAPE)]
        assert [answer.strip() for answer in answers] == ["200 True", "401 False"], part
    label = f"label=com.docker.compose.project={stack.project}"
    ports = run(["docker", "ps", "--filter", label, "--format", "{{.Ports}}"])
    published = sorted(part.split("->")[0] for part in ports.replace(",", "\n").split() if "->" in part)
    assert published == sorted(f"127.0.0.1:{port}" for port in (stack.flower_port, stack.store_port, stack.web_port))


def check_web(stack: ComposeStack) -> None:
    """The write token lets act and the read token look; a link from within lets in once; a learning is disabled, and that is undone."""
    base = f"http://127.0.0.1:{stack.web_port}"
    link = stack.compose("exec", "-T", "web", "groove", "web", "--link").strip().partition("/login?")[2]
    assert 'name="action"' in _logged_in(f"{base}/login?{link}")[1]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        _logged_in(f"{base}/login?{link}")
    assert 'name="action"' not in _logged_in(f"{base}/login", token=stack.secrets["STORE_READ_TOKEN"])[1]
    person, page = _logged_in(f"{base}/login", token=stack.secrets["STORE_WRITE_TOKEN"], name="walker")
    form = {"form_token": re.findall(r'name="form_token" value="([^"]+)"', page)[0]}
    learning = stack.asked("learnings", "list")["learnings"][0]["learning"]["learning_id"]
    headers = {"origin": base, "referer": f"{base}/learnings"}

    def act(what: str, **fields: str) -> str:
        body = urlencode(form | fields).encode()
        with person.open(
            urllib.request.Request(f"{base}/learnings/{learning}/{what}", body, headers), timeout=30
        ) as answer:
            return str(answer.read().decode())

    done = act("decide", action="disable", reason="trial")
    assert f"{learning} is disabled" in done
    [number] = re.findall(r'name="number" value="(\d+)"', done)
    assert "taken back" in act("undo", number=number)
    with person.open(f"{base}/operations", timeout=30) as answer:
        assert "bridge" in answer.read().decode()


def _logged_in(address: str, **form: str) -> tuple[urllib.request.OpenerDirector, str]:
    """-> who is logged in, and the page that they are led to."""
    person = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with person.open(address, urlencode(form).encode() if form else None, timeout=30) as answer:
        return person, answer.read().decode()


def fetch(port: int, path: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> tuple[int, str]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", data=body, headers={"content-type": "application/json"} | (headers or {})
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
