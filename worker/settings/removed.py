"""Settings that earlier releases had: one that is still set is left out of account, and a warning says what holds instead."""

#: dotted key -> what holds now
REMOVED = {
    "ablation.until": "an experiment stays open until its verdict",
    "ablation.uncertainty_threshold": "an experiment stays open until its verdict",
    "activation.judge_margin": "`activation.judge_from` says from which probability on the judge is asked",
    "activation.second_look": "a language model may be asked in its place: `activation.judge`",
    "activation.second_look_margin": "`activation.judge_from` says from which probability on the judge is asked",
    "streams.show_positions": "`groove lag` shows the positions",
    "temporal.window": "a signal counts for the latest use at or before it",
}
