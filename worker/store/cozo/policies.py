"""What was given out to decide by elsewhere: every version stays known, for the sessions that used it.

A policy is the chance of each learning, and the salt. It gets a number and a version when somebody asks for it and it differs from the one
before; only the lines that differ are written.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import starmap
from typing import NamedTuple

from worker.errors import GrooveError
from worker.store.cozo.chances import Chance, chance_of
from worker.store.cozo.database import CozoDatabase, Transaction
from worker.store.cozo.rows import PolicyLineRow
from worker.store.cozo.workspace import Workspace
from worker.store.shapes.assignments import PolicyLearning, PublishedPolicy

_DIGITS = 12


class Version(NamedTuple):
    number: int
    name: str
    salt: str


@dataclass(kw_only=True, slots=True)
class _Newest:
    """What the newest policy says, all lines of it."""

    version: Version
    lines: dict[str, Chance] = field(default_factory=dict)
    #: the workspace's count of changes when they were compared last
    compared_at: int = -1


class Policies:
    def __init__(self, workspace: Workspace) -> None:
        self._space = workspace
        self._newest: _Newest | None = None

    def publish(self, learning_ids: Iterable[str], *, now: int) -> PublishedPolicy:
        """What holds now for the known ones among these, under a version that stays known."""
        with self._space.reading() as memory:
            version = self._current(now)
            known = [id_ for id_ in dict.fromkeys(learning_ids) if id_ in memory.histories]
            lines = {id_: chance_of(memory, id_) for id_ in known}
            return PublishedPolicy(
                policy_version=version.name,
                salt=version.salt,
                learnings=tuple(
                    PolicyLearning(
                        learning_id=id_,
                        epoch=line.epoch,
                        unit=line.unit,
                        text=memory.learnings[id_].insight,
                        withhold_probability=line.probability,
                        pinned=memory.histories[id_].standing.is_pinned,
                        disabled=line.is_excluded,
                    )
                    for id_, line in lines.items()
                ),
            )

    def forget(self) -> None:
        """The database may differ: read it again before it is used."""
        self._newest = None

    def _current(self, now: int) -> Version:
        newest = self._newest = self._newest or _read_newest(self._space.database)
        salt = self._space.parameters.ablation.salt
        if newest.compared_at == self._space.changes:
            return newest.version
        with self._space.reading() as memory:
            lines = {id_: chance_of(memory, id_) for id_ in memory.histories}
        changed = {id_: line for id_, line in lines.items() if newest.lines.get(id_) != line}
        if changed or salt != newest.version.salt or not newest.version.number:
            newest.version = self._write(newest.version, salt, changed, now)
            newest.lines |= changed
        newest.compared_at = self._space.changes
        return newest.version

    def _write(self, before: Version, salt: str, changed: Mapping[str, Chance], now: int) -> Version:
        number = before.number + 1
        told = json.dumps([before.name, salt, sorted(changed.items())], ensure_ascii=True)
        version = Version(number, f"{number}-{hashlib.sha256(told.encode()).hexdigest()[:_DIGITS]}", salt)
        try:
            with self._space.database.transaction() as transaction:
                transaction.write("put_policy", [[version.number, version.name, version.salt, now]])
                transaction.write("put_policy_line", [[id_, number, *line] for id_, line in changed.items()])
        except GrooveError:
            self.forget()
            raise
        return version


class KnownPolicies:
    """What versions of the past say of some learnings."""

    def __init__(self, transaction: Transaction, learning_ids: Iterable[str]) -> None:
        self._transaction = transaction
        self._versions: dict[str, Version | None] = {}
        self._learning_ids = sorted(set(learning_ids))
        self._lines: dict[int, dict[str, Chance]] = {}

    def version(self, name: str) -> Version | None:
        """None for one that was never given out."""
        if name not in self._versions:
            self._versions[name] = self._find(name)
        return self._versions[name]

    def line(self, version: Version, learning_id: str) -> Chance | None:
        """None where the version says nothing of it."""
        if version.number not in self._lines:
            self._lines[version.number] = self._read(version.number)
        return self._lines[version.number].get(learning_id)

    def _find(self, name: str) -> Version | None:
        digits = name.partition("-")[0]
        if not (digits.isascii() and digits.isdecimal() and len(digits) < 16):
            return None
        for found, salt in self._transaction.read("policy", number=int(digits)):
            if found == name:
                return Version(int(digits), name, salt)
        return None

    def _read(self, number: int) -> dict[str, Chance]:
        lines = self._lines_of(self._learning_ids, number)
        sections = {line.unit for line in lines.values()} - lines.keys()
        return lines | self._lines_of(sorted(sections), number)

    def _lines_of(self, learning_ids: list[str], number: int) -> dict[str, Chance]:
        keys = [[learning_id] for learning_id in learning_ids]
        return _folded(self._transaction.read("policy_lines", keys=keys, number=number))


def _read_newest(database: CozoDatabase) -> _Newest:
    versions = list(starmap(Version, database.read("newest_policy")))
    version = versions[0] if versions else Version(0, "", "")
    return _Newest(version=version, lines=_folded(database.read("all_policy_lines")))


def _folded(rows: Iterable[Iterable[object]]) -> dict[str, Chance]:
    """The chance of each learning by its newest line."""
    ordered = sorted((PolicyLineRow(*row) for row in rows), key=lambda row: row.number)  # type: ignore[arg-type]
    return {
        row.learning_id: Chance(row.epoch, row.unit_id, row.withhold_probability, row.is_excluded) for row in ordered
    }
