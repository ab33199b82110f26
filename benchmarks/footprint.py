"""How fast the commands start and how much memory the parts hold; which of them import torch.

    python benchmarks/footprint.py [--repeats 5] [--results DIR]

An attribution-only worker is ready when it answers a task: the time from its start to the end of the callback of an empty session.
Memory is the largest process of each part, resident, after that; `pipeline.py` tells the embedding worker's.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from measuring import RESULTS, Spread, Usage, fresh_settings, machine, save, tell_ratio, wait_until

from worker.domain import SessionVersion
from worker.local import parts
from worker.local.folder import owned_folder
from worker.local.stack import Stack
from worker.settings import Settings
from worker.task_queue import workflow
from worker.task_queue.app import make_app
from worker.task_queue.broker import broker_client
from worker.task_queue.messages import ATTRIBUTION, FINISHING

#: seconds, MB
TARGETS = {
    "groove --help, s": 0.4,
    "groove values, s": 1.0,
    "attribution-only worker ready, s": 3.0,
    "worker (attribution only), MB": 150.0,
    "bridge, MB": 120.0,
    "store, MB": 300.0,
}
_READY_SECONDS = 60.0
_IMPORTS = "import sys; import {module}; print('torch' in sys.modules)"


def seconds_of(arguments: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-P", "-m", "worker.cli", *arguments], check=True, capture_output=True)
    return time.perf_counter() - began


def processor_seconds_of(arguments: list[str]) -> float:
    before = os.times()
    seconds_of(arguments)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def imports_torch(module: str) -> bool:
    code = _IMPORTS.format(module=module)
    return (
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
        == "True"
    )


def measure(settings: Settings, repeats: int) -> dict[str, Any]:
    environ = dict(os.environ)
    worker = parts.worker(settings, environ, 1, log=True)
    worker.command = [*worker.command[:4], "worker", "--queues", ATTRIBUTION, "--name", "worker-1"]
    children = [parts.broker(settings, environ), parts.store(settings, environ, log=True)]
    bridge = parts.bridge(settings, environ, all_lost=False, log=True)
    app = make_app(settings, publisher_only=True)
    figures: dict[str, list[float]] = {name: [] for name in TARGETS}
    cpu: dict[str, list[float]] = {}
    with owned_folder(settings):
        stack = Stack(settings, [*children, bridge])
        try:
            stack.start()
            client = broker_client(settings)
            for number in range(repeats):
                for name, arguments in (("groove --help, s", ["--help"]), ("groove values, s", ["values"])):
                    figures[name].append(seconds_of(arguments))
                    cpu.setdefault(name, []).append(processor_seconds_of(arguments))
                version = SessionVersion(timestamp=number, event_id="nobody's")
                workflow.enqueue(app, [workflow.finish(app, f"nobody {number}", version, sent_at=0)])
                began = time.perf_counter()
                worker.start()
                wait_until(lambda: not client.llen(FINISHING) and not client.hlen("unacked"), within=_READY_SECONDS)
                figures["attribution-only worker ready, s"].append(time.perf_counter() - began)
                usage = Usage({child.name: child.pid for child in (*children, bridge, worker) if child.pid})
                cpu.setdefault("attribution-only worker ready, s", []).append(usage.cpu_seconds()["worker-1"])
                resident = usage.resident_mb()
                figures["worker (attribution only), MB"].append(resident["worker-1"])
                figures["bridge, MB"].append(resident["bridge"])
                figures["store, MB"].append(resident["store"])
                worker.stop(10)
        finally:
            worker.stop(10)
            stack.stop()
    modules = (
        "worker.cli",
        "worker.tasks",
        "worker.tasks.worker_process",
        "bridge.consumer",
        "worker.store.server.app",
    )
    return {"figures": figures, "cpu": cpu, "imports_torch": {module: imports_torch(module) for module in modules}}


def print_report(report: dict[str, Any]) -> None:
    about = report["machine"]
    print(f"{about['processor']}, {about['cores']} cores, load before {about['load_before']:.1f}")
    for name, target in TARGETS.items():
        tell_ratio(name, Spread.of(report["figures"][name]), target, at_most=True)
        if name in report["cpu"]:
            tell_ratio("  of that, seconds of processor time", Spread.of(report["cpu"][name]), target, at_most=True)
    loaded = [module for module, is_loaded in report["imports_torch"].items() if is_loaded]
    print(f"import torch: {', '.join(loaded) or 'none'} of {', '.join(report['imports_torch'])}")


def plot(report: dict[str, Any], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    names = list(TARGETS)
    axes.barh(names, [Spread.of(report["figures"][name]).median / TARGETS[name] for name in names])
    axes.axvline(1.0, color="grey", linestyle="--")
    axes.set(xlabel="share of its target")
    figure.savefig(path, dpi=110)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    about = machine()
    with fresh_settings() as settings:
        report = {"machine": about, **measure(settings, arguments.repeats)}
    print_report(report)
    plot(report, save("footprint", report, arguments.results).with_suffix(".png"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
