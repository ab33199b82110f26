"""How well layer 1 recognises uses, on sessions that a reader has labelled.

    python benchmarks/activation.py --data DIR [--data DIR] [--test DIR] [--cache FILE] [--write-calibration FILE]

`labelled_sessions.py` says what a folder holds. Compared in one run, at the default threshold:

    whole message     raw cosine of the learning with each whole assistant message
    best chunk        raw cosine with each chunk, no reference boost
    raw               the detector in raw mode, boost included
    shipped           the detector as it is installed
    left out          the same features, fitted on the other repositories only: what new repositories can expect

Readers label uses more often than they occur. All numbers are at the natural share of uses, to which non-uses are weighed up.
`--test DIR` judges the repositories of another folder, as they are sampled, by what is fitted to all of `--data`.
Left-out numbers still flatter a little: what the features are was decided while reading errors on the sessions at hand.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from labelled_sessions import Labelled, Pair, StoredVectors

from worker.attribution.bundle import SessionBundle
from worker.attribution.fit_calibration import Judged, Label, fitted, prepare, probability
from worker.attribution.second_look import SecondLook
from worker.domain import Transcript
from worker.embedder import open_embedder
from worker.layers.activation.calibration import shipped_calibration
from worker.layers.activation.detector import HybridDetector
from worker.layers.activation.fitting import PRIOR
from worker.layers.activation.quality import Quality, area_under_roc, quality
from worker.settings import load_settings
from worker.settings.layers import ActivationParameters

THRESHOLD = ActivationParameters().similarity_threshold
#: of the pairs of a session and a rule in force in it, in repositories whose rules a reader went through in a random order
SHARE_OF_USES = 0.14
RESAMPLES = 300


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
            calibration = fitted(others, share_of_uses=SHARE_OF_USES, with_history=False)
            for n, pair in enumerate(pairs):
                if pair.repo == repo:
                    scores[n] = probability(calibration, judged[n])
    return scores


def natural_weights(pairs: Sequence[Pair]) -> list[float]:
    """A non-use counts as often as makes uses their natural share."""
    uses = sum(pair.used for pair in pairs)
    each = uses * (1 - SHARE_OF_USES) / SHARE_OF_USES / max(1, len(pairs) - uses)
    return [1.0 if pair.used else each for pair in pairs]


def measured(pairs: list[Pair], scores: list[float], weights: list[float], kept: Sequence[int]) -> Quality:
    return quality(
        [scores[n] for n in kept],
        [pairs[n].used for n in kept],
        threshold=THRESHOLD,
        weights=[weights[n] for n in kept],
    )


def same_repository(pairs: list[Pair]) -> list[int]:
    return [n for n, pair in enumerate(pairs) if pair.kind != "sure_negative"]


def interval(pairs: list[Pair], kept: Sequence[int], measure: Callable[[list[int]], float]) -> str:
    """95 % by bootstrap over sessions."""
    by_session = defaultdict(list)
    for n in kept:
        by_session[pairs[n].session_id].append(n)
    groups = list(by_session.values())
    random = np.random.default_rng(7)
    values = [
        measure([n for g in random.integers(len(groups), size=len(groups)) for n in groups[g]])
        for _ in range(RESAMPLES)
    ]
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return f"{low:.2f}–{high:.2f}"


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


def print_table(pairs: list[Pair], methods: dict[str, list[float]], weights: list[float]) -> None:
    print(
        f"{'method':14} {'area':>5} {'same repo':>9} {'learning':>8} {'AP':>5}  P/R at {THRESHOLD}  {'F1':>5} {'ECE':>5}"
    )
    for name, scores in methods.items():
        q = measured(pairs, scores, weights, range(len(pairs)))
        same = measured(pairs, scores, weights, same_repository(pairs))
        print(
            f"{name:14} {q.area:5.3f} {same.area:9.3f} {per_learning(pairs, scores):8.3f} {q.average_precision:5.3f}  "
            f"{q.precision:5.2f} / {q.recall:4.2f}  {q.f1:5.2f} {q.calibration_error:5.3f}"
        )


def print_parts(pairs: list[Pair], scores: list[float], weights: list[float]) -> None:
    """By repository, by assistant, and by whether a learning names code."""
    parts: dict[str, list[int]] = defaultdict(list)
    for n, pair in enumerate(pairs):
        parts[pair.repo].append(n)
        parts[f"written by {pair.harness}"].append(n)
        parts[f"{'names' if pair.names_code else 'without'} code"].append(n)
    for name, kept in parts.items():
        q = measured(pairs, scores, weights, kept)
        same = measured(pairs, scores, weights, [n for n in kept if pairs[n].kind != "sure_negative"])
        print(
            f"  {name:34} {q.pairs:4} pairs {q.uses:4} uses  area {q.area:.3f} same {same.area:.3f}  "
            f"P/R {q.precision:.2f} / {q.recall:.2f}  ECE {q.calibration_error:.3f}"
        )


def print_intervals(pairs: list[Pair], scores: list[float], weights: list[float]) -> None:
    everything = range(len(pairs))
    print(
        f"  95 % over sessions: same repository {_interval(pairs, scores, weights, same_repository(pairs), 'area')}",
        end="",
    )
    for name in ("area", "precision", "recall", "calibration_error"):
        print(f", {name} {_interval(pairs, scores, weights, everything, name)}", end="")
    print()


def _interval(pairs: list[Pair], scores: list[float], weights: list[float], kept: Sequence[int], name: str) -> str:
    return interval(pairs, kept, lambda chosen: float(getattr(measured(pairs, scores, weights, chosen), name)))


def print_thresholds(pairs: list[Pair], scores: list[float], weights: list[float]) -> None:
    for threshold in (0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8):
        q = quality(scores, [pair.used for pair in pairs], threshold=threshold, weights=weights)
        print(f"  at {threshold:.2f}: precision {q.precision:.3f}, recall {q.recall:.3f}, F1 {q.f1:.3f}")


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
    found = measured(pairs, left_out, natural_weights(pairs), range(len(pairs)))
    provenance = {
        "sessions": len({pair.session_id for pair in pairs}),
        "labels": len(pairs),
        "uses": sum(pair.used for pair in pairs),
        "share_of_uses": SHARE_OF_USES,
        "repositories": sorted({pair.repo for pair in pairs}),
        "model": judged[0].bundle.model,
        "precision": judged[0].bundle.precision,
        "method": "benchmarks/activation.py: logistic regression, a normal prior (mean, standard deviation) on each weight; "
        "second_look from benchmarks/judge.py",
        "prior": {name: list(prior) for name, prior in PRIOR.items()},
        "one_repository_left_out": {name: round(value, 3) for name, value in asdict(found).items()},
    }
    path.write_text(
        fitted(
            judged,
            name="shipped",
            provenance=provenance,
            share_of_uses=SHARE_OF_USES,
            with_history=False,
            second_look=shipped_calibration().second_look,
        ).to_json(),
        encoding="utf-8",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, action="append")
    parser.add_argument("--test", type=Path, action="append", default=[], help="fitted to --data, measured here")
    parser.add_argument("--cache", type=Path, help="vectors of an earlier run (.npz); makes the next run quick")
    parser.add_argument("--model", help="another embedder's name or folder; give it a cache of its own")
    parser.add_argument("--precision", default="auto", choices=["auto", "float32", "bfloat16", "float16"])
    parser.add_argument("--errors", type=int, default=0, help="print this many of the most confident errors")
    parser.add_argument("--quick", action="store_true", help="only what is left out, without intervals")
    parser.add_argument("--write-calibration", type=Path, help="fit on everything and write the result")
    arguments = parser.parse_args()
    model = open_embedder(arguments.model, conversions=load_settings().conversions_dir, precision=arguments.precision)
    embedder = StoredVectors(model, arguments.cache)
    labelled, judged, prepared = prepared_folders(arguments.data, embedder)
    pairs, weights = labelled.pairs, natural_weights(labelled.pairs)
    bundles = {each.bundle.context.session_id: each.bundle for each in judged}
    left_out = leave_repositories_out(pairs, judged)
    methods = {"left out": left_out}
    if not arguments.quick:
        methods = other_methods(labelled, bundles, embedder) | methods
    embedder.save()
    print(
        f"{len(bundles)} sessions, {len(pairs)} labels ({sum(p.used for p in pairs)} uses), {embedder.model}, {embedder.precision}, "
        f"calibration {shipped_calibration().version}"
    )
    chunks = sorted(len(bundle.evidence.chunks.rows) for bundle in bundles.values())
    print(
        f"prepared in {prepared / len(bundles):.3f} s a session (stored vectors included), median {chunks[len(chunks) // 2]} chunks; "
        f"{cost_of_a_learning(bundles)}\n"
    )
    print_table(pairs, methods, weights)
    print("\nleft out:")
    print_parts(pairs, left_out, weights)
    print_thresholds(pairs, left_out, weights)
    if not arguments.quick:
        print_intervals(pairs, left_out, weights)
        print_places(pairs, bundles)
    if arguments.test:
        test(arguments.test, embedder, judged)
    if arguments.errors:
        print_errors(pairs, left_out, bundles, arguments.errors)
    if arguments.write_calibration:
        write_calibration(arguments.write_calibration, pairs, judged, left_out)


def prepared_folders(
    folders: Sequence[Path], embedder: StoredVectors, second_look: SecondLook | None = None
) -> tuple[Labelled, list[Judged], float]:
    """With the seconds that it took."""
    labelled = Labelled()
    for folder in folders:
        labelled.add(folder)
    labels = [Label(session_id=p.session_id, learning_id=p.learning_id, used=p.used) for p in labelled.pairs]
    began = time.perf_counter()
    judged = prepare(labelled.transcripts, labelled.learnings, labels, embedder, shipped_calibration(), second_look)
    return labelled, judged, time.perf_counter() - began


def other_methods(
    labelled: Labelled, bundles: dict[str, SessionBundle], embedder: StoredVectors
) -> dict[str, list[float]]:
    pairs = labelled.pairs
    plain = ActivationParameters(calibration="raw", reference_boost=0.0)
    return {
        "whole message": [
            whole_messages(labelled.transcripts[p.session_id], labelled.learnings[p.learning_id].insight, embedder)
            for p in pairs
        ],
        "best chunk": confidences(pairs, bundles, plain),
        "raw": confidences(pairs, bundles, ActivationParameters(calibration="raw")),
        "shipped": confidences(pairs, bundles, ActivationParameters()),
    }


def test(folders: Sequence[Path], embedder: StoredVectors, judged: list[Judged]) -> None:
    """As they were sampled: no weights."""
    labelled, others, _ = prepared_folders(folders, embedder)
    embedder.save()
    calibration = fitted(judged, share_of_uses=SHARE_OF_USES, with_history=False)
    bundles = {each.bundle.context.session_id: each.bundle for each in others}
    scores = [probability(calibration, each) for each in others]
    evenly = [1.0] * len(scores)
    print(f"\ntest: {len(bundles)} sessions, {len(scores)} labels ({sum(p.used for p in labelled.pairs)} uses)")
    methods = {"shipped": confidences(labelled.pairs, bundles, ActivationParameters()), "fitted to --data": scores}
    print_table(labelled.pairs, methods, evenly)
    for name, found in methods.items():
        print(f"\n{name}:")
        print_parts(labelled.pairs, found, evenly)
        print_thresholds(labelled.pairs, found, evenly)
        print_intervals(labelled.pairs, found, evenly)


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
