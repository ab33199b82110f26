"""The numbers that turn a message's features into the probability that it uses a learning (layer 1), and where they come from.

The shipped ones stand in `calibration.json`, readable; `groove calibrate` writes others in the same form.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.errors import InvalidFile


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    #: names this set of numbers in every record made with it
    version: str
    intercept: float
    #: per feature, in log odds
    weights: dict[str, float]
    #: which sessions and labels, fitted how, with what result
    provenance: dict[str, Any] = field(default_factory=dict)

    def probability(self, features: Mapping[str, float]) -> float:
        """Rounded to 6 decimals."""
        logit = self.intercept + math.fsum(weight * features[name] for name, weight in sorted(self.weights.items()))
        return round(1.0 / (1.0 + math.exp(-max(-500.0, min(500.0, logit)))), 6)

    def probabilities(self, features: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """The same for many at once: one array a feature, all of one length."""
        logits = np.full(len(next(iter(features.values()))), self.intercept)
        for name, weight in sorted(self.weights.items()):
            logits += weight * features[name]
        result: NDArray[np.float64] = np.round(1.0 / (1.0 + np.exp(-np.clip(logits, -500.0, 500.0))), 6)
        return result

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Calibration":
        """Raises `InvalidFile`."""
        try:
            value = json.loads(text)
            return cls(
                version=str(value["version"]),
                intercept=_finite(value["intercept"]),
                weights={str(name): _finite(weight) for name, weight in value["weights"].items()},
                provenance=dict(value.get("provenance", {})),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidFile(f"this is not a calibration: {error!r}") from error


def _finite(value: object) -> float:
    number = float(value)  # type: ignore[arg-type]  # whatever JSON holds: float() refuses what is no number
    if not math.isfinite(number):
        raise ValueError(f"{number} is not a finite number")
    return number


@lru_cache(maxsize=1)
def shipped_calibration() -> Calibration:
    return Calibration.from_json(files("worker").joinpath("calibration.json").read_text(encoding="utf-8"))
