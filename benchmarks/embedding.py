"""What embedding costs, and what the system makes of the model's own speed; runs on a processor or a GPU.

    python benchmarks/embedding.py [--device auto|cpu|cuda] [--sessions 20] [--chunks 600] [--repeats 3] [--results DIR]

Compared in one process, on the example sessions:

    once / by message   each distinct chunk of a session once, against each assistant message anew for each learning
    batch_tokens        Embedder.embed by the tokens of a batch
    ours / bare         Embedder.embed against SentenceTransformer.encode at its best batch size, same chunks, device and precision
    backends            each backend's chunks a second in each number format, and the share of activation decisions that are those of
                        torch in float32
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from measuring import machine

from worker.attribution.fit_calibration import bare_context
from worker.attribution.prepare import build_bundle
from worker.domain import Learning, Transcript
from worker.embedder import Embedder, SentenceTransformerEmbedder, VectorCache, open_embedder
from worker.embedder.openvino_embedder import OpenVinoEmbedder
from worker.embedder.precision import HAVE_BFLOAT16, processor_flags
from worker.formats.learning import read_learning
from worker.formats.transcripts.messages import parse_transcript
from worker.layers.activation.chunks import chunk_transcript
from worker.layers.activation.detector import HybridDetector
from worker.settings import load_settings

ROOT = Path(__file__).resolve().parent.parent
BATCH_SIZES = (8, 16, 32, 64)
GPU_BATCH_SIZES = (64, 128, 256, 512, 1024)
BATCH_TOKENS = (512, 1024, 2048)
GPU_BATCH_TOKENS = (8192, 32_768, 131_072, 524_288)
#: learnings of which the slow way is measured; it is the same work for each, so the rest is multiplied
LEARNINGS_MEASURED = 1


def read_examples(folder: Path, count: int) -> tuple[list[tuple[Transcript, list[str]]], dict[str, Learning]]:
    with (folder / "learnings.jsonl").open("rb") as lines:
        learnings = {entry.learning_id: entry for entry in (read_learning(line, now=0) for line in lines)}
    with (folder / "events.jsonl").open(encoding="utf-8") as lines:
        events = [json.loads(line) for line in lines]
    sessions = [
        (parse_transcript(event["transcript"]), (event.get("context") or event)["active_learnings"]) for event in events
    ]
    return sessions[:count], learnings


def opened(**options: Any) -> Embedder:
    return open_embedder(conversions=load_settings().conversions_dir, **options)


def backend_of(embedder: Embedder) -> str:
    return "openvino" if isinstance(embedder, OpenVinoEmbedder) else "torch"


def name_of(device: str) -> str:
    if device.startswith("cuda"):
        import torch

        return str(torch.cuda.get_device_name(device))
    return str(machine()["processor"])


def seconds(work: Callable[[], object], repeats: int) -> list[float]:
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return taken


def rate(count: int, taken: list[float]) -> dict[str, float]:
    return {
        "per_second": count / statistics.median(taken),
        "slowest": count / max(taken),
        "fastest": count / min(taken),
    }


def once_against_by_message(
    sessions: list[tuple[Transcript, list[str]]], learnings: dict[str, Learning], embedder: Embedder
) -> dict[str, float]:
    vectors = VectorCache(embedder)

    def once() -> None:
        for transcript, ids in sessions:
            build_bundle(
                bare_context("s"),
                transcript,
                {i: learnings[i] for i in ids},
                embedder=embedder,
                learning_vectors=vectors,
            )

    def by_message(ids: list[str], transcript: Transcript) -> None:
        for learning_id in ids:
            embedder.embed([learnings[learning_id].insight])
            for message in transcript.messages:
                if message.role == "assistant":
                    embedder.embed(["\n".join(block.text for block in message.blocks)])

    cold, fast = seconds(once, 2)  # the first time the learnings' own texts are embedded too
    slow = 0.0
    for transcript, ids in sessions:
        measured = ids[:LEARNINGS_MEASURED]
        (taken,) = seconds(partial(by_message, measured, transcript), 1)
        slow += taken * len(ids) / max(1, len(measured))
    return {"cold_seconds": cold, "once_seconds": fast, "by_message_seconds": slow, "ratio": slow / fast}


def ours_against_bare(
    texts: list[str], embedder: Embedder, device: str, threads: int | None, repeats: int
) -> dict[str, Any]:
    """The bare model is sentence-transformers' own, in the same number format."""
    loaded = SentenceTransformerEmbedder(device=device, precision=embedder.precision, threads=threads)._load()  # noqa: SLF001
    model = loaded._model  # noqa: SLF001
    sizes = GPU_BATCH_SIZES if device.startswith("cuda") else BATCH_SIZES
    bare = {}
    for size in sizes:
        taken = seconds(partial(model.encode, texts, batch_size=size, show_progress_bar=False), repeats)
        bare[str(size)] = rate(len(texts), taken)
    best = max(bare, key=lambda size: bare[size]["per_second"])
    ours = rate(len(texts), seconds(lambda: embedder.embed(texts), repeats))
    return {
        "bare": bare,
        "best_batch_size": int(best),
        "ours": ours,
        "ratio": ours["per_second"] / bare[best]["per_second"],
    }


def by_batch_tokens(texts: list[str], device: str, threads: int | None, repeats: int) -> dict[str, dict[str, float]]:
    rates = {}
    for tokens in GPU_BATCH_TOKENS if device.startswith("cuda") else BATCH_TOKENS:
        embedder = opened(device=device, threads=threads, batch_tokens=tokens)
        embedder.embed(texts[:64])
        rates[str(tokens)] = rate(len(texts), seconds(partial(embedder.embed, texts), repeats))
    return rates


def backends(
    texts: list[str],
    sessions: list[tuple[Transcript, list[str]]],
    learnings: dict[str, Learning],
    device: str,
    repeats: int,
) -> dict[str, Any]:
    on_gpu = device.startswith("cuda")
    formats = ("float32", "float16" if on_gpu else "bfloat16")
    reference: list[bool] = []
    rates: dict[str, Any] = {}
    for backend in ("torch",) if on_gpu else ("torch", "openvino"):
        for precision in formats:
            if precision == "bfloat16" and not processor_flags() & HAVE_BFLOAT16:
                continue  # torch would imitate it, at a third of the speed
            embedder = opened(device=device, backend=backend, precision=precision)
            embedder.embed(texts[:64])
            measured = rate(len(texts), seconds(partial(embedder.embed, texts), repeats))
            decisions = decide(sessions, learnings, embedder)
            reference = reference or decisions
            same = [first == second for first, second in zip(reference, decisions, strict=True)]
            rates[f"{backend}, {precision}"] = measured | {"same": sum(same) / len(same)}
    chosen = opened(device=device)
    return {
        "rates": rates,
        "pairs": len(reference),
        "bfloat16_flags": sorted(processor_flags() & HAVE_BFLOAT16),
        "auto_chooses": f"{backend_of(chosen)}, {chosen.precision}",
    }


def decide(
    sessions: list[tuple[Transcript, list[str]]], learnings: dict[str, Learning], embedder: Embedder
) -> list[bool]:
    vectors, detector = VectorCache(embedder), HybridDetector()
    decisions = []
    for transcript, ids in sessions:
        bundle = build_bundle(
            bare_context("s"), transcript, {i: learnings[i] for i in ids}, embedder=embedder, learning_vectors=vectors
        )
        decisions += [
            detector.detect(learning_id, bundle.insights, bundle.evidence).was_activated for learning_id in ids
        ]
    return decisions


def print_report(report: dict[str, Any]) -> None:
    once, bare, formats = report["embed_once"], report["near_the_limit"], report["backends"]
    print(
        f"{report['processor']}, {report['model']}, {report['chunks']} distinct chunks, {report['sessions']} sessions\n"
    )
    print(
        f"embed once            {once['once_seconds']:8.2f} s   ({once['cold_seconds']:.2f} s with the learnings' texts, once per process)"
    )
    print(f"by message, learning  {once['by_message_seconds']:8.2f} s   ratio {once['ratio']:.0f} (target 20)\n")
    for size, measured in bare["bare"].items():
        print(
            f"bare encode, batch {size:>4} {measured['per_second']:8.0f} chunks/s ({measured['slowest']:.0f}–{measured['fastest']:.0f})"
        )
    for tokens, measured in report["by_batch_tokens"].items():
        print(
            f"embed, tokens {tokens:>8}  {measured['per_second']:8.0f} chunks/s ({measured['slowest']:.0f}–{measured['fastest']:.0f})"
        )
    ours = bare["ours"]
    print(
        f"Embedder.embed          {ours['per_second']:8.0f} chunks/s ({ours['slowest']:.0f}–{ours['fastest']:.0f})   "
        f"ratio {bare['ratio']:.2f} of the best (target 0.80 for the whole pipeline)\n"
    )
    slowest = formats["rates"]["torch, float32"]["per_second"]
    for name, measured in formats["rates"].items():
        print(
            f"{name:18} {measured['per_second']:8.0f} chunks/s, {measured['per_second'] / slowest:.2f} times torch in float32; "
            f"decisions the same in {100 * measured['same']:.2f} % of {formats['pairs']} pairs (target 99.5 %)"
        )
    flags = ", ".join(formats["bfloat16_flags"]) or "none"
    print(f"auto chooses {formats['auto_chooses']} (the processor's flags for bfloat16: {flags})")


def plot(report: dict[str, Any], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    bare = report["near_the_limit"]["bare"]
    figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
    axes.plot(list(bare), [measured["per_second"] for measured in bare.values()], marker="o", label="bare encode")
    axes.axhline(report["near_the_limit"]["ours"]["per_second"], color="tab:orange", label="Embedder.embed")
    axes.set(
        xlabel="batch size",
        ylabel="chunks a second",
        title=f"{report['processor']}, {report['near_the_limit']['precision']}",
        ylim=(0, None),
    )
    axes.legend()
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--chunks", type=int, default=600)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--examples", type=Path, default=ROOT / "examples")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results")
    arguments = parser.parse_args()
    sessions, learnings = read_examples(arguments.examples, arguments.sessions)
    distinct = sorted({chunk.text for transcript, _ in sessions for chunk in chunk_transcript(transcript)})
    texts = distinct[:: max(1, len(distinct) // arguments.chunks)][: arguments.chunks]
    embedder: Any = opened(device=arguments.device, threads=arguments.threads)
    embedder.embed(texts[:64])
    device = embedder.device
    report: dict[str, Any] = {
        "device": device,
        "processor": name_of(device),
        "model": embedder.model,
        "chunks": len(texts),
        "sessions": len(sessions),
        "embed_once": once_against_by_message(sessions, learnings, embedder),
        "near_the_limit": {
            "precision": embedder.precision,
            **ours_against_bare(texts, embedder, device, arguments.threads, arguments.repeats),
        },
        "by_batch_tokens": by_batch_tokens(texts, device, arguments.threads, arguments.repeats),
        "backends": backends(texts, sessions, learnings, device, arguments.repeats),
    }
    print_report(report)
    arguments.results.mkdir(parents=True, exist_ok=True)
    name = f"embedding-{device.partition(':')[0]}"
    (arguments.results / f"{name}.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    plot(report, arguments.results / f"{name}.png")


if __name__ == "__main__":
    main()
