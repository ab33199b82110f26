"""One leased partition: reads on from its position, and notices when the log was rewound (`event_log/read_on`) or has a gap.

A first message above the position is a *gap*: retention took what nobody had read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from worker.event_log.protocol import EventLog, LogMessage, TopicName
from worker.event_log.read_on import read_on
from worker.ledger import Lease

#: of one read; what a bridge holds in memory at a time is about four times as much
BYTES = 2_000_000
#: messages of a first read, when nothing is known of their size
FIRST_LIMIT = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class PartitionRead:
    #: from the position on
    messages: list[LogMessage]
    is_rewound: bool = False
    has_gap: bool = False


REWOUND = PartitionRead(messages=[], is_rewound=True)


class LeasedPartition:
    """`lease` is kept as the ledger has it, move by move, so that a batch costs one transaction and not two."""

    def __init__(self, event_log: EventLog, lease: Lease, *, most: int) -> None:
        """`most`: messages of one read."""
        self.lease = lease
        self.name = TopicName(stream=lease.stream, topic=lease.topic)
        self._event_log = event_log
        self._most = most
        self._limit = min(FIRST_LIMIT, most)
        self._begins_again = False

    def read(self) -> PartitionRead:
        lease = self.lease
        messages = read_on(
            self._event_log,
            self.name,
            lease.partition,
            position=lease.position,
            last_id=lease.last_id,
            limit=self._limit,
        )
        return REWOUND if messages is None else self._reading(messages)

    def has_moved(self, messages: Sequence[LogMessage]) -> None:
        """These were recorded. The next read takes as many as fit into `BYTES`, twice as many as this one at the most."""
        last = messages[-1]
        self.lease = replace(self.lease, position=last.offset + 1, last_id=str(last.message_id))
        self._begins_again = False
        size = sum(len(message.payload) for message in messages)
        fitting = max(1, BYTES * len(messages) // max(1, size))
        self._limit = min(self._most, fitting, max(self._limit, 2 * len(messages)))

    def begins_again(self) -> None:
        """The ledger has taken the position back to the start; what is missing there was read before."""
        self.lease = replace(self.lease, position=0, last_id=None)
        self._begins_again = True

    def _reading(self, messages: list[LogMessage]) -> PartitionRead:
        has_gap = bool(messages) and messages[0].offset > self.lease.position and not self._begins_again
        return PartitionRead(messages=messages, has_gap=has_gap)
