"""What a model expects of a session, in whole numbers and in lines that add up (experiments.md 14)."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from worker.layers.outlook.features import SessionFeatures, day_of, fold_of, presence
from worker.layers.statistics.sums import MICRO, MILLI, Adjustment

Mode = Literal["folds", "past", "off"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A model as published: whole millionths."""

    #: by feature
    coefficients: Mapping[str, int]
    #: of the outcomes that it was fitted on
    mean: int


class Line(NamedTuple):
    """One feature's part in what was expected, in millionths."""

    feature: str
    micro: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """The models in force, in the order of their keys. A key is the fold that it judges by the others; or the last day that it knows, and
    it judges later ones.
    """

    mode: Mode = "off"
    salt: str = ""
    models: Mapping[int, Model] = field(default_factory=dict)
    #: 1 − Σr² / Σy² over the experiments' records, both around the mean; None where no record has a model
    explained: float | None = None

    def model_for(self, session: SessionFeatures) -> Model | None:
        """None: too little is known, and nothing is expected."""
        if self.mode == "folds":
            return self.models.get(fold_of(session.session_id, self.salt))
        if self.mode == "past":
            return self.models.get(self._day_in_force(day_of(session.timestamp)))
        return None

    def _day_in_force(self, day: int) -> int:
        """The last one before this day that a model knows; −1: none does."""
        days = list(self.models)
        place = bisect_left(days, day)
        return days[place - 1] if place else -1

    def of(self, session: SessionFeatures | None, *, weight: int = MICRO) -> "SessionOutlook":
        """None: nothing is known of the session."""
        model = self.model_for(session) if session else None
        return SessionOutlook(model, session, weight)


class SessionOutlook:
    """What was to be expected of one session, asked once for each of its records."""

    def __init__(self, model: Model | None, session: SessionFeatures | None, weight: int) -> None:
        self._model = model
        self._weight = weight
        self._names = session.names if model and session else ()
        self._total = sum(model.coefficients.get(name, 0) for name in self._names) - model.mean if model else 0

    def adjustment(self, learning_id: str, epoch: int) -> Adjustment:
        """The adjustment of the session's record of this learning, whose own part is left out."""
        if self._model is None:
            return Adjustment(0, self._weight)
        own = presence(learning_id, epoch)
        own_part = self._model.coefficients.get(own, 0) if own in self._names else 0
        return Adjustment(in_thousandths(self._total - own_part), self._weight)

    def lines(self, learning_id: str, epoch: int) -> tuple[Line, ...]:
        """They add up to `adjustment(…).expected` thousandths exactly."""
        if self._model is None:
            return ()
        own, of = presence(learning_id, epoch), self._model.coefficients
        lines = [Line(name, of.get(name, 0)) for name in self._names if name != own]
        lines.append(Line("average", -self._model.mean))
        total = sum(line.micro for line in lines)
        rounded = in_thousandths(total) * MILLI
        return (*lines, Line("rounding", rounded - total)) if rounded != total else tuple(lines)


def in_thousandths(micro: int) -> int:
    """Within ±1, to whole thousandths, half to even."""
    within = min(max(micro, -MICRO), MICRO)
    whole, rest = divmod(within, MILLI)
    return whole + (rest > MILLI // 2 or (rest == MILLI // 2 and whole % 2 == 1))
