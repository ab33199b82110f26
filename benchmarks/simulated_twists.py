"""What is done to the system on purpose in a simulation: chances set by an adversary, models that expect what is wrong."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from worker.layers.outlook.models import Model
from worker.layers.statistics.sums import MICRO

_LESS, _MORE = "lot=less", "lot=more"


@dataclass(frozen=True, kw_only=True)
class Twist:
    """What is done to the system on purpose."""

    #: chances that are set by somebody who knows how the last hundred sessions ended
    is_adversary: bool = False
    #: models that expect twice the opposite
    is_opposite: bool = False
    #: models that expect one more or one less than the average, by lot
    is_noise: bool = False
    #: experiments end, without a verdict, once their confidence reaches this; none: they stay open until the verdict
    closes_at: float | None = None

    @property
    def model(self) -> Callable[[Model], Model] | None:
        """What becomes of a model that was fitted."""
        if self.is_opposite:
            return _opposite
        return _noise if self.is_noise else None


def _opposite(model: Model) -> Model:
    return Model(coefficients={name: -2 * of for name, of in model.coefficients.items()}, mean=-2 * model.mean)


def _noise(model: Model) -> Model:
    return replace(model, coefficients={_LESS: -MICRO, _MORE: MICRO}, mean=0)


def lot(session_id: str) -> str:
    """One of two levels, by hash; it says nothing of how the session ends."""
    return _MORE if hashlib.sha256(f"lot|{session_id}".encode()).digest()[0] % 2 else _LESS
