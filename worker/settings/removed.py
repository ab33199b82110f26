"""Settings that earlier releases had: one that is still set is left out of account, and a warning says what holds instead."""

#: dotted key -> what holds now
REMOVED = {
    "ablation.until": "an experiment stays open until its verdict",
    "ablation.uncertainty_threshold": "an experiment stays open until its verdict",
    "streams.show_positions": "`groove lag` shows the positions",
    "temporal.window": "a signal counts for the latest use at or before it",
}
