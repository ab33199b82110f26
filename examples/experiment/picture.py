"""The picture of the experiment: how each learning's interval closes in on the truth, round by round."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from worker.domain import LearningValue

_COLUMNS = 5
_COLOURS = {
    "remove": "tab:red",
    "harmful": "tab:orange",
    "keep": "tab:green",
    "harmless": "tab:olive",
    "undecided": "tab:blue",
}


def draw(history: Sequence[tuple[int, Mapping[str, LearningValue]]], truth: Mapping[str, float], file: Path) -> None:
    """`history`: sessions so far and the values then; `truth`: effect by learning, in the order of the picture."""
    rows = -(-len(truth) // _COLUMNS)
    figure, axes = plt.subplots(rows, _COLUMNS, figsize=(3 * _COLUMNS, 2.2 * rows), sharex=True, sharey=True)
    for axis, (learning_id, effect) in zip(axes.flat, truth.items(), strict=False):
        _one(axis, [(sessions, values[learning_id]) for sessions, values in history], effect)
        axis.set_title(f"{learning_id}: {history[-1][1][learning_id].verdict.kind}", fontsize=9)
    axes.flat[0].set_ylim(-1.5, 1.5)
    figure.suptitle("Simulated team: always-valid 95 % intervals, estimates, and the true effects (dashed)")
    figure.supxlabel("sessions")
    figure.supylabel("effect on a session's outcome")
    figure.tight_layout()
    figure.savefig(file, dpi=110)
    plt.close(figure)


def _one(axis: Axes, values: Sequence[tuple[int, LearningValue]], effect: float) -> None:
    seen = [(sessions, value.experiment) for sessions, value in values if value.experiment]
    sessions = [at for at, _ in seen]
    colour = _COLOURS[str(values[-1][1].verdict.kind)]
    axis.fill_between(
        sessions,
        [found.interval_low for _, found in seen],
        [found.interval_high for _, found in seen],
        alpha=0.3,
        color=colour,
    )
    axis.plot(sessions, [found.shrunk_value for _, found in seen], color=colour)
    axis.axhline(effect, linestyle="--", color="black", linewidth=1)
    axis.axhline(0, color="grey", linewidth=0.5)
