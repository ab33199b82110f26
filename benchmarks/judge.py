"""What a language model as second reader adds to layer 1, on sessions that a reader has labelled.

    python benchmarks/judge.py --data DIR [--data DIR] --questions FILE                 # what would be asked, a line a session
    python benchmarks/judge.py --data DIR [--data DIR] --answers FILE [--test DIR]      # what the answers are worth
    python benchmarks/judge.py --data DIR --model litellm:MODEL --answers FILE          # asks, and keeps the answers in FILE

`labelled_sessions.py` says what a folder holds. A question is {"id", "messages"}, an answer {"id", "text"}: questions can be answered
by whatever reads them, a provider's batches among them. Every labelled pair is asked about, so that one set of answers serves every
choice of which pairs are in doubt. How a verdict moves the probability is fitted with the repository left out, as the rest is;
`--test DIR` judges other repositories by the shipped first look, and a second look that is fitted to all of `--data`.
"""

import argparse
import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from activation import (
    SHARE_OF_USES,
    THRESHOLD,
    leave_repositories_out,
    measured,
    natural_weights,
    prepared_folders,
    print_intervals,
    print_parts,
    print_thresholds,
    same_repository,
)
from labelled_sessions import Pair, StoredVectors

from worker.attribution.fit_calibration import Judged, probability
from worker.attribution.judge_memory import JudgeMemory
from worker.attribution.second_look import SecondLook
from worker.embedder import open_embedder
from worker.errors import Unavailable
from worker.language_model import PREFIX, LanguageModel, Reply
from worker.layers.activation.calibration import Calibration, shipped_calibration
from worker.layers.activation.fitting import fit_second_look
from worker.layers.activation.traces import leaves_a_trace
from worker.settings import load_settings
from worker.settings.layers import ActivationParameters


@dataclass(frozen=True)
class Doubt:
    """Which pairs are asked about, by the probability of the first look."""

    name: str
    least: float
    most: float = 1.0
    #: also those whose use leaves no trace and that were not seen
    untraced: bool = False

    def asks(self, probability: float, *, leaves_trace: bool) -> bool:
        return self.least <= probability <= self.most or (
            self.untraced and probability < THRESHOLD and not leaves_trace
        )


NOTHING = Doubt("nothing", least=2.0)
#: the default
SHIPPED = Doubt("from .05, cannot tell", least=ActivationParameters().judge_from, untraced=True)
DOUBTS = (
    NOTHING,
    Doubt("within .25, cannot tell", least=THRESHOLD - 0.25, most=THRESHOLD + 0.25, untraced=True),
    Doubt("from .10", least=0.10),
    Doubt("from .05", least=0.05),
    Doubt("from .02", least=0.02),
    SHIPPED,
    Doubt("everything", least=0.0),
)


class Asked(LanguageModel):
    """A model whose answers lie in a file; what is missing there is asked of the model behind it, or noted as a question."""

    def __init__(self, answers: Path | None, behind: LanguageModel | None) -> None:
        self._file = answers
        self._behind = behind
        self.known: dict[str, str] = {}
        self.missing: list[dict[str, object]] = []
        if answers is not None and answers.exists():
            for line in answers.read_text(encoding="utf-8").splitlines():
                told = json.loads(line)
                self.known[told["id"]] = told["text"]

    @property
    def name(self) -> str:
        return self._behind.name if self._behind else f"{PREFIX}answers"

    def ask(self, messages: Sequence[dict[str, str]], *, most_tokens: int) -> Reply:
        question = json.dumps(list(messages))
        name = hashlib.sha256(question.encode()).hexdigest()[:16]
        if name in self.known:
            return Reply(text=self.known[name], tokens=0)
        if self._behind is None:
            self.missing.append({"id": name, "messages": list(messages)})
            raise Unavailable("it was not asked yet")
        reply = self._behind.ask(messages, most_tokens=most_tokens)
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as kept:
                print(json.dumps({"id": name, "text": reply.text}), file=kept)
        return reply


def read_twice(folders: Sequence[Path], embedder: StoredVectors, model: Asked) -> tuple[list[Pair], list[Judged]]:
    everything = ActivationParameters(judge=f"{PREFIX}any", judge_from=0.0, judge_tokens_per_day=10**9)
    with tempfile.TemporaryDirectory() as kept:
        look = SecondLook(model, everything, JudgeMemory(Path(kept) / "judge.sqlite"), lambda: datetime.now(UTC).date())
        labelled, judged, _ = prepared_folders(folders, embedder, look)
    return labelled.pairs, judged


def asked_about(judged: Sequence[Judged], first: Sequence[float], doubt: Doubt) -> list[Judged]:
    """The verdicts of the pairs that are in doubt; the others as they are without."""
    kept = []
    for each, p in zip(judged, first, strict=True):
        evidence = each.bundle.evidence.of([each.learning_id])
        insight = each.bundle.insights[each.learning_id]
        if len(evidence.second_look) and not doubt.asks(p, leaves_trace=leaves_a_trace(insight)):
            evidence = replace(evidence, second_look=np.full(1, np.nan, dtype=np.float32))
        kept.append(replace(each, bundle=replace(each.bundle, evidence=evidence)))
    return kept


def share_asked(judged: Sequence[Judged]) -> float:
    scores = [each.bundle.evidence.second_look_at(each.learning_id) for each in judged]
    return sum(score is not None for score in scores) / len(scores)


def row(name: str, pairs: list[Pair], judged: Sequence[Judged], scores: list[float], weights: list[float]) -> None:
    q = measured(pairs, scores, weights, range(len(pairs)))
    same = measured(pairs, scores, weights, same_repository(pairs))
    print(
        f"{name:26} {share_asked(judged):5.0%} {q.area:6.3f} {same.area:9.3f} {q.precision:6.2f} / {q.recall:4.2f} "
        f"{q.f1:5.2f} {q.calibration_error:6.3f}"
    )


def agreement(pairs: list[Pair], judged: Sequence[Judged], weights: list[float]) -> None:
    """The judge alone: what it says against the labels."""
    counts: dict[tuple[float | None, bool], float] = {}
    for pair, each, weight in zip(pairs, judged, weights, strict=True):
        key = (each.bundle.evidence.second_look_at(each.learning_id), pair.used)
        counts[key] = counts.get(key, 0.0) + weight
    for said, name in ((1.0, "followed"), (-1.0, "not followed"), (0.0, "cannot tell"), (None, "no answer")):
        print(f"  {name:14} used {counts.get((said, True), 0):6.1f}   not used {counts.get((said, False), 0):6.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, action="append")
    parser.add_argument("--test", type=Path, action="append", default=[])
    parser.add_argument("--cache", type=Path, help="vectors of an earlier run (.npz)")
    parser.add_argument("--questions", type=Path, help="write what has no answer yet")
    parser.add_argument("--answers", type=Path, help="read answers here, and keep the model's here")
    parser.add_argument("--model", help="litellm:MODEL")
    parser.add_argument("--write-calibration", type=Path, help="the shipped one with the second look's weights fitted")
    arguments = parser.parse_args()
    embedder = StoredVectors(open_embedder(None, conversions=load_settings().conversions_dir), arguments.cache)
    behind = LanguageModel(arguments.model.removeprefix(PREFIX)) if arguments.model else None
    model = Asked(arguments.answers, behind)
    pairs, judged = read_twice(arguments.data, embedder, model)
    others = read_twice(arguments.test, embedder, model) if arguments.test else None
    embedder.save()
    if arguments.questions:
        arguments.questions.write_text("".join(json.dumps(each) + "\n" for each in model.missing), encoding="utf-8")
        print(f"{len(model.missing)} questions without an answer written to {arguments.questions}")
        return
    if model.missing:
        print(f"{len(model.missing)} questions have no answer: their pairs stay as they were")
    weights = natural_weights(pairs)
    print(f"{len(pairs)} pairs ({sum(p.used for p in pairs)} uses), weighed to {SHARE_OF_USES:.0%} of uses\n")
    head = f"{'asked about':26} {'share':>5} {'area':>6} {'same repo':>9}  P / R at {THRESHOLD}  {'F1':>4} {'ECE':>6}"
    first = leave_repositories_out(pairs, asked_about(judged, [0.0] * len(judged), NOTHING))
    print("each repository left out\n" + head)
    for doubt in DOUBTS:
        twice = asked_about(judged, first, doubt)
        row(doubt.name, pairs, twice, leave_repositories_out(pairs, twice), weights)
    print("\nthe judge alone:")
    agreement(pairs, judged, weights)
    shipped = with_second_look(pairs, judged, first)
    print(f"\nfor the shipped calibration: {shipped.second_look}")
    if others is not None:
        test(shipped, *others, head)
    if arguments.write_calibration:
        arguments.write_calibration.write_text(shipped.to_json(), encoding="utf-8")


def with_second_look(pairs: Sequence[Pair], judged: Sequence[Judged], first: Sequence[float]) -> Calibration:
    """The shipped calibration; a verdict's weights are fitted to what the first look says of repositories that it was not fitted to."""
    shipped = shipped_calibration()
    scores = [each.bundle.evidence.second_look_at(each.learning_id) for each in asked_about(judged, first, SHIPPED)]
    weights = fit_second_look(first, scores, [pair.used for pair in pairs], SHARE_OF_USES)
    asked = sum(score is not None for score in scores)
    about = f"benchmarks/judge.py: {asked} verdicts of a large language model on {len(pairs)} pairs, the first look left out"
    return Calibration.fitted(
        "shipped",
        intercept=shipped.intercept,
        weights=shipped.weights,
        common_words=shipped.common_words,
        history=shipped.history,
        second_look=weights,
        provenance=shipped.provenance | {"second_look": about},
    )


def test(shipped: Calibration, pairs: list[Pair], judged: list[Judged], head: str) -> None:
    """As they were sampled: no weights."""
    evenly = [1.0] * len(pairs)
    print(f"\ntest: {len(pairs)} pairs ({sum(p.used for p in pairs)} uses), as they were sampled\n" + head)
    first = [probability(shipped, each) for each in asked_about(judged, [0.0] * len(judged), NOTHING)]
    for doubt in DOUBTS:
        twice = asked_about(judged, first, doubt)
        scores = [probability(shipped, each) for each in twice]
        row(doubt.name, pairs, twice, scores, evenly)
        if doubt in (NOTHING, SHIPPED):
            print_parts(pairs, scores, evenly)
            print_thresholds(pairs, scores, evenly)
            print_intervals(pairs, scores, evenly)
    print("\nthe judge alone:")
    agreement(pairs, judged, evenly)


if __name__ == "__main__":
    main()
