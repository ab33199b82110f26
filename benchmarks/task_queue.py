"""Attribution of prepared sessions beside chords of the same size that do nothing: tasks a second on the same workers.

    python benchmarks/task_queue.py [--repeats 5] [--sessions 20] [--learnings 20] [--workers 3] [--results DIR]

Everything but the model is real: broker, ledger, store, and workers of one process each, one more than there are cores
(docs/how-to/scale.md says why).
Every session's bundle (of a real session) lies on the broker before the clock starts; then this process enqueues its chord, as a
worker that embeds would, and the clock stops when the last callback has ended: for ours, with the values stored and the message published.
Chords that do nothing are enqueued in the same way, for the same workers, with arguments of the same size; as Celery does by itself, they
keep their results. Last, 50 learnings a session with 1 and with 25 to a task, for about as long: of the latter, five times the sessions.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from celery import group, shared_task
from celery.result import AsyncResult, denied_join_result
from celery.utils import uuid
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
from redis import Redis

from worker.attribution.assignments import settle_assignments
from worker.attribution.bundle import SessionBundle, SessionContext
from worker.domain import Learning, SessionVersion
from worker.event_log.opening import open_event_log
from worker.event_log.protocol import TopicName
from worker.formats.heavy_event import HeavyEvent, read_heavy_event
from worker.formats.learning import read_learning
from worker.formats.transcripts.messages import parse_transcript
from worker.ledger import HeavyReceived, Ledger, open_ledger
from worker.local import parts
from worker.local.folder import owned_folder
from worker.local.process import ChildProcess
from worker.local.stack import Stack
from worker.settings import Settings, load_settings
from worker.store.api import StoreApi
from worker.store.client import HttpStore
from worker.task_queue import workflow
from worker.task_queue.app import make_app
from worker.task_queue.broker import broker_client
from worker.task_queue.bundle_cache import BundleCache
from worker.task_queue.messages import ATTRIBUTION, FINISHING, to_wire

TARGET, GROUPED_TARGET = 0.6, 5.0
GROUPED_LEARNINGS, GROUPED = 50, 25
#: for each of the others: five of them spread over a fifth
GROUPED_ROUNDS = 2
#: chunks of the median session
CHUNKS = 150
DEADLINE_SECONDS = 120.0
_DONE = "benchmark:done"
_THIS = "this process"

#: session, version in force, learnings
Prepared = tuple[str, SessionVersion, list[str]]


# ------------------------------------------------------------------ what runs in the workers


@shared_task(name="benchmark.nothing", ignore_result=False)
def nothing(session_id: str, version: Any, learning_ids: list[str]) -> None:
    """A header task."""


@shared_task(name="benchmark.count", ignore_result=False)
def count(_session_id: str, _version: Any) -> None:
    """The callback: one more chord is done."""
    _client().incr(_DONE)


_clients: list[Redis] = []


def _client() -> Redis:
    if not _clients:
        _clients.append(broker_client(load_settings()))
    return _clients[0]


def serve(name: str) -> None:
    """One of our workers, that knows the tasks above too."""
    from worker.logs import configure_logs
    from worker.tasks.worker_process import run_worker

    settings = load_settings()
    configure_logs(settings.log)
    run_worker(settings, queues=[ATTRIBUTION], concurrency=1, name=name)


# ------------------------------------------------------------------ what is attributed


def real_session() -> tuple[dict[str, Any], list[Learning]]:
    """The example session whose number of chunks is nearest to the median of real ones, and 50 learnings to judge by it."""
    from worker.layers.activation.chunks import chunk_transcript

    with (ROOT / "examples" / "events.jsonl").open(encoding="utf-8") as lines:
        events = [json.loads(line) for line in lines]
    with (ROOT / "examples" / "learnings.jsonl").open("rb") as lines:
        learnings = [read_learning(line, now=0) for line in lines]
    chunks = [len(chunk_transcript(parse_transcript(event["transcript"]))) for event in events]
    nearest = min(range(len(events)), key=lambda number: abs(chunks[number] - CHUNKS))
    return events[nearest], learnings[:GROUPED_LEARNINGS]


def prepared(event: dict[str, Any], learnings: list[Learning]) -> SessionBundle:
    """With the real model: this is done once, and is not what is measured."""
    from worker.attribution.prepare import build_bundle
    from worker.embedder import VectorCache, open_embedder

    heavy = read_heavy_event(_document(event, "template", [entry.learning_id for entry in learnings]), logged_at=1)
    embedder = open_embedder(conversions=load_settings().conversions_dir, threads=1)
    return build_bundle(
        _context(heavy),
        parse_transcript(event["transcript"]),
        {entry.learning_id: entry for entry in learnings},
        embedder=embedder,
        learning_vectors=VectorCache(embedder),
    )


def _document(event: dict[str, Any], session_id: str, learning_ids: list[str]) -> bytes:
    own: dict[str, Any] = {
        "session_id": session_id,
        "event_id": f"event of {session_id}",
        "timestamp": "2026-01-20T20:14:07Z",
    }
    own |= {"active_learnings": learning_ids, "outcome": "success", "transcript": {"messages": []}}
    return json.dumps(own | {"lightweight_events": event.get("lightweight_events") or []}).encode()


def _context(event: HeavyEvent) -> SessionContext:
    return SessionContext(
        session_id=event.session_id,
        version=event.version,
        outcome=event.outcome,
        signals=event.signals,
        assignments=settle_assignments(event, {}, ablation_rate=0.1).assignments,
    )


# ------------------------------------------------------------------ what is measured


class Bench:
    def __init__(
        self, settings: Settings, stack: Stack, ledger: Ledger, store: HttpStore, event: dict[str, Any]
    ) -> None:
        self.settings, self.stack, self.ledger, self.store, self.event = settings, stack, ledger, store, event
        self.app = make_app(settings)
        self.client = broker_client(settings)
        self.event_log, self.out = open_event_log(settings.event_log_url), TopicName.parse(settings.streams.attributed)
        self.published = PublishedCount(settings)
        self.bundles = BundleCache(self.client, keep_seconds=3600)
        self.usage = Usage({child.name: child.pid for child in stack.children if child.pid})

    def make_ready(self, names: list[str], ids: list[str], template: SessionBundle) -> list[Prepared]:
        """Received, opened and expected; the bundle lies on the broker -> what starts each of them."""
        started: list[Prepared] = []
        for name in names:
            payload = _document(self.event, name, ids)
            heavy = read_heavy_event(payload, logged_at=1)
            received = HeavyReceived(event=heavy, payload=payload, offset=0, logged_at=1)
            self.ledger.intake.receive(heavy=[received], ablation_rate=0.1)
            self.store.open_session(name, heavy.version, ids)
            self.bundles.put(replace(template, context=_context(heavy)))
            self.ledger.work.expect(name, heavy.version, ids, signals_seen=0)
            started.append((name, heavy.version, ids))
        return started

    def ours(self, sessions: list[Prepared], per_task: int) -> tuple[float, dict[str, float]]:
        def start(session_id: str, version: SessionVersion, ids: list[str]) -> None:
            workflow.enqueue_session(self.app, session_id, version, ids, per_task=per_task, sent_at=self.ledger.now())

        wanted = self.published() + len(sessions)
        return self._time(start, sessions, lambda: self.published() >= wanted)

    def nothing(self, sessions: list[Prepared]) -> tuple[float, dict[str, float]]:
        expected: list[AsyncResult[Any]] = []

        def start(session_id: str, version: SessionVersion, ids: list[str]) -> None:
            known, group_id = to_wire(version), uuid()
            header = group([nothing.si(session_id, known, [id_]).set(queue=ATTRIBUTION) for id_ in ids], app=self.app)
            callback = count.si(session_id, known).set(queue=FINISHING)
            callback.freeze(group_id=group_id)
            results = header.freeze(group_id, chord=callback).results
            self.app.backend.apply_chord((group_id, results), callback)
            expected.extend(results)
            # in one batch: `chord(header)(callback)` drops the producer and would send message by message
            with self.app.producer_or_acquire() as producer, producer.batch():
                header.apply_async(task_id=group_id, producer=producer, add_to_parent=False)

        self.client.delete(_DONE)
        with denied_join_result():  # as in a worker: nobody here subscribes to their results
            measured = self._time(start, sessions, lambda: int(self.client.get(_DONE) or 0) >= len(sessions))
        for result in expected:  # Celery waits for each until somebody reads it
            self.app.backend.remove_pending_result(result)
        return measured

    def _time(
        self,
        start: Callable[[str, SessionVersion, list[str]], None],
        sessions: list[Prepared],
        is_done: Callable[[], bool],
    ) -> tuple[float, dict[str, float]]:
        """-> seconds, and the parts' seconds of CPU, with this process's."""
        before, began = self._spent(), time.perf_counter()
        for session in sessions:
            start(*session)
        wait_until(is_done, within=DEADLINE_SECONDS, meanwhile=self.stack.look_after)
        return time.perf_counter() - began, spent(before, self._spent())

    def _spent(self) -> dict[str, float]:
        return {_THIS: own_seconds(), **self.usage.cpu_seconds()}


@contextmanager
def bench(settings: Settings, event: dict[str, Any], learnings: list[Learning], workers: int) -> Iterator[Bench]:
    environ = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # as `groove worker` sets it
    command = [sys.executable, str(Path(__file__).resolve()), "--serve"]
    children = [parts.broker(settings, environ), parts.store(settings, environ, log=True)]
    for number in range(1, workers + 1):
        name = f"worker-{number}"
        log = settings.data_dir / "logs" / f"{name}.log"
        children.append(ChildProcess(name=name, command=[*command, name], environ=environ, log=log))
    with owned_folder(settings):
        stack = Stack(settings, children)
        ledger = open_ledger(settings.ledger_url)
        try:
            stack.start()
            store = HttpStore(settings.store_url, token=settings.write_token() or "")
            StoreApi(settings.store_url, token=settings.write_token() or "").import_learnings(
                learnings, actor="benchmark"
            )
            on = Bench(settings, stack, ledger, store, event)
            # as the bridge would; without it every finished session leaves its message to the sweeper
            on.event_log.ensure_topic(on.out, settings.streams.partitions)
            yield on
            on.event_log.close()
        finally:
            stack.stop()
            ledger.dispose()


def measure(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    event, learnings = real_session()
    template = prepared(event, learnings)
    every = [entry.learning_id for entry in learnings]
    ids, rounds, grouped = every[: options.learnings], [], []
    with bench(settings, event, learnings, options.workers) as on:
        on.nothing([("warm", SessionVersion(timestamp=1, event_id="e", attempt=1), ids)])
        on.ours(on.make_ready([f"warm-{number}" for number in range(4)], ids, template), 1)
        for number in range(options.repeats):
            sessions = on.make_ready([f"{number}-{i}" for i in range(options.sessions)], ids, template)
            idle, idle_cpu = on.nothing(sessions)
            ours, cpu = on.ours(sessions, 1)
            rounds.append({"nothing": idle, "nothing_cpu": idle_cpu, "ours": ours, "cpu": cpu, "ratio": idle / ours})
        for number in range(GROUPED_ROUNDS * options.repeats):
            names = [f"large-{number}-{i}" for i in range(round(GROUPED_TARGET) * options.sessions)]
            ones = on.make_ready([f"{name}-1" for name in names[: options.sessions]], every, template)
            groups = on.make_ready([f"{name}-25" for name in names], every, template)
            (one, one_cpu), (many, many_cpu) = on.ours(ones, 1), on.ours(groups, GROUPED)
            each, all_ = len(ones) * len(every), len(groups) * len(every)
            grouped.append(
                {
                    "one": {"seconds": one, "cpu": one_cpu, "learnings": each},
                    "many": {"seconds": many, "cpu": many_cpu, "learnings": all_},
                    "ratio": (all_ / many) / (each / one),
                }
            )
    return {
        "chunks": len(template.evidence.chunks.texts),
        "tasks": options.sessions * len(ids),
        "sessions": options.sessions,
        "learnings": len(ids),
        "workers": options.workers,
        "rounds": rounds,
        "grouped": grouped,
    }


def print_report(report: dict[str, Any]) -> None:
    about, rounds, grouped, tasks = report["machine"], report["rounds"], report["grouped"], report["tasks"]
    print(
        f"{report['sessions']} chords of {report['learnings']} tasks, a session of {report['chunks']} chunks; {about['processor']}, "
        f"{about['cores']} cores, {report['workers']} workers, load before {about['load_before']:.1f}"
    )
    tell("chords that do nothing", Spread.of([tasks / entry["nothing"] for entry in rounds]), "tasks/s")
    tell("attribute_learning, finish_session", Spread.of([tasks / entry["ours"] for entry in rounds]), "tasks/s")
    tell_ratio("ours / nothing, rate", Spread.of([entry["ratio"] for entry in rounds]), TARGET)
    cpu_ratio = [sum(entry["nothing_cpu"].values()) / sum(entry["cpu"].values()) for entry in rounds]
    tell_ratio("nothing / ours, processor time", Spread.of(cpu_ratio), TARGET)
    for part in rounds[0]["cpu"]:
        mine = Spread.of([1e6 * entry["cpu"][part] / tasks for entry in rounds])
        floor = Spread.of([1e6 * entry["nothing_cpu"][part] / tasks for entry in rounds])
        tell(f"  {part}, a task", mine, "µs of CPU", f"nothing: {floor.median:.0f}")
    for name, key in (
        ("1 learning a task, 50 a session", "one"),
        (f"{GROUPED} learnings a task, 50 a session", "many"),
    ):
        runs = [entry[key] for entry in grouped]
        spent_each = Spread.of([1e6 * sum(run["cpu"].values()) / run["learnings"] for run in runs])
        rate = Spread.of([run["learnings"] / run["seconds"] for run in runs])
        tell(name, rate, "learnings/s", f"{spent_each.median:.0f} µs of CPU a learning")
    tell_ratio(f"{GROUPED} a task / 1 a task", Spread.of([entry["ratio"] for entry in grouped]), GROUPED_TARGET)


def plot(report: dict[str, Any], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (rates, costs) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    rounds, tasks = report["rounds"], report["tasks"]
    numbers = range(1, len(rounds) + 1)
    idle = [tasks / entry["nothing"] for entry in rounds]
    rates.plot(numbers, idle, "o-", label="chords that do nothing")
    rates.plot(numbers, [tasks / entry["ours"] for entry in rounds], "s-", label="ours")
    rates.plot(numbers, [TARGET * rate for rate in idle], "--", color="grey", label="60 % of nothing")
    rates.set(xlabel="round", ylabel="tasks a second", ylim=(0, None), xticks=list(numbers))
    rates.legend()
    for kind, shift in (("nothing_cpu", -0.2), ("cpu", 0.2)):
        parts_ = rounds[-1][kind]
        costs.barh([i + shift for i in range(len(parts_))], [1e6 * s / tasks for s in parts_.values()], height=0.4)
    costs.set_yticks(range(len(rounds[-1]["cpu"])), list(rounds[-1]["cpu"]))
    costs.set(xlabel="µs of CPU a task (lower bar: nothing)")
    figure.savefig(path, dpi=110)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--learnings", type=int, default=20)
    parser.add_argument("--workers", type=int, default=machine()["cores"] + 1)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--serve", metavar="NAME", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return 0
    about = machine()
    with fresh_settings() as settings:
        report = {"machine": about, **measure(settings, options)}
    print_report(report)
    plot(report, save("queue", report, options.results).with_suffix(".png"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
