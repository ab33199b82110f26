"""The managed learnings of a project: those that the hook injects, in their order, and what of them is drawn together.

Written by the commands that move rules in and out of the managed file; the store's side makes the snapshot of it.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from worker.errors import InvalidEvent, InvalidFile
from worker.formats.wire import Identifier, Incoming, read_json_object, validated
from worker.system.files import written_whole

FORMAT = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class ManagedUnit:
    """A section whose learnings are drawn together; it is a learning of its own, with a value of its own."""

    id: str
    #: its heading
    title: str
    #: the whole section
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ManagedLearning:
    id: str
    text: str
    #: the section that it is drawn together with; None: it is drawn by itself
    unit: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Managed:
    #: the project's folder
    root: str
    learnings: tuple[ManagedLearning, ...] = ()
    units: tuple[ManagedUnit, ...] = ()

    def members(self) -> Iterator[tuple[str, str]]:
        """(learning, its section) of those that have one."""
        for learning in self.learnings:
            if learning.unit is not None:
                yield learning.id, learning.unit


class _Unit(Incoming):
    id: Identifier
    title: str
    text: str


class _Learning(Incoming):
    id: Identifier
    text: str
    unit: Identifier | None = None


class _Project(Incoming):
    root: str


class _Managed(Incoming):
    format: Literal[1]
    project: _Project
    learnings: tuple[_Learning, ...] = ()
    units: tuple[_Unit, ...] = ()


def read_managed(path: Path) -> Managed | None:
    """None where there is no such file: nothing is managed. Raises `InvalidFile` for one that cannot be used."""
    try:
        read = validated(_Managed, read_json_object(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, InvalidEvent) as error:
        raise InvalidFile(f"{path}: {error}") from error
    units = tuple(ManagedUnit(**unit.model_dump()) for unit in read.units)
    ids = [learning.id for learning in read.learnings] + [unit.id for unit in units]
    unknown = {learning.unit for learning in read.learnings if learning.unit} - {unit.id for unit in units}
    if len(set(ids)) != len(ids) or unknown:
        raise InvalidFile(
            f"{path}: {'it names a section that it does not have' if unknown else 'an id stands in it twice'}"
        )
    return Managed(
        root=read.project.root,
        learnings=tuple(ManagedLearning(**learning.model_dump()) for learning in read.learnings),
        units=units,
    )


def write_managed(path: Path, managed: Managed) -> None:
    """In the place of an older one in one step. Raises `InvalidFile`."""
    document = {
        "format": FORMAT,
        "project": {"root": managed.root},
        "learnings": [asdict(learning) for learning in managed.learnings],
        "units": [asdict(unit) for unit in managed.units],
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with written_whole(path) as file:
            json.dump(document, file, ensure_ascii=True, indent=1)
    except OSError as error:
        raise InvalidFile(f"{path}: cannot be written: {error.strerror}") from error
