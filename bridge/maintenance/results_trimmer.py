"""Keeps only the newest results in the event log: no position says which of them have been read."""

from worker.event_log.protocol import EventLog, TopicName
from worker.settings.groups import StreamSettings


class ResultsTrimmer:
    name = "results"

    def __init__(self, settings: StreamSettings, event_log: EventLog) -> None:
        self._settings, self._event_log = settings, event_log

    def run(self) -> None:
        if not self._settings.trim:
            return
        name = TopicName.parse(self._settings.attributed)
        for partition in range(self._event_log.partitions(name)):
            ends = self._event_log.ends(name, partition)
            if (oldest := ends.end - self._settings.keep_results) > ends.begin:
                self._event_log.trim(name, partition, oldest)
