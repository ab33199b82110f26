"""How far a stack has come, for benchmarks that wait for it."""

from worker.event_log.protocol import TopicName
from worker.event_log.redis_streams import stream_key
from worker.settings import Settings
from worker.task_queue.broker import broker_client

#: the newest entry of the stream has the id 0-k if k were ever added, however many were trimmed since
_ADDED = """
local added = 0
for _, key in ipairs(KEYS) do
  local newest = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
  if newest then added = added + tonumber(string.match(newest[1], '%d+$')) end
end
return added
"""


class PublishedCount:
    """How many results an embedded stack has published, in one round trip: whoever waits for them asks on the cores that are measured."""

    def __init__(self, settings: Settings) -> None:
        out = TopicName.parse(settings.streams.attributed)
        self._keys = [stream_key(out, number) for number in range(settings.streams.partitions)]
        self._added = broker_client(settings).register_script(_ADDED)

    def __call__(self) -> int:
        return int(self._added(keys=self._keys))
