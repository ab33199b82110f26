"""The whole embedded pipeline beside the bare model: chunks a second from event log to published result, warm, on the example sessions.

    python benchmarks/pipeline.py [--sessions 42] [--repeats 3] [--results DIR]

The stack is the one of `groove run`: broker, store, a worker a core, bridge. The bare figure is `SentenceTransformer.encode` in one
process on the same distinct chunks, with all cores, the same precision and its best batch size. Both take turns within one run, each
alone: the stack idles while the bare model works. Processor time is shown beside the rates, as it does not change when others use the
machine too.
"""

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from measuring import (
    RESULTS,
    ROOT,
    Spread,
    Usage,
    fresh_settings,
    machine,
    own_seconds,
    save,
    spent,
    tell,
    tell_ratio,
    wait_until,
)
from published import PublishedCount

from worker.embedder import SentenceTransformerEmbedder, open_embedder
from worker.event_log.opening import open_event_log
from worker.event_log.protocol import EventLog, TopicName
from worker.formats.learning import read_learning
from worker.formats.transcripts.messages import parse_transcript
from worker.layers.activation.chunks import chunk_transcript
from worker.local.stack import Stack, running_stack
from worker.settings import Settings, load_settings
from worker.store.api import StoreApi

TARGET = 0.8
#: of a worker that embeds, after all sessions
MOST_MB = 900.0
BATCH_SIZES = (16, 32, 64)
#: every so manieth chunk is enough to find the best batch size
BATCH_SAMPLE = 8
#: the best of so many, or a moment's noise would make the bare model look slow
BATCH_PASSES = 3
#: the shortest so many name all learnings but a few
WARM_SESSIONS = 12
DEADLINE_SECONDS = 600.0


def read_events(path: Path, count: int) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines][:count]


def chunks_of(events: list[dict[str, Any]]) -> list[str]:
    """Each session's distinct chunks, in the order of the sessions."""
    return [
        text
        for event in events
        for text in dict.fromkeys(chunk.text for chunk in chunk_transcript(parse_transcript(event["transcript"])))
    ]


def another_time(events: list[dict[str, Any]], round_: str) -> list[tuple[str, Any, bytes]]:
    """The same sessions under other names: new work for everybody but the learnings' vectors."""
    messages = []
    for number, event in enumerate(events):
        place = event.get("context") or event
        session_id, event_id = f"{round_}-{number}", str(uuid5(NAMESPACE_URL, f"{round_}-{number}"))
        renamed = {**place, "session_id": session_id, "event_id": event_id}
        document = {**event, "context": renamed} if "context" in event else renamed
        messages.append((session_id, uuid5(NAMESPACE_URL, event_id), json.dumps(document).encode()))
    return messages


class Pipeline:
    def __init__(self, settings: Settings, stack: Stack, event_log: EventLog) -> None:
        self.settings, self.stack, self.event_log = settings, stack, event_log
        self.usage = Usage({child.name: child.pid for child in stack.children if child.pid})
        self.heavy = TopicName.parse(settings.streams.heavy)
        self.published = PublishedCount(settings)
        event_log.ensure_topic(self.heavy, settings.streams.partitions)

    def run(self, messages: list[tuple[str, Any, bytes]]) -> float:
        """-> seconds from the first event in the log to the last result in it."""
        wanted = self.published() + len(messages)
        began = time.perf_counter()
        self.event_log.publish_many(self.heavy, messages)
        wait_until(
            lambda: self.published() >= wanted,
            within=DEADLINE_SECONDS,
            look_every=0.05,
            meanwhile=self.stack.look_after,
        )
        return time.perf_counter() - began

    def warm_up(self, events: list[dict[str, Any]]) -> None:
        """The model loaded in every worker, and the learnings' vectors there."""
        self.run(another_time(sorted(events, key=lambda event: len(chunks_of([event])))[:WARM_SESSIONS], "warm"))


@contextlib.contextmanager
def pipeline(settings: Settings, learnings: Path) -> Iterator[Pipeline]:
    with running_stack(settings, log_to_files=True) as stack:
        store = StoreApi(settings.store_url, token=settings.write_token() or "")
        store.import_learnings([read_learning(line, now=0) for line in learnings.open("rb")], actor="benchmark")
        event_log = open_event_log(settings.event_log_url)
        try:
            yield Pipeline(settings, stack, event_log)
        finally:
            event_log.close()
            store.close()


class BareModel:
    """sentence-transformers' own, by torch, with every core, in the number format that the workers choose."""

    def __init__(self, cores: int) -> None:
        workers = open_embedder(conversions=load_settings().conversions_dir)
        embedder = SentenceTransformerEmbedder(threads=cores, precision=workers.precision)
        self.precision, self.name = embedder.precision, embedder.model
        self._model = embedder._load()._model  # noqa: SLF001 - it has no other door

    def rates(self, texts: list[str]) -> dict[int, float]:
        self.seconds(texts[:64], 32)
        fastest = dict.fromkeys(BATCH_SIZES, float("inf"))
        for _ in range(BATCH_PASSES):
            for size in BATCH_SIZES:
                fastest[size] = min(fastest[size], self.seconds(texts, size))
        return {size: len(texts) / seconds for size, seconds in fastest.items()}

    def cpu_a_chunk(self, texts: list[str], batch_size: int) -> float:
        """With one thread: several that wait for each other on a busy machine spin, and that is no work."""
        import torch

        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        cpu = own_seconds()
        self.seconds(texts, batch_size)
        torch.set_num_threads(threads)
        return (own_seconds() - cpu) / len(texts)

    def seconds(self, texts: list[str], batch_size: int) -> float:
        began = time.perf_counter()
        self._model.encode(texts, batch_size=batch_size, show_progress_bar=False)
        return time.perf_counter() - began


def measure(bare: BareModel, whole: Pipeline, events: list[dict[str, Any]], repeats: int) -> dict[str, Any]:
    texts = chunks_of(events)
    whole.warm_up(events)
    by_size = bare.rates(texts[::BATCH_SAMPLE])
    best = max(by_size, key=lambda size: by_size[size])
    rounds = []
    for number in range(repeats):
        bare_seconds = bare.seconds(texts, best)
        bare_cpu = bare.cpu_a_chunk(texts[::BATCH_SAMPLE], best) * len(texts)
        before = whole.usage.cpu_seconds()
        pipeline_seconds = whole.run(another_time(events, f"round{number}"))
        parts = spent(before, whole.usage.cpu_seconds())
        rounds.append(
            {
                "bare_seconds": bare_seconds,
                "bare_cpu": bare_cpu,
                "pipeline_seconds": pipeline_seconds,
                "pipeline_cpu": parts,
                "ratio": bare_seconds / pipeline_seconds,
                "cpu_ratio": bare_cpu / sum(parts.values()),
            }
        )
    return {
        "sessions": len(events),
        "learnings": sum(len((event.get("context") or event)["active_learnings"]) for event in events),
        "chunks": len(texts),
        "precision": bare.precision,
        "model": bare.name,
        "bare_by_batch_size": by_size,
        "best_batch_size": best,
        "rounds": rounds,
        "resident_mb": whole.usage.resident_mb(),
        "for_gpus_mb": whole.usage.for_gpus_mb(),
    }


def print_report(report: dict[str, Any]) -> None:
    chunks, rounds = report["chunks"], report["rounds"]
    print(
        f"{report['sessions']} sessions, {chunks} distinct chunks, {report['learnings']} learnings; {report['machine']['processor']}, "
        f"{report['machine']['cores']} cores, {report['precision']}, load before {report['machine']['load_before']:.1f}"
    )
    bare = Spread.of([chunks / entry["bare_seconds"] for entry in rounds])
    tell(f"bare encode, batch {report['best_batch_size']} (best)", bare, "chunks/s")
    tell(
        "event log to published result", Spread.of([chunks / entry["pipeline_seconds"] for entry in rounds]), "chunks/s"
    )
    tell_ratio("pipeline / bare, rate", Spread.of([entry["ratio"] for entry in rounds]), TARGET)
    tell_ratio("bare / pipeline, processor time", Spread.of([entry["cpu_ratio"] for entry in rounds]), TARGET)
    sessions = report["sessions"]
    for part in rounds[0]["pipeline_cpu"]:
        tell(
            f"  {part}, a session",
            Spread.of([1000 * entry["pipeline_cpu"][part] / sessions for entry in rounds]),
            "ms of CPU",
            f"{report['resident_mb'][part]:.0f} MB",
        )
    tell("  bare, a session", Spread.of([1000 * entry["bare_cpu"] / sessions for entry in rounds]), "ms of CPU")
    workers = {name: resident for name, resident in report["resident_mb"].items() if name.startswith("worker")}
    without = [resident - report["for_gpus_mb"][name] for name, resident in workers.items()]
    for name, each in (
        ("worker (embedding), MB", list(workers.values())),
        ("  of that, without libraries for GPUs, MB", without),
    ):
        tell_ratio(name, Spread.of(each), MOST_MB, at_most=True)


def plot(report: dict[str, Any], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (rates, costs) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    chunks, sessions = report["chunks"], report["sessions"]
    rounds = report["rounds"]
    bare = [chunks / entry["bare_seconds"] for entry in rounds]
    ours = [chunks / entry["pipeline_seconds"] for entry in rounds]
    numbers = range(1, len(rounds) + 1)
    rates.plot(numbers, bare, "o-", label="bare encode")
    rates.plot(numbers, ours, "s-", label="whole pipeline")
    rates.plot(numbers, [TARGET * rate for rate in bare], "--", color="grey", label="80 % of bare")
    rates.set(xlabel="round", ylabel="chunks a second", ylim=(0, None), xticks=list(numbers))
    rates.legend()
    parts = rounds[-1]["pipeline_cpu"]
    costs.barh(["bare", *parts], [1000 * s / sessions for s in (rounds[-1]["bare_cpu"], *parts.values())])
    costs.set(xlabel="ms of CPU a session (last round)")
    figure.savefig(path, dpi=110)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=42)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    about = machine()
    events = read_events(ROOT / "examples" / "events.jsonl", arguments.sessions)
    bare = BareModel(len(os.sched_getaffinity(0)))
    with fresh_settings() as settings, pipeline(settings, ROOT / "examples" / "learnings.jsonl") as whole:
        report = {"machine": about, **measure(bare, whole, events, arguments.repeats)}
    print_report(report)
    plot(report, save("pipeline", report, arguments.results).with_suffix(".png"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
