"""How far a stack has come, for benchmarks that wait for it."""

from worker.broker import broker_client
from worker.event_log.protocol import TopicName
from worker.event_log.redis_streams import stream_key
from worker.settings import Settings


class PublishedCount:
    """How many results an embedded stack has published, in one round trip: whoever waits for them asks on the cores that are measured."""

    def __init__(self, settings: Settings) -> None:
        out = TopicName.parse(settings.streams.attributed)
        self._client = broker_client(settings)
        self._keys = [stream_key(out, number) for number in range(settings.streams.partitions)]

    def __call__(self) -> int:
        with self._client.pipeline(transaction=False) as pipe:
            for key in self._keys:
                pipe.xlen(key)
            return sum(pipe.execute())
