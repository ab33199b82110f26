"""Layer 2: which good and bad signals followed the uses of a learning, and how much they say about it (statistics.md 3)."""

import bisect
import math

from worker.domain import Signal, SignalContribution, TemporalCorrelation
from worker.settings.layers import TemporalParameters


class ExponentialDecay:
    """A signal counts for the latest use at or before it, with weight e^(−decay_rate · distance)."""

    def __init__(self, parameters: TemporalParameters | None = None) -> None:
        self._parameters = parameters or TemporalParameters()

    def correlate(self, points: tuple[int, ...], signals: tuple[Signal, ...]) -> TemporalCorrelation:
        contributions = tuple(found for signal in signals if (found := self._contribution(points, signal)))
        # fsum: the order in which signals are listed changes no digit
        positive = math.fsum(c.weight * c.signal.confidence for c in contributions if c.signal.is_positive)
        negative = math.fsum(c.weight * c.signal.confidence for c in contributions if not c.signal.is_positive)
        return TemporalCorrelation(
            positive=positive,
            negative=negative,
            net=positive - negative,
            bounded=bounded_net(positive, negative, kappa=self._parameters.net_kappa),
            contributions=contributions,
        )

    def _contribution(self, points: tuple[int, ...], signal: Signal) -> SignalContribution | None:
        before = bisect.bisect_right(points, signal.message_idx)
        if not before:
            return None
        point = points[before - 1]
        distance = signal.message_idx - point
        if distance > self._parameters.max_distance:
            return None
        weight = math.exp(-self._parameters.decay_rate * distance)
        return SignalContribution(signal=signal, activation_point=point, distance=distance, weight=weight)


def bounded_net(positive: float, negative: float, *, kappa: float = 1.0) -> float:
    """The bounded net b = (P − N) / (P + N + κ), in (−1, 1): many signals cannot outweigh many sessions."""
    return (positive - negative) / (positive + negative + kappa)


def attributed_value(*, activation_confidence: float, bounded: float, was_activated: bool, was_withheld: bool) -> float:
    """What this one session adds, in [−1, 1]; 0 unless the learning was injected and used."""
    return activation_confidence * bounded if was_activated and not was_withheld else 0.0
