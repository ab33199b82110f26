"""What may happen to a hook: each done to its real process, which then must end well, silently, with all learnings given or none."""

import contextlib
import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from assessor.hooks.assistants import ASSISTANTS, Homes, Scope
from assistant_standin.hook_files import HookedProject

WEEK = 7 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Start:
    """One start of the hook: what it got, and how it ended."""

    status: int
    stderr: str
    stdout: str
    seconds: float

    @property
    def context(self) -> str:
        """What the assistant would take in: as documented, plain output too."""
        try:
            return str(json.loads(self.stdout)["hookSpecificOutput"]["additionalContext"])
        except (ValueError, KeyError):
            return self.stdout


@dataclass(frozen=True, kw_only=True)
class Fault:
    name: str
    #: hurt the project, for the length of the block
    hurt: Callable[[HookedProject], contextlib.AbstractContextManager[None]]
    #: what the hook reads; None: the assistant's JSON
    told: bytes | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    #: run in the hook's process before it begins
    limit: Callable[[], None] | None = None
    #: milliseconds after which it is killed, as a function of the start's number
    killed_after: Callable[[int], float] | None = None
    #: whether its session may take part
    may_take_part: bool = False


def start(project: HookedProject, fault: Fault, number: int, *, prefix: tuple[str, ...] = ()) -> Start:
    """The command that the settings name, through a shell; `prefix` stands before it."""
    entries = ASSISTANTS["claude-code"].entries(Scope.USER, Homes(home=project.home, environ={}))
    command = entries["SessionStart"][0]["hooks"][0]["command"]
    told = {
        "session_id": f"{fault.name}-{number}".replace(" ", "-"),
        "transcript_path": str(project.home / "none.jsonl"),
        "cwd": str(project.root),
        "hook_event_name": "SessionStart",
        "source": "startup",
    }
    began = time.monotonic()
    process = subprocess.Popen(
        [*prefix, "/bin/sh", "-c", command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=project.root,
        env={"HOME": str(project.home), "PATH": os.environ.get("PATH", ""), **fault.environ},
        preexec_fn=fault.limit,  # noqa: PLW1509 - no threads here
        start_new_session=True,
    )
    if fault.killed_after is not None:
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(told).encode())
            process.stdin.flush()
        time.sleep(fault.killed_after(number) / 1000)
        _kill_python(process.pid)
    payload = json.dumps(told).encode() if fault.told is None else fault.told
    out, err = process.communicate(None if fault.killed_after else payload, timeout=20)
    return Start(status=process.returncode, stderr=err.decode(), stdout=out.decode(), seconds=time.monotonic() - began)


def _kill_python(shell: int) -> None:
    """The interpreter that the shell started, if it still runs."""
    children = Path(f"/proc/{shell}/task/{shell}/children")
    with contextlib.suppress(OSError, ProcessLookupError):
        for child in children.read_text().split():
            os.kill(int(child), signal.SIGKILL)


@contextlib.contextmanager
def _nothing(_: HookedProject) -> Iterator[None]:
    yield


def _with_snapshot(content: bytes | None) -> Callable[[HookedProject], contextlib.AbstractContextManager[None]]:
    @contextlib.contextmanager
    def hurt(project: HookedProject) -> Iterator[None]:
        whole = project.folder.snapshot.read_bytes()
        project.folder.snapshot.unlink()
        if content is not None:
            project.folder.snapshot.write_bytes(content or whole[: len(whole) // 2])
        yield
        project.folder.snapshot.write_bytes(whole)

    return hurt


@contextlib.contextmanager
def _old_snapshot(project: HookedProject) -> Iterator[None]:
    whole = project.folder.snapshot.read_bytes()
    document = json.loads(whole)
    document["written_at"] = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(time.time() - WEEK - 60))
    project.folder.snapshot.write_text(json.dumps(document))
    yield
    project.folder.snapshot.write_bytes(whole)


@contextlib.contextmanager
def _read_only_folders(project: HookedProject) -> Iterator[None]:
    """Whoever runs this may be root, whom rights do not stop: then what cannot be written stands in the way as well."""
    folders = [project.folder.path, project.folder.draws, project.home]
    project.folder.draws.mkdir(exist_ok=True)
    kept = project.folder.spool.read_bytes() if project.folder.spool.is_file() else b""
    project.folder.spool.unlink(missing_ok=True)
    project.folder.spool.mkdir()
    for folder in folders:
        folder.chmod(0o500)
    yield
    for folder in folders:
        folder.chmod(0o700)
    project.folder.spool.rmdir()
    project.folder.spool.write_bytes(kept)


@contextlib.contextmanager
def _full_disk(project: HookedProject) -> Iterator[None]:
    """Every write to the spool fails for want of space."""
    kept = project.folder.spool.read_bytes() if project.folder.spool.is_file() else b""
    project.folder.spool.unlink(missing_ok=True)
    project.folder.spool.symlink_to("/dev/full")
    yield
    project.folder.spool.unlink()
    project.folder.spool.write_bytes(kept)


@contextlib.contextmanager
def _no_hook(project: HookedProject) -> Iterator[None]:
    hook = Homes(home=project.home, environ={}).hook
    away = hook.with_suffix(".away")
    hook.rename(away)
    yield
    away.rename(hook)


@contextlib.contextmanager
def _pipe_for_a_transcript(project: HookedProject) -> Iterator[None]:
    path = project.home / "none.jsonl"
    os.mkfifo(path)
    yield
    path.unlink()


def _no_more_bytes() -> None:
    """Files can grow no more: a disk that is full at the first byte, whatever is written."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _some_bytes() -> None:
    """A disk that is full in the middle of a line."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150, 150))


def _few_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (6, 6))


FAULTS: tuple[Fault, ...] = (
    Fault(name="nothing wrong", hurt=_nothing, may_take_part=True),
    Fault(name="no snapshot", hurt=_with_snapshot(None)),
    Fault(name="torn snapshot", hurt=_with_snapshot(b"")),
    Fault(name="empty snapshot", hurt=_with_snapshot(b"\n")),
    Fault(name="foreign snapshot", hurt=_with_snapshot(b'{"format": 1, "learnings": [{"id": 3}]}')),
    Fault(
        name="newer snapshot",
        hurt=_with_snapshot(b'{"format": 2, "salt": "", "policy_version": "", "written_at": "9", "learnings": []}'),
    ),
    Fault(name="old snapshot", hurt=_old_snapshot),
    Fault(name="full disk", hurt=_full_disk),
    Fault(name="full disk at the first byte", hurt=_nothing, limit=_no_more_bytes),
    Fault(name="full disk within a line", hurt=_nothing, limit=_some_bytes),
    Fault(name="read-only folders", hurt=_read_only_folders),
    Fault(name="too few files", hurt=_nothing, limit=_few_files, may_take_part=True),
    Fault(name="no json", hurt=_nothing, told=b"hello"),
    Fault(name="half json", hurt=_nothing, told=b'{"session_id": "a", "cwd"'),
    Fault(name="json of another kind", hurt=_nothing, told=b"[1, 2]"),
    Fault(
        name="json with wrong types",
        hurt=_nothing,
        told=b'{"session_id": 3, "cwd": [], "hook_event_name": "SessionStart"}',
    ),
    Fault(name="nothing on standard input", hurt=_nothing, told=b""),
    Fault(name="not text", hurt=_nothing, told=b"\xff\xfe{}"),
    Fault(name="deep json", hurt=_nothing, told=b'{"session_id":' + b"[" * 100_000),
    Fault(name="no home", hurt=_nothing, environ={"HOME": "/nonexistent"}, may_take_part=True),
    Fault(name="no hook file", hurt=_no_hook),
    Fault(name="no python", hurt=_nothing, environ={"PATH": "/nonexistent"}),
    Fault(name="a pipe for a transcript", hurt=_pipe_for_a_transcript, may_take_part=True),
    Fault(name="killed", hurt=_nothing, killed_after=lambda number: number % 40 * 5, may_take_part=True),
)
