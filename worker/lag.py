"""How far the ledger's positions are behind the event log's ends."""

from dataclasses import dataclass

from worker.event_log.protocol import EventLog, TopicName
from worker.ledger import Ledger
from worker.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class PartitionLag:
    #: stream/topic/partition
    name: str
    position: int
    end: int
    #: messages not read yet
    lag: int
    #: the replica that holds the lease; None when nobody does
    owner: str | None
    rewinds: int
    gaps: int


def partition_lags(settings: Settings, ledger: Ledger, event_log: EventLog) -> list[PartitionLag]:
    """One per partition of the topics that the bridge reads."""
    states = {(state.stream, state.topic, state.partition): state for state in ledger.partitions.states()}
    lags = []
    for topic in (settings.streams.heavy, settings.streams.lightweight):
        name = TopicName.parse(topic)
        for partition in range(event_log.partitions(name)):
            state = states.get((name.stream, name.topic, partition))
            ends = event_log.ends(name, partition)
            position = state.position if state else 0
            lags.append(
                PartitionLag(
                    name=f"{topic}/{partition}",
                    position=position,
                    end=ends.end,
                    lag=max(0, ends.end - max(position, ends.begin)),
                    owner=state.owner if state else None,
                    rewinds=state.rewinds if state else 0,
                    gaps=state.gaps if state else 0,
                )
            )
    return lags
