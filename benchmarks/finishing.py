"""What a session's finish costs the store with the outlook, against without it or against another checkout, in pairs within one run.

    python benchmarks/finishing.py [--against FOLDER] [--pairs 40] [--sessions 25]

Two or three processes, each with a store of its own in a temporary folder, finish the same sessions of 13 records over 200 learnings in
turns, block by block; who comes first alternates. A block's ratio is taken within its pair, so that a machine's other work weighs on both.
Times are of each process's processor. FOLDER is a checkout of another version, whose own code runs in its process.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from worker.domain import AttributionRecord, Learning, LearningCategory, SessionVersion
from worker.settings.layers import LayerParameters
from worker.store.cozo.store import CozoStore

_EACH, _LEARNINGS = 13, 200
#: finished before the measurement, then refreshed: the models are in force
_BEFORE = 400
_OFF: Mapping[str, Any] = {"outlook": {"mode": "off"}}


def main() -> None:
    asked = parse()
    if asked.serve is not None:
        serve(json.loads(asked.serve))
        return
    here = Path(__file__).parents[1]
    sides = {"on": Side(here, {}), "off": Side(here, _OFF)}
    if asked.against:
        sides["other"] = Side(asked.against, {})
    blocks: dict[str, list[float]] = {name: [] for name in sides}
    for pair in range(asked.pairs):
        for name in sorted(sides, reverse=bool(pair % 2)):
            blocks[name].append(sides[name].finish(asked.sessions))
    for side in sides.values():
        side.close()
    figures: dict[str, object] = {f"{name}_ms": round(float(np.median(of)), 3) for name, of in blocks.items()}
    for name in sorted(set(sides) - {"on"}):
        figures[f"on_over_{name}"] = _ratio(np.array(blocks["on"]) / np.array(blocks[name]))
    print(json.dumps(figures | {"pairs": asked.pairs, "sessions_a_block": asked.sessions}, indent=1))


def _ratio(ratios: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, float]:
    """The median, with an interval that resampled pairs give."""
    drawn = np.random.default_rng(1).choice(ratios, size=(4000, len(ratios)))
    low, high = np.percentile(np.median(drawn, axis=1), (2.5, 97.5))
    return {"median": round(float(np.median(ratios)), 3), "low": round(float(low), 3), "high": round(float(high), 3)}


class Side:
    """A process that finishes sessions when it is told to."""

    def __init__(self, checkout: Path, parameters: Mapping[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--serve", json.dumps(parameters)],
            env={**os.environ, "PYTHONPATH": str(checkout.resolve()), "OPENBLAS_NUM_THREADS": "1"},
            cwd=checkout,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def finish(self, sessions: int) -> float:
        """Milliseconds of processor a session."""
        assert self._process.stdin
        self._process.stdin.write(f"{sessions}\n")
        self._process.stdin.flush()
        return float(self._answer())

    def close(self) -> None:
        self._process.communicate()

    def _answer(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process ended with {self._process.wait()}")
        return line


def serve(parameters: Mapping[str, Any]) -> None:
    random = np.random.default_rng(2)
    names = [f"learning-{number:04d}" for number in range(_LEARNINGS)]
    with tempfile.TemporaryDirectory(prefix="groove-finishing-") as folder:
        store = CozoStore(Path(folder), parameters=LayerParameters.model_validate(parameters))
        store.import_learnings([_learning(name) for name in names], actor="benchmark", now=1)
        for at in range(_BEFORE):
            _finish(store, random, names, at)
        if hasattr(store, "refresh_values"):  # versions before the outlook have none
            store.refresh_values()
        print("ready", flush=True)
        for line in sys.stdin:
            sessions = int(line)
            used = sum(_finish(store, random, names, at) for at in range(_BEFORE, _BEFORE + sessions))
            print(1000 * used / sessions, flush=True)
        store.close()


def _finish(store: CozoStore, random: np.random.Generator, names: list[str], at: int) -> float:
    """Seconds of processor."""
    session_id = f"session-{at:06d}-{random.integers(1 << 40)}"
    version = SessionVersion(timestamp=1000 + at, event_id=session_id)
    records = _records(random, names, session_id, 1000 + at)
    store.open_session(session_id, version, [])
    began = time.process_time()
    store.finish_session(session_id, version, records=records)
    return time.process_time() - began


def _records(random: np.random.Generator, names: list[str], session_id: str, at: int) -> list[AttributionRecord]:
    project, user = int(random.integers(0, 40)), int(random.integers(0, 60))
    outcome = float(random.choice([-1.0, -0.5, 0.5, 1.0])) if random.random() < 0.5 else (1.0 if project % 2 else -0.5)
    chosen, withheld = random.choice(len(names), size=_EACH, replace=False), random.random(_EACH) < 0.25
    return [
        AttributionRecord(
            learning_id=names[int(which)],
            session_id=session_id,
            timestamp=at,
            was_activated=True,
            activation_confidence=0.9,
            activation_signals=(),
            temporal_positive=1.0,
            temporal_negative=0.5,
            net_temporal=0.5,
            was_withheld=bool(out),
            session_outcome=outcome,
            attributed_value=0.0 if out else 0.18,
            withhold_probability=0.25,
            **_background(project, user, outcome),
        )
        for which, out in zip(chosen, withheld, strict=True)
    ]


def _background(project: int, user: int, outcome: float) -> dict[str, Any]:
    """Nothing in a version whose records have none."""
    if "background" not in {field.name for field in fields(AttributionRecord)}:
        return {}
    from worker.domain import SessionBackground

    return {"background": SessionBackground(levels=(f"project={project}", f"user={user}"), outcome=outcome)}


def _learning(name: str) -> Learning:
    return Learning(learning_id=name, category=LearningCategory.SOLUTION, description=name, insight=f"Do {name}.")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path, help="a checkout of another version")
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--sessions", type=int, default=25, help="a block")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
