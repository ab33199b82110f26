"""The stack of docker-compose.yml under a project name of its own, to be fed, broken and looked at.

Needs a container engine, its compose tool, and the right to signal the containers' processes (root, or a rootless engine of one's own).
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from fixtures.broker import free_port

PROJECT_FOLDER = Path(__file__).parents[2]
SECRETS = (
    "IGGY_PASSWORD",
    "VALKEY_PASSWORD",
    "POSTGRES_PASSWORD",
    "STORE_READ_TOKEN",
    "STORE_WRITE_TOKEN",
    "FLOWER_PASSWORD",
)
#: for the walk only: a server slightly older than 0.9.0 refuses the SDK's call for new topics, but takes them over HTTP
HTTP = {"environment": {"IGGY_HTTP_ENABLED": "true", "IGGY_HTTP_ADDRESS": "0.0.0.0:3000"}}
OVERRIDE = {"services": {"iggy": HTTP}}
CREATE_TOPIC = """
import json, os, sys, urllib.error, urllib.request

def call(path, body, token=""):
    headers = {"content-type": "application/json"} | ({"authorization": "Bearer " + token} if token else {})
    request = urllib.request.Request("http://iggy:3000" + path, data=json.dumps(body).encode(), headers=headers)
    try:
        return json.load(urllib.request.urlopen(request, timeout=10))
    except urllib.error.HTTPError as error:
        if path.startswith("/users"):
            raise
        print(path, error.code)  # it is there already

password = os.environ["GROOVE_EVENT_LOG"].split("://iggy:")[1].rpartition("@")[0]
token = call("/users/login", {"username": "iggy", "password": password})["access_token"]["token"]
for stream, topic in (name.split("/") for name in sys.argv[1:]):
    call("/streams", {"name": stream}, token)
    options = {"enforce_fsync": "true", "messages_required_to_save": "1"}
    call(f"/streams/{stream}/topics", {"name": topic, "partitions_count": 4, "compression_algorithm": "none",
         "message_expiry": 0, "max_topic_size": 0, "options": options}, token)
"""
#: what `iggy user password` does, for images without that command
CHANGE_PASSWORD = """
import json, sys, urllib.request

def call(path, body, token="", method="POST"):
    headers = {"content-type": "application/json"} | ({"authorization": "Bearer " + token} if token else {})
    request = urllib.request.Request("http://iggy:3000" + path, json.dumps(body).encode(), headers, method=method)
    return urllib.request.urlopen(request, timeout=10).read()

old, new = sys.argv[1:]
token = json.loads(call("/users/login", {"username": "iggy", "password": old}))["access_token"]["token"]
call("/users/iggy/password", {"current_password": old, "new_password": new}, token, "PUT")
"""
SERVERS = ("iggy", "valkey", "postgres", "store")
#: what `tar` saves, by service
DATA = {"store": "/var/lib/groove", "iggy": "/app/local_data"}
TOPICS = ("groove.assessment/heavy", "groove.assessment/lightweight", "groove.attribution/sessions")


def has_engine() -> bool:
    """Whether an engine answers and its compose tool is there."""
    if shutil.which("docker") is None or not _compose_command():
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


def _compose_command() -> list[str]:
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    return ["docker", "compose"] if plugin.returncode == 0 else []


@dataclass(kw_only=True)
class ComposeStack:
    """`folder` is what commands see as /files."""

    folder: Path
    project: str = field(default_factory=lambda: f"groove-walk-{secrets.token_hex(3)}")
    flower_port: int = field(default_factory=free_port)
    web_port: int = field(default_factory=free_port)
    store_port: int = field(default_factory=free_port)
    secrets: dict[str, str] = field(default_factory=lambda: {name: secrets.token_hex(24) for name in SECRETS})

    @cached_property
    def environ(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GROOVE_")}
        return {
            **inherited,
            **self.secrets,
            "FLOWER_PORT": str(self.flower_port),
            "WEB_PORT": str(self.web_port),
            "STORE_PORT": str(self.store_port),
            "GROOVE_FILES": str(self.folder),
            "GROOVE_EMBEDDER__PRECISION": "float32",
            "IGGY_MEMLOCK": os.environ.get("IGGY_MEMLOCK", "8388608"),
            "USER": "walker",
        }

    # -- the stack as a whole

    def compose(self, *arguments: str, status: int = 0, seconds: float = 300) -> str:
        override = self.folder / "override.json"
        override.write_text(json.dumps(OVERRIDE))
        files = ["-f", str(PROJECT_FOLDER / "docker-compose.yml"), "-f", str(override)]
        where = ["--project-directory", str(PROJECT_FOLDER), "-p", self.project]
        return run([*_compose_command(), *files, *where, *arguments], self.environ, status=status, seconds=seconds)

    def up(self) -> None:
        """From whatever there is; topics are made first where the server refuses the product's own call."""
        self.compose("up", "-d", *SERVERS)
        self.wait_until(lambda: all(map(self._is_healthy, SERVERS)), "the servers are healthy")
        self.start_operator()
        self._ensure_topics()
        self.compose("up", "-d")
        self.wait_until(self._all_healthy, "every part is healthy")

    def scale(self, **copies: int) -> None:
        self.compose("up", "-d", *(f"--scale={name.replace('_', '-')}={number}" for name, number in copies.items()))
        self.wait_until(self._all_healthy, "every copy is healthy")

    def down(self, *, volumes: bool) -> None:
        self.stop_operator()
        self.compose("down", *(["--volumes"] if volumes else []))

    def wait_until(self, condition: Callable[[], bool], what: str, *, seconds: float = 900) -> float:
        """-> seconds that it took."""
        start = time.monotonic()
        while not condition():
            assert time.monotonic() < start + seconds, f"{what}: not after {seconds:g} s\n{self.story()}"
            time.sleep(0.5)
        return time.monotonic() - start

    def rotate_secrets(self) -> None:
        """By docs/how-to/change-secrets.md: what a server keeps in its volume is changed there, then everything takes the new ones."""
        new = {name: secrets.token_hex(24) for name in SECRETS}
        alter = f"ALTER USER groove PASSWORD '{new['POSTGRES_PASSWORD']}'"
        self._raw(
            ["exec", "-i", self.container("postgres"), "psql", "-U", "groove", "-v", "ON_ERROR_STOP=1"], alter.encode()
        )
        passwords = [self.secrets["IGGY_PASSWORD"], new["IGGY_PASSWORD"]]
        self.in_network(["python", "-", *passwords], stdin=CHANGE_PASSWORD)
        self.secrets.update(new)
        self.environ.update(new)
        self.up()

    def story(self) -> str:
        """For a failure: what runs, and the last lines of every part."""
        return self.compose("ps") + self.compose("logs", "--tail=15", "--no-color")

    def _all_healthy(self) -> bool:
        label = f"label=com.docker.compose.project={self.project}"
        states = run(["docker", "ps", "-a", "--filter", label, "--format", "{{.Names}} {{.Status}}"]).splitlines()
        return all("(healthy)" in state for state in states if not state.startswith(self.operator))

    # -- backups, by the commands of docs/how-to/back-up.md

    def back_up(self) -> None:
        """Ledger, store, event log, in this order."""
        (self.folder / "ledger.dump").write_bytes(
            self._raw(["exec", self.container("postgres"), "pg_dump", "-U", "groove", "-Fc", "groove"])
        )
        for service, data in DATA.items():
            self.compose("stop", service)
            archive = self._raw([*self._files_of(service), "-C", data, "-c", "."])
            (self.folder / f"{service}.tar").write_bytes(archive)
            self.compose("start", service)

    def restore(self) -> None:
        """Into new volumes."""
        self.compose("up", "--no-start")
        for service, data in DATA.items():
            archive = (self.folder / f"{service}.tar").read_bytes()
            self._raw([*self._files_of(service), "-C", data, "-x"], archive)
        self.compose("up", "-d", "postgres")
        self.wait_until(lambda: self._is_healthy("postgres"), "PostgreSQL is healthy")
        load = ["pg_restore", "-U", "groove", "-d", "groove", "--clean", "--if-exists"]
        self._raw(["exec", "-i", self.container("postgres"), *load], (self.folder / "ledger.dump").read_bytes())

    def _files_of(self, service: str) -> list[str]:
        mine = ["--volumes-from", self.container(service), "--user", "root"]
        return ["run", "--rm", "-i", *mine, "--entrypoint", "tar", "groove-light:local"]

    def _raw(self, arguments: list[str], stdin: bytes = b"") -> bytes:
        done = subprocess.run(["docker", *arguments], input=stdin, capture_output=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def _is_healthy(self, service: str) -> bool:
        state = run(["docker", "inspect", "-f", "{{.State.Health.Status}}", self.container(service)])
        return state.strip() == "healthy"

    # -- one container

    def containers(self, service: str) -> list[str]:
        return self.compose("ps", "-a", "-q", service).split()

    def container(self, service: str) -> str:
        (only,) = self.containers(service)
        return only

    def kill(self, container: str) -> None:
        """Kill -9 from outside, as the kernel does it when memory is short; the engine starts it again."""
        os.kill(int(run(["docker", "inspect", "-f", "{{.State.Pid}}", container])), signal.SIGKILL)

    def cut(self, container: str, service: str, *, seconds: float) -> None:
        """Nobody reaches it and it reaches nobody, for so long."""
        network = f"{self.project}_inside"
        run(["docker", "network", "disconnect", network, container])
        time.sleep(seconds)
        run(["docker", "network", "connect", "--alias", service, network, container])

    # -- commands

    @property
    def operator(self) -> str:
        return f"{self.project}-operator"

    def start_operator(self) -> None:
        """A container of service `groove` that stays, as starting one for every look takes seconds."""
        self.stop_operator()
        self.compose("run", "-d", "--no-deps", "--name", self.operator, "--entrypoint", "sleep", "groove", "infinity")

    def stop_operator(self) -> None:
        subprocess.run(["docker", "rm", "-f", self.operator], capture_output=True, check=False)

    def in_network(self, command: list[str], *, stdin: str = "") -> str:
        """Run it beside the parts, with their settings."""
        return run(["docker", "exec", "-i", self.operator, *command], stdin=stdin)

    def groove(self, *arguments: str, seconds: float = 60) -> str:
        return run(["docker", "exec", self.operator, "groove", *arguments], seconds=seconds)

    def asked(self, *arguments: str) -> Any:
        """The command's JSON; None while it cannot answer, because a part is down."""
        try:
            return json.loads(self.groove(*arguments, "--json"))
        except (AssertionError, ValueError, subprocess.TimeoutExpired):
            return None

    def published(self) -> list[dict[str, Any]]:
        """Everything in `groove.attribution` so far."""
        command = ["docker", "exec", self.operator, "timeout", "15", "groove", "tail", "--from-start"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        return [json.loads(line) for line in done.stdout.splitlines() if line.endswith("}")]

    def _ensure_topics(self) -> None:
        (self.folder / "nothing.jsonl").write_text("")
        command = ["docker", "exec", self.operator, "groove", "publish", "/files/nothing.jsonl"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode == 0:
            return
        assert "does not know the options" in done.stderr, done.stderr
        self.in_network(["python", "-", *TOPICS], stdin=CREATE_TOPIC)


def run(
    command: list[str],
    environ: dict[str, str] | None = None,
    *,
    stdin: str = "",
    status: int = 0,
    seconds: float = 120,
) -> str:
    done = subprocess.run(
        command, env=environ, input=stdin, capture_output=True, text=True, timeout=seconds, check=False
    )
    assert done.returncode == status, f"{' '.join(command)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout if status == 0 else done.stdout + done.stderr
