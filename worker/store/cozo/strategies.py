"""The layers that the store computes with, built together from one set of parameters: values now, and values under other settings."""

from collections.abc import Callable
from dataclasses import dataclass

from worker.layers.ablation.strategy import ConservativeAblation
from worker.layers.aggregation.aggregator import WeightedAggregator
from worker.layers.protocols import AblationStrategy, TemporalCorrelator, ValueAggregator
from worker.layers.temporal.correlation import ExponentialDecay
from worker.settings.layers import LayerParameters


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreLayers:
    temporal: TemporalCorrelator
    ablation: AblationStrategy
    aggregation: ValueAggregator


LayersBuilder = Callable[[LayerParameters], StoreLayers]


def default_layers(parameters: LayerParameters) -> StoreLayers:
    ablation = ConservativeAblation(parameters.ablation)
    return StoreLayers(
        temporal=ExponentialDecay(parameters.temporal),
        ablation=ablation,
        aggregation=WeightedAggregator(parameters, ablation),
    )
