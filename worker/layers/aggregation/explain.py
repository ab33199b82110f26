"""Why one session says what it says about a learning: parts that add up to the stored numbers, and what the record moved.

Explanation
├── parts       each signal's share of the attributed value
├── expected    what was to be expected of the session, in parts that add up to the thousandth
├── the sums    P, N, net, bounded net, attributed value, put together again from the parts
└── Move        the learning's value without this record and with it
"""

import math
from dataclasses import dataclass

from worker.domain import ActivationSignal, Answer, AttributionRecord, LearningValue, SignalKind, Standing
from worker.layers.ablation.fleet import Fleet
from worker.layers.outlook.models import SessionOutlook
from worker.layers.protocols import ValueAggregator
from worker.layers.statistics.sums import MILLI, LearningSums, TemporalSums
from worker.layers.temporal.correlation import attributed_value, bounded_net

#: parts and stored numbers agree to this
TOLERANCE = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class SignalPart:
    kind: SignalKind
    detail: str
    is_positive: bool
    message_idx: int
    #: the use that it was counted for, and how many messages lie between
    activation_point: int
    distance: int
    weight: float
    confidence: float
    #: weight · confidence: its part in P or in N
    product: float
    #: its part in the bounded net, ±product / (P + N + κ), and in the attributed value
    bounded: float
    attributed: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpectedPart:
    """What one thing that was known before the session added to what was to be expected of it."""

    #: a level, `+learning@epoch` of another learning that was injected, `1`, `average`, `rounding`
    feature: str
    millionths: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """What the record changed; the rest of the learning's and everybody's records held."""

    without: LearningValue
    with_: LearningValue
    estimated_value: float
    confidence: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    learning_id: str
    session_id: str
    was_activated: bool
    answer: Answer
    activation_confidence: float
    #: the spans that were taken for use, as quoted
    activation_signals: tuple[ActivationSignal, ...]
    parts: tuple[SignalPart, ...]
    positive: float
    negative: float
    net: float
    #: κ in net / (P + N + κ)
    kappa: float
    bounded: float
    attributed_value: float
    session_outcome: float
    #: what was to be expected of the session less the average one, by feature; empty where there is no model. The millionths add up to
    #: `expected_thousandths`; the outcome less that is what the experiment compares
    expected: tuple[ExpectedPart, ...]
    expected_thousandths: int
    compared_thousandths: int
    #: how many sessions it stands for
    weight_millionths: int
    #: "injected" or "withheld", and with what chance of the latter; 0: not randomised, in no arm of the experiment
    arm: str
    withhold_probability: float
    #: False: the record belongs to an earlier epoch and no longer counts
    counts: bool
    #: False: the record was stored under other settings than the ones that explain it
    adds_up: bool
    move: Move


def explain(
    record: AttributionRecord,
    *,
    session: SessionOutlook,
    sums: LearningSums,
    global_sums: TemporalSums,
    fleet: Fleet,
    standing: Standing,
    aggregator: ValueAggregator,
    updated_at: int,
    net_kappa: float,
) -> Explanation:
    """`sums` and `global_sums` are today's, this record included if it counts; `session` is what the models in force expect of it."""
    epoch = record.epoch or standing.epoch
    adjustment = session.adjustment(record.learning_id, epoch)
    parts = _parts(record, net_kappa)
    positive = math.fsum(part.product for part in parts if part.is_positive)
    negative = math.fsum(part.product for part in parts if not part.is_positive)
    bounded = bounded_net(positive, negative, kappa=net_kappa)
    attributed = math.fsum(part.attributed for part in parts)
    again = (positive, negative, positive - negative, attributed)
    stored = (record.temporal_positive, record.temporal_negative, record.net_temporal, record.attributed_value)
    counts = record.epoch in {None, standing.epoch}
    return Explanation(
        learning_id=record.learning_id,
        session_id=record.session_id,
        was_activated=record.was_activated,
        answer=record.answer,
        activation_confidence=record.activation_confidence,
        activation_signals=record.activation_signals,
        parts=parts,
        positive=positive,
        negative=negative,
        net=positive - negative,
        kappa=net_kappa,
        bounded=bounded,
        attributed_value=attributed,
        session_outcome=record.session_outcome,
        expected=tuple(
            ExpectedPart(feature=line.feature, millionths=line.micro)
            for line in session.lines(record.learning_id, epoch)
        ),
        expected_thousandths=adjustment.expected,
        compared_thousandths=round(record.session_outcome * MILLI) - adjustment.expected,
        weight_millionths=adjustment.weight,
        arm="withheld" if record.was_withheld else "injected",
        withhold_probability=record.withhold_probability,
        counts=counts,
        adds_up=all(abs(a - b) <= TOLERANCE for a, b in zip(again, stored, strict=True)),
        move=_move(
            LearningSums.of(record, adjustment) if counts else LearningSums(),
            sums,
            global_sums,
            fleet,
            standing,
            aggregator,
            updated_at,
        ),
    )


def _parts(record: AttributionRecord, net_kappa: float) -> tuple[SignalPart, ...]:
    scale = record.temporal_positive + record.temporal_negative + net_kappa
    parts = []
    for contribution in record.temporal_contributions:
        signal = contribution.signal
        product = contribution.weight * signal.confidence
        bounded = (product if signal.is_positive else -product) / scale
        parts.append(
            SignalPart(
                kind=signal.kind,
                detail=signal.detail,
                is_positive=signal.is_positive,
                message_idx=signal.message_idx,
                activation_point=contribution.activation_point,
                distance=contribution.distance,
                weight=contribution.weight,
                confidence=signal.confidence,
                product=product,
                bounded=bounded,
                attributed=attributed_value(
                    activation_confidence=record.activation_confidence,
                    bounded=bounded,
                    was_activated=record.was_activated,
                    was_withheld=record.was_withheld,
                ),
            )
        )
    return tuple(parts)


def _move(
    one: LearningSums,
    sums: LearningSums,
    global_sums: TemporalSums,
    fleet: Fleet,
    standing: Standing,
    aggregator: ValueAggregator,
    updated_at: int,
) -> Move:
    with_ = aggregator.value(sums=sums, global_sums=global_sums, fleet=fleet, standing=standing, updated_at=updated_at)
    without = aggregator.value(
        sums=sums - one, global_sums=global_sums - one.temporal, fleet=fleet, standing=standing, updated_at=updated_at
    )
    return Move(
        without=without,
        with_=with_,
        estimated_value=with_.estimated_value - without.estimated_value,
        confidence=with_.confidence - without.confidence,
    )
