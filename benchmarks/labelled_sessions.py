"""Folders of labelled sessions, as `benchmarks/activation.py` reads them, and an embedder that remembers what it embedded."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from worker.domain import Learning, LearningCategory, Transcript
from worker.embedder.precision import Precision
from worker.embedder.protocol import Embedder, Vectors
from worker.formats.transcripts.messages import parse_transcript
from worker.layers.activation.named_code import named_code


@dataclass(frozen=True, kw_only=True)
class Pair:
    session_id: str
    learning_id: str
    repo: str
    #: the assistant that wrote the session, as far as the folder tells
    harness: str
    used: bool
    #: positive, hard_negative (same repository), sure_negative (another's)
    kind: str
    message_idx: tuple[int, ...]
    #: whether the learning names code
    names_code: bool


@dataclass(kw_only=True)
class Labelled:
    """What some folders hold together."""

    pairs: list[Pair] = field(default_factory=list)
    transcripts: dict[str, Transcript] = field(default_factory=dict)
    learnings: dict[str, Learning] = field(default_factory=dict)
    #: session -> the learnings that were in force in it
    in_force: dict[str, tuple[str, ...]] = field(default_factory=dict)
    repo_of: dict[str, str] = field(default_factory=dict)

    def add(self, folder: Path) -> None:
        """sessions.jsonl (session_id, source, transcript, active_learnings, own_repo_learnings), learnings.jsonl (learning_id,
        category, description, insight) and labels.jsonl (learning_id, session_id, label 0 or 1, kind, message_idx).
        """
        for entry in _lines(folder / "learnings.jsonl"):
            self.learnings[entry["learning_id"]] = _learning(entry)
        sources: dict[str, dict[str, Any]] = {}
        for entry in _lines(folder / "sessions.jsonl"):
            session_id, source = entry["session_id"], entry["source"]
            sources[session_id] = source
            self.transcripts[session_id] = parse_transcript(entry["transcript"])
            self.repo_of[session_id] = source["repo"]
            own = entry.get("own_repo_learnings")
            active = entry.get("active_learnings", [])
            self.in_force[session_id] = tuple(active[:own] if isinstance(own, int) else own or active)
        for entry in _lines(folder / "labels.jsonl"):
            session_id, learning_id = entry["session_id"], entry["learning_id"]
            self.pairs.append(
                Pair(
                    session_id=session_id,
                    learning_id=learning_id,
                    repo=sources[session_id]["repo"],
                    harness=_harness(sources[session_id]),
                    used=bool(entry["label"]),
                    kind=entry.get("kind", ""),
                    message_idx=tuple(entry.get("message_idx") or ()),
                    names_code=bool(named_code(self.learnings[learning_id].insight)),
                )
            )


class StoredVectors:
    """An embedder that remembers its vectors in a file between runs; texts are embedded in the batches of their session."""

    def __init__(self, embedder: Embedder, path: Path | None) -> None:
        self._embedder = embedder
        self._path = path
        self._known: dict[str, Vectors] = {}
        self._new = 0
        if path is not None and path.exists():
            stored = np.load(path, allow_pickle=False)
            vectors = stored["vectors"]
            self._known = dict(zip(map(json.loads, stored["texts"].tolist()), vectors, strict=True))

    @property
    def model(self) -> str:
        return self._embedder.model

    @property
    def precision(self) -> Precision:
        return self._embedder.precision

    def embed(self, texts: Sequence[str]) -> Vectors:
        missing = sorted({text for text in texts if text not in self._known})
        if missing:
            self._new += len(missing)
            self._known |= zip(missing, self._embedder.embed(missing).astype(np.float16), strict=True)
        return np.array([self._known[text] for text in texts], dtype=np.float32).reshape(len(texts), -1)

    def save(self) -> None:
        if self._path is not None and self._new:
            texts = np.array([json.dumps(text).encode() for text in self._known])
            np.savez(self._path, texts=texts, vectors=np.stack(list(self._known.values())))


def _lines(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def _learning(entry: dict[str, Any]) -> Learning:
    name = "".join(part.title() for part in entry["category"].split("_"))
    category = LearningCategory(entry["category"] if entry["category"] in set(LearningCategory) else name)
    return Learning(
        learning_id=entry["learning_id"], category=category, description=entry["description"], insight=entry["insight"]
    )


def _harness(source: dict[str, Any]) -> str:
    told = source.get("harness") or source.get("assistant") or source.get("format")
    if told:
        return str(told)
    file = str(source.get("file", ""))
    return "SpecStory" if "specstory" in file.lower() else file.rsplit(".", 1)[-1]
