"""The snapshot that a hook decides by: one JSON file per project, all that is needed for the very decision the store would make.

The decision (docs/hooks.md): the number of a pair is the first 8 bytes of SHA-256 over the UTF-8 text
`salt|unit|conversation`, big-endian, divided by 2**64; it is withheld when that is less than `withhold_probability`. All learnings of one
unit share it and so are injected or withheld together. A learning that is `disabled` is never injected, and stands in no arm.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from worker.errors import InvalidEvent, InvalidFile
from worker.formats.wire import (
    Identifier,
    Incoming,
    Probability,
    Timestamp,
    format_timestamp,
    read_json_object,
    validated,
)
from worker.system.files import written_whole

FORMAT = 1
#: characters of an id that name it in a marker, where that many tell it from all others
_SHORT = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class SnapshotLearning:
    id: str
    #: how the marker in an assistant's context names it: a beginning of the id that no other learning of this snapshot has
    mark: str
    #: counts the learning's wordings; its records count within one
    epoch: int
    #: what is drawn: the learning itself, or the section that it is drawn together with
    unit: str
    #: what is injected, as it stood in the rules file
    text: str
    #: of the unit, in [0, 1], at most 6 decimals; 0 for one that is disabled
    withhold_probability: float
    #: never deprecated; for the reader alone
    pinned: bool = False
    #: by a person or by the rule: never injected
    disabled: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class HookSnapshot:
    #: microseconds; an old snapshot is no reason to randomise
    written_at: int
    #: the project's folder when this was written; it may have moved since
    root: str
    #: names the decisions that follow from this; the store knows all that it ever gave out
    policy_version: str
    salt: str
    #: in the order of the managed file
    learnings: tuple[SnapshotLearning, ...]


class _Learning(Incoming):
    id: Identifier
    mark: Annotated[str, Field(min_length=1)]
    epoch: Annotated[int, Field(ge=1)]
    unit: Identifier
    text: str
    withhold_probability: Probability
    pinned: bool = False
    disabled: bool = False


class _Project(Incoming):
    root: str


class _Snapshot(Incoming):
    format: Literal[1]
    written_at: Timestamp
    project: _Project
    policy_version: Identifier
    salt: str
    learnings: list[_Learning]


def read_snapshot(payload: bytes) -> HookSnapshot:
    """Raises `InvalidEvent` for what is torn, of another format, or impossible."""
    read = validated(_Snapshot, read_json_object(payload))
    return HookSnapshot(
        written_at=read.written_at,
        root=read.project.root,
        policy_version=read.policy_version,
        salt=read.salt,
        learnings=tuple(SnapshotLearning(**learning.model_dump()) for learning in read.learnings),
    )


def snapshot_bytes(snapshot: HookSnapshot) -> bytes:
    """One line of ASCII: whatever encoding a hook opens it with, it reads the same."""
    document = {
        "format": FORMAT,
        "written_at": format_timestamp(snapshot.written_at),
        "project": {"root": snapshot.root},
        "policy_version": snapshot.policy_version,
        "salt": snapshot.salt,
        "learnings": [asdict(learning) for learning in snapshot.learnings],
    }
    return json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def write_snapshot(path: Path, snapshot: HookSnapshot) -> None:
    """In the place of an older one in one step. Raises `InvalidFile`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with written_whole(path) as file:
            file.write(snapshot_bytes(snapshot).decode())
    except OSError as error:
        raise InvalidFile(f"{path}: cannot be written: {error.strerror}") from error


def snapshot_at(path: Path) -> HookSnapshot | None:
    """None where there is none, or none that could be used."""
    try:
        return read_snapshot(path.read_bytes())
    except (OSError, InvalidEvent):
        return None


def marks_of(learning_ids: Iterable[str]) -> dict[str, str]:
    """Id -> the shortest beginning, of 8 characters at least, that only it has among these."""
    ids = sorted(set(learning_ids))
    marks = {}
    for before, id_, after in zip(["", *ids], ids, [*ids[1:], ""], strict=False):
        shared = max(_shared(id_, before), _shared(id_, after))
        marks[id_] = id_[: max(_SHORT, shared + 1)]
    return marks


def _shared(one: str, other: str) -> int:
    """Characters that both begin with."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
