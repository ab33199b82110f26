"""One batch of messages of one partition, sorted into events and dead letters."""

from dataclasses import dataclass, field
from typing import Literal

from worker.errors import InvalidEvent
from worker.event_log.protocol import LogMessage
from worker.formats.heavy_event import read_heavy_event
from worker.formats.lightweight_event import read_lightweight_event
from worker.formats.limits import check_heavy, check_lightweight
from worker.formats.wire import check_length
from worker.ledger import DeadLetterReceived, HeavyReceived, LightweightReceived

HEAVY: Literal["heavy"] = "heavy"
LIGHTWEIGHT: Literal["lightweight"] = "lightweight"
Kind = Literal["heavy", "lightweight"]


@dataclass(kw_only=True)
class Batch:
    heavy: list[HeavyReceived] = field(default_factory=list)
    lightweight: list[LightweightReceived] = field(default_factory=list)
    dead: list[DeadLetterReceived] = field(default_factory=list)


def decode(kind: Kind, messages: list[LogMessage], *, max_bytes: int) -> Batch:
    """Never raises: what cannot be read becomes a dead letter with its reason, and the partition goes on."""
    batch = Batch()
    for message in messages:
        try:
            check_length(message.payload, max_bytes)
            _add(batch, kind, message)
        except InvalidEvent as reason:
            letter = DeadLetterReceived(kind=kind, payload=message.payload, reason=str(reason), offset=message.offset)
            batch.dead.append(letter)
    return batch


def _add(batch: Batch, kind: Kind, message: LogMessage) -> None:
    if kind == HEAVY:
        read = read_heavy_event(message.payload, logged_at=message.timestamp)
        event = check_heavy(read, logged_at=message.timestamp)
        batch.heavy.append(
            HeavyReceived(event=event, payload=message.payload, offset=message.offset, logged_at=message.timestamp)
        )
    else:
        heard = check_lightweight(read_lightweight_event(message.payload), logged_at=message.timestamp)
        batch.lightweight.append(
            LightweightReceived(
                event=heard, payload=message.payload, offset=message.offset, logged_at=message.timestamp
            )
        )
