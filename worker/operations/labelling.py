"""Pairs of session and learning that are worth a person's judgement, and the judgements on disk, as `groove calibrate` reads them.

A folder holds labels.jsonl, and beside it, for each label, its session (sessions.jsonl) and learning (learnings.jsonl).
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from worker.domain import AttributionRecord, Learning, Transcript
from worker.errors import InvalidFile
from worker.formats.heavy_event import read_heavy_event
from worker.formats.learning import learning_to_wire
from worker.ledger import Ledger
from worker.operations.assessment import kept_work
from worker.store.api import StoreApi
from worker.system.files import written_whole
from worker.tasks.prepare import transcript_of

Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubtful:
    learning: Learning
    record: AttributionRecord

    @property
    def pair(self) -> Pair:
        return self.record.session_id, self.record.learning_id


def doubtful_pairs(store: StoreApi, *, threshold: float) -> Iterator[Doubtful]:
    """The nearest to the threshold of each learning, then the second nearest of each, and so on."""
    queues = []
    for entry in store.learnings().learnings:
        records = store.sessions(entry.learning.learning_id)
        nearest = sorted(records, key=lambda record: (abs(record.activation_confidence - threshold), record.session_id))
        queues.append([Doubtful(learning=entry.learning, record=record) for record in nearest])
    queues.sort(key=lambda queue: abs(queue[0].record.activation_confidence - threshold) if queue else 1.0)
    for round_ in zip_longest(*queues):
        yield from (doubtful for doubtful in round_ if doubtful is not None)


class Labels:
    """Every change is on disk before the next question."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._labels = _read(folder / "labels.jsonl", lambda line: (line["session_id"], line["learning_id"]))
        self._sessions = _read(folder / "sessions.jsonl", lambda line: line["session_id"])
        self._learnings = _read(folder / "learnings.jsonl", lambda line: line["id"])

    def __contains__(self, pair: Pair) -> bool:
        return pair in self._labels

    def __len__(self) -> int:
        return len(self._labels)

    def add(self, doubtful: Doubtful, transcript: dict[str, Any], *, used: bool) -> None:
        session_id, learning_id = doubtful.pair
        self._sessions.setdefault(session_id, {"session_id": session_id, "transcript": transcript})
        self._learnings[learning_id] = learning_to_wire(doubtful.learning)
        self._labels[doubtful.pair] = {"session_id": session_id, "learning_id": learning_id, "label": int(used)}
        self._write()

    def take_back(self, pair: Pair) -> None:
        del self._labels[pair]
        self._write()

    def _write(self) -> None:
        """Sessions and learnings first: a label never stands without them."""
        for name, lines in (("sessions", self._sessions), ("learnings", self._learnings), ("labels", self._labels)):
            with written_whole(self._folder / f"{name}.jsonl") as output:
                output.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines.values())


def transcript_of_session(ledger: Ledger, session_id: str) -> Transcript | None:
    """None where it is no longer kept."""
    work = kept_work(ledger, session_id)
    return transcript_of(read_heavy_event(work.payload, logged_at=work.logged_at), work) if work else None


def _read(path: Path, key: Callable[[dict[str, Any]], Any]) -> dict[Any, dict[str, Any]]:
    if not path.exists():
        return {}
    try:
        lines: Iterable[dict[str, Any]] = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        return {key(line): line for line in lines}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidFile(f"{path}: {error!r}") from error
