"""The numbers that turn a session's features into the probability that it uses a learning (layer 1), and where they come from.

The shipped ones stand in `calibration.json`, readable; `groove calibrate` writes others in the same form.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.errors import InvalidFile
from worker.layers.activation.common_words import CommonWords

#: its name among the features
HISTORY = "history"


@dataclass(frozen=True, kw_only=True, slots=True)
class SecondLookWeights:
    """How a second look's verdict (1, 0 or −1) moves the probability, in log odds; the default is an assumption until labels fit it."""

    intercept: float = 0.0
    weight: float = 1.0

    def probability(self, first: float, score: float) -> float:
        """Rounded to 6 decimals."""
        return _logistic(log_odds(first) + self.intercept + self.weight * score)


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    #: names this set of numbers in every record made with it
    version: str
    intercept: float
    #: per feature, in log odds
    weights: dict[str, float]
    #: decide how much a reference weighs
    common_words: CommonWords = field(default_factory=CommonWords)
    second_look: SecondLookWeights = field(default_factory=SecondLookWeights)
    #: learning -> its own history, in log odds (`history.py`); a learning that is missing has none
    history: dict[str, float] = field(default_factory=dict)
    #: which sessions and labels, fitted how, with what result
    provenance: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def fitted(
        cls,
        name: str,
        *,
        intercept: float,
        weights: dict[str, float],
        common_words: CommonWords,
        second_look: SecondLookWeights,
        history: dict[str, float],
        provenance: dict[str, Any],
    ) -> "Calibration":
        """A calibration whose version names its numbers: equal numbers have equal versions."""
        parts = [intercept, sorted(weights.items()), common_words.to_json(), asdict(second_look)]
        numbers = json.dumps([*parts, sorted(history.items())] if history else parts)
        return cls(
            version=f"{name}-{hashlib.sha256(numbers.encode()).hexdigest()[:12]}",
            intercept=intercept,
            weights=weights,
            common_words=common_words,
            second_look=second_look,
            history=history,
            provenance=provenance,
        )

    def about(self, learning_ids: Iterable[str], texts: Iterable[str]) -> "Calibration":
        """The same as far as these learnings and the code they name need it: small enough to travel with every session."""
        history = {id_: self.history[id_] for id_ in learning_ids if id_ in self.history}
        return replace(self, common_words=self.common_words.of(texts), history=history, provenance={})

    def probability(self, features: Mapping[str, float]) -> float:
        """Rounded to 6 decimals."""
        return _logistic(self.logit(features))

    def logit(self, features: Mapping[str, float]) -> float:
        """Log odds; a learning's history, where it stands among the features, counts as it is."""
        parts = (weight * features[name] for name, weight in sorted(self.weights.items()))
        return self.intercept + math.fsum(parts) + features.get(HISTORY, 0.0)

    def probabilities(self, features: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Probabilities of many pairs at once: one array per feature, all of one length."""
        logits = np.full(len(next(iter(features.values()))), self.intercept)
        for name, weight in sorted(self.weights.items()):
            logits += weight * features[name]
        if HISTORY in features:
            logits += features[HISTORY]
        result: NDArray[np.float64] = np.round(1.0 / (1.0 + np.exp(-np.clip(logits, -500.0, 500.0))), 6)
        return result

    def to_json(self) -> str:
        document = {
            "version": self.version,
            "intercept": self.intercept,
            "weights": self.weights,
            "second_look": asdict(self.second_look),
            "history": self.history,
            "provenance": self.provenance,
            "common_words": self.common_words.to_json(),
        }
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Calibration":
        """Raises `InvalidFile`."""
        try:
            value = json.loads(text)
            return cls(
                version=str(value["version"]),
                intercept=_finite(value["intercept"]),
                weights={str(name): _finite(weight) for name, weight in value["weights"].items()},
                common_words=CommonWords.from_json(value.get("common_words", {})),
                second_look=SecondLookWeights(
                    **{name: _finite(number) for name, number in value.get("second_look", {}).items()}
                ),
                history={str(id_): _finite(shift) for id_, shift in value.get("history", {}).items()},
                provenance=dict(value.get("provenance", {})),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidFile(f"this is not a calibration: {error!r}") from error


def log_odds(probability: float) -> float:
    """Log odds of a rounded probability, which may be 0 or 1."""
    kept = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(kept / (1 - kept))


def _logistic(logit: float) -> float:
    return round(1.0 / (1.0 + math.exp(-max(-500.0, min(500.0, logit)))), 6)


def _finite(value: object) -> float:
    number = float(value)  # type: ignore[arg-type]  # whatever JSON holds: float() refuses what is no number
    if not math.isfinite(number):
        raise ValueError(f"{number} is not a finite number")
    return number


@lru_cache(maxsize=1)
def shipped_calibration() -> Calibration:
    return Calibration.from_json(files(__package__).joinpath("calibration.json").read_text(encoding="utf-8"))
