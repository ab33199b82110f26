"""What the bridge needs to know about Celery's queues without being a worker: how long they are, and how old their oldest message."""

import json

from worker.settings import Settings
from worker.task_queue.broker import broker_client, broker_errors
from worker.task_queue.messages import QUEUES, SENT_AT


class Queues:
    """One kept connection; raises `BrokerUnavailable`."""

    def __init__(self, settings: Settings) -> None:
        self._client = broker_client(settings)

    def lengths(self) -> dict[str, int]:
        with broker_errors(), self._client.pipeline(transaction=False) as pipeline:
            for queue in QUEUES:
                pipeline.llen(queue)
            return dict(zip(QUEUES, pipeline.execute(), strict=True))

    def oldest_sent_at(self, queue: str) -> int | None:
        """When the work of the message that is next in line was sent, microseconds; None when the queue is empty."""
        with broker_errors():
            message = self._client.lindex(queue, -1)
        return _sent_at(message) if message is not None else None

    def forget(self) -> None:
        """Throw away everything queued or half delivered: the ledger knows what is open and sends it again."""
        with broker_errors():
            self._client.delete(*QUEUES, "unacked", "unacked_index")


def _sent_at(message: bytes | str) -> int:
    """0 for a message that is not ours: nothing was sent before it, so nothing behind it counts as lost."""
    try:
        document = json.loads(message)
        return int(document["headers"].get(SENT_AT, 0))
    except (ValueError, KeyError, TypeError, AttributeError):
        return 0
