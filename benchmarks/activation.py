"""How well layer 1 recognises uses, on sessions that a reader has labelled.

    python benchmarks/activation.py --data DIR [--cache FILE] [--write-calibration FILE]

DIR holds sessions.jsonl (session_id, source.repo, transcript), learnings.jsonl (learning_id, category, description, insight) and
labels.jsonl (learning_id, session_id, label 0 or 1, kind, message_idx). Compared in one run, at the default threshold:

    whole message     raw cosine of the learning with each whole assistant message
    best chunk        raw cosine with each chunk, no reference boost
    raw               the detector in raw mode, boost included
    shipped           the detector as it is installed
    left out          the same features, fitted on the other repositories only: what new repositories can expect

Left-out numbers still flatter a little: what the features are was decided while reading errors on the sessions at hand.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from worker.attribution.bundle import SessionBundle
from worker.attribution.fit_calibration import Judged, Label, fitted, prepare, probability
from worker.domain import Learning, LearningCategory, Transcript
from worker.embedder import open_embedder
from worker.embedder.precision import Precision
from worker.embedder.protocol import Vectors
from worker.formats.transcripts.messages import parse_transcript
from worker.layers.activation.calibration import shipped_calibration
from worker.layers.activation.detector import HybridDetector
from worker.layers.activation.fitting import PRIOR
from worker.layers.activation.quality import area_under_roc, quality
from worker.settings import load_settings
from worker.settings.layers import ActivationParameters

THRESHOLD = ActivationParameters().similarity_threshold
RESAMPLES = 1000


@dataclass(frozen=True, kw_only=True)
class Pair:
    session_id: str
    learning_id: str
    repo: str
    used: bool
    kind: str
    message_idx: tuple[int, ...]


class StoredVectors:
    """An embedder that remembers its vectors in a file between runs; texts are embedded in the batches of their session."""

    def __init__(self, path: Path | None) -> None:
        self._embedder = open_embedder(conversions=load_settings().conversions_dir)
        self._path = path
        self._known: dict[str, Vectors] = {}
        if path is not None and path.exists():
            stored = np.load(path, allow_pickle=False)
            self._known = dict(
                zip(map(json.loads, stored["texts"].tolist()), stored["vectors"].astype(np.float32), strict=True)
            )

    @property
    def model(self) -> str:
        return self._embedder.model

    @property
    def precision(self) -> Precision:
        return self._embedder.precision

    def embed(self, texts: Sequence[str]) -> Vectors:
        missing = sorted({text for text in texts if text not in self._known})
        if missing:
            self._known |= zip(missing, self._embedder.embed(missing), strict=True)
        return np.array([self._known[text] for text in texts], dtype=np.float32).reshape(len(texts), -1)

    def save(self) -> None:
        if self._path is not None:
            texts = np.array([json.dumps(text) for text in self._known])
            np.savez(self._path, texts=texts, vectors=np.stack(list(self._known.values())).astype(np.float16))


def read_lines(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def read_learning(entry: dict[str, Any]) -> Learning:
    name = "".join(part.title() for part in entry["category"].split("_"))
    category = LearningCategory(entry["category"] if entry["category"] in set(LearningCategory) else name)
    return Learning(
        learning_id=entry["learning_id"], category=category, description=entry["description"], insight=entry["insight"]
    )


def whole_messages(transcript: Transcript, insight: str, embedder: StoredVectors) -> float:
    texts = ["\n".join(b.text for b in m.blocks).strip() for m in transcript.messages if m.role == "assistant"]
    texts = [text for text in texts if text]
    if not texts:
        return 0.0
    return float((embedder.embed(texts) @ embedder.embed([insight])[0]).max())


def leave_repositories_out(pairs: list[Pair], judged: list[Judged]) -> list[float]:
    """Each pair's probability under a calibration, common words included, that was fitted on the other repositories."""
    scores = [float("nan")] * len(pairs)
    for repo in sorted({pair.repo for pair in pairs}):
        others = [each for pair, each in zip(pairs, judged, strict=True) if pair.repo != repo]
        if others:
            calibration = fitted(others)
            for n, pair in enumerate(pairs):
                if pair.repo == repo:
                    scores[n] = probability(calibration, judged[n])
    return scores


def interval(pairs: list[Pair], scores: list[float], measure: Callable[[np.ndarray, np.ndarray], float]) -> str:
    """95 % by bootstrap over sessions."""
    by_session = defaultdict(list)
    for n, pair in enumerate(pairs):
        by_session[pair.session_id].append(n)
    groups = list(by_session.values())
    random = np.random.default_rng(7)
    score, used = np.array(scores), np.array([pair.used for pair in pairs])
    values = []
    for _ in range(RESAMPLES):
        chosen = np.concatenate([groups[n] for n in random.integers(len(groups), size=len(groups))])
        values.append(measure(score[chosen], used[chosen]))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return f"{low:.2f}–{high:.2f}"


def recall_at(score: np.ndarray, used: np.ndarray) -> float:
    return float((score[used] >= THRESHOLD).mean()) if used.any() else float("nan")


def precision_at(score: np.ndarray, used: np.ndarray) -> float:
    chosen = score >= THRESHOLD
    return float(used[chosen].mean()) if chosen.any() else float("nan")


def calibration_error(score: np.ndarray, used: np.ndarray) -> float:
    return quality(score.tolist(), used.tolist(), threshold=THRESHOLD).calibration_error


def same_repository(pairs: list[Pair], scores: list[float]) -> str:
    kept = [n for n, pair in enumerate(pairs) if pair.used or pair.kind == "hard_negative"]
    return interval([pairs[n] for n in kept], [scores[n] for n in kept], area_under_roc)


def against(pairs: list[Pair], scores: list[float], kind: str) -> float:
    kept = [n for n, pair in enumerate(pairs) if pair.used or pair.kind == kind]
    return area_under_roc(np.array([scores[n] for n in kept]), np.array([pairs[n].used for n in kept]))


def per_learning(pairs: list[Pair], scores: list[float]) -> float:
    """Mean area over the learnings that have both uses and non-uses."""
    groups = defaultdict(list)
    for n, pair in enumerate(pairs):
        groups[pair.learning_id].append(n)
    areas = [
        area_under_roc(np.array([scores[n] for n in group]), np.array([pairs[n].used for n in group]))
        for group in groups.values()
    ]
    return float(np.nanmean(areas)) if not np.isnan(areas).all() else float("nan")


def print_table(pairs: list[Pair], methods: dict[str, list[float]]) -> None:
    used = [pair.used for pair in pairs]
    print(
        f"{'method':14} {'area':>5} {'same repo':>9} {'other':>5} {'learning':>8} {'AP':>5}  P/R at {THRESHOLD}  {'F1':>5} {'ECE':>5}"
    )
    for name, scores in methods.items():
        q = quality(scores, used, threshold=THRESHOLD)
        print(
            f"{name:14} {q.area:5.3f} {against(pairs, scores, 'hard_negative'):9.3f} "
            f"{against(pairs, scores, 'sure_negative'):5.3f} {per_learning(pairs, scores):8.3f} {q.average_precision:5.3f}  "
            f"{q.precision:5.2f} / {q.recall:4.2f}  {q.f1:5.2f} {q.calibration_error:5.3f}"
        )


def print_details(pairs: list[Pair], methods: dict[str, list[float]]) -> None:
    for name in ("shipped", "left out"):
        scores = methods[name]
        print(
            f"\n{name}: 95 % over sessions: area {interval(pairs, scores, area_under_roc)}, "
            f"same repository {same_repository(pairs, scores)}, "
            f"precision {interval(pairs, scores, precision_at)}, recall {interval(pairs, scores, recall_at)}, "
            f"calibration error {interval(pairs, scores, calibration_error)}"
        )
        for repo in sorted({pair.repo for pair in pairs}):
            kept = [n for n, pair in enumerate(pairs) if pair.repo == repo]
            q = quality([scores[n] for n in kept], [pairs[n].used for n in kept], threshold=THRESHOLD)
            print(
                f"  {repo:34} {q.pairs:4} pairs {q.uses:4} uses  area {q.area:.3f}  "
                f"P/R {q.precision:.2f} / {q.recall:.2f}  ECE {q.calibration_error:.3f}"
            )


def print_errors(pairs: list[Pair], scores: list[float], bundles: dict[str, SessionBundle], count: int) -> None:
    """The most confident errors of either kind, with what the detector saw."""
    detector = HybridDetector(ActivationParameters(candidate_floor=0))
    order = sorted(range(len(pairs)), key=lambda n: scores[n])
    chosen = [n for n in order if pairs[n].used][: count // 2] + [n for n in reversed(order) if not pairs[n].used][
        : count // 2
    ]
    for n in chosen:
        pair, bundle = pairs[n], bundles[pairs[n].session_id]
        seen = detector.detect(pair.learning_id, bundle.insights, bundle.evidence)
        best = (*seen.signals, *seen.candidates)
        print(
            f"\n{'missed' if pair.used else 'false'} {scores[n]:.2f}  {pair.repo} {pair.session_id} {pair.kind} {list(pair.message_idx)}"
        )
        print(f"  learning: {bundle.insights[pair.learning_id][:200]}")
        if best:
            print(f"  best [{best[0].message_idx}]: {best[0].span[:160]!r}")


def print_places(pairs: list[Pair], bundles: dict[str, SessionBundle]) -> None:
    detector = HybridDetector()
    hits = total = near = points = 0
    for pair in (pair for pair in pairs if pair.used):
        found = detector.detect(pair.learning_id, bundles[pair.session_id].insights, bundles[pair.session_id].evidence)
        if found.was_activated:
            total += 1
            hits += any(point in pair.message_idx for point in found.points)
            points += len(found.points)
            near += sum(any(abs(point - idx) <= 1 for idx in pair.message_idx) for point in found.points)
    print(
        f"\nplaces: {hits} of {total} found uses have a point in a labelled message; "
        f"{near} of {points} points are at most one message from one"
    )


def cost_of_a_learning(bundles: dict[str, SessionBundle]) -> str:
    """Processor time of one learning of a prepared session: what a busy machine takes beside it does not count."""
    detector = HybridDetector()
    took: list[tuple[int, float]] = []
    for bundle in bundles.values():
        for learning_id in bundle.insights:
            began = time.thread_time()
            detector.detect(learning_id, bundle.insights, bundle.evidence)
            took.append((len(bundle.evidence.chunks.rows), 1000 * (time.thread_time() - began)))
    parts = []
    for low, high in ((0, 200), (200, 400), (400, 10_000)):
        times = [ms for chunks, ms in took if low <= chunks < high]
        if times:
            parts.append(f"{low}-{high} chunks {np.median(times):.2f} / {max(times):.2f} ms ({len(times)})")
    return "a learning (median / most): " + ", ".join(parts)


def write_calibration(path: Path, pairs: list[Pair], judged: list[Judged], left_out: list[float]) -> None:
    measured = quality(left_out, [pair.used for pair in pairs], threshold=THRESHOLD)
    provenance = {
        "sessions": len({pair.session_id for pair in pairs}),
        "labels": len(pairs),
        "uses": sum(pair.used for pair in pairs),
        "repositories": sorted({pair.repo for pair in pairs}),
        "model": judged[0].bundle.model,
        "precision": judged[0].bundle.precision,
        "method": "benchmarks/activation.py: logistic regression, a normal prior (mean, standard deviation) on each weight; "
        "second_look is an assumption",
        "prior": {name: list(prior) for name, prior in PRIOR.items()},
        "one_repository_left_out": {name: round(value, 3) for name, value in asdict(measured).items()},
    }
    path.write_text(fitted(judged, name="shipped", provenance=provenance).to_json(), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, help="vectors of an earlier run (.npz); makes the next run quick")
    parser.add_argument("--errors", type=int, default=0, help="print this many of the most confident errors")
    parser.add_argument("--write-calibration", type=Path, help="fit on everything and write the result")
    arguments = parser.parse_args()
    learnings = {entry["learning_id"]: read_learning(entry) for entry in read_lines(arguments.data / "learnings.jsonl")}
    sessions = {entry["session_id"]: entry for entry in read_lines(arguments.data / "sessions.jsonl")}
    pairs = [
        Pair(
            session_id=entry["session_id"],
            learning_id=entry["learning_id"],
            repo=sessions[entry["session_id"]]["source"]["repo"],
            used=bool(entry["label"]),
            kind=entry.get("kind", ""),
            message_idx=tuple(entry.get("message_idx") or ()),
        )
        for entry in read_lines(arguments.data / "labels.jsonl")
    ]
    embedder = StoredVectors(arguments.cache)
    labelled = {pair.session_id for pair in pairs}
    transcripts = {session_id: parse_transcript(sessions[session_id]["transcript"]) for session_id in sorted(labelled)}
    began = time.perf_counter()
    labels = [Label(session_id=p.session_id, learning_id=p.learning_id, used=p.used) for p in pairs]
    judged = prepare(transcripts, learnings, labels, embedder, shipped_calibration())
    prepared = time.perf_counter() - began
    bundles = {each.bundle.context.session_id: each.bundle for each in judged}
    plain = ActivationParameters(calibration="raw", reference_boost=0.0)
    methods = {
        "whole message": [
            whole_messages(transcripts[p.session_id], learnings[p.learning_id].insight, embedder) for p in pairs
        ],
        "best chunk": confidences(pairs, bundles, plain),
        "raw": confidences(pairs, bundles, ActivationParameters(calibration="raw")),
        "shipped": confidences(pairs, bundles, ActivationParameters()),
        "left out": leave_repositories_out(pairs, judged),
    }
    embedder.save()
    chunks = sorted(len(bundle.evidence.chunks.rows) for bundle in bundles.values())
    print(
        f"{len(bundles)} sessions, {len(pairs)} labels ({sum(p.used for p in pairs)} uses), {embedder.model}, {embedder.precision}, "
        f"calibration {shipped_calibration().version}"
    )
    print(
        f"prepared in {prepared / len(bundles):.3f} s a session (stored vectors included), median {chunks[len(chunks) // 2]} chunks; "
        f"{cost_of_a_learning(bundles)}\n"
    )
    print_table(pairs, methods)
    print_details(pairs, methods)
    print_places(pairs, bundles)
    if arguments.errors:
        print_errors(pairs, methods["left out"], bundles, arguments.errors)
    if arguments.write_calibration:
        write_calibration(arguments.write_calibration, pairs, judged, methods["left out"])


def confidences(pairs: list[Pair], bundles: dict[str, SessionBundle], parameters: ActivationParameters) -> list[float]:
    detector = HybridDetector(parameters)
    return [
        detector.detect(
            pair.learning_id, bundles[pair.session_id].insights, bundles[pair.session_id].evidence
        ).confidence
        for pair in pairs
    ]


if __name__ == "__main__":
    main()
