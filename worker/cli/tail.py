"""`groove tail`: what is published to `groove.attribution`, as it comes."""

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

import click

from worker.errors import EventLogRefused, EventLogUnavailable
from worker.event_log.opening import open_event_log
from worker.event_log.protocol import EventLog, LogMessage, TopicName
from worker.event_log.read_on import read_on
from worker.settings import load_settings

T = TypeVar("T")

#: seconds between two looks at a log that has nothing new
_LOOK_SECONDS = 0.2
_BATCH = 100


@click.command("tail")
@click.option("--from-start", is_flag=True, help="From the oldest message kept, instead of only new ones.")
@click.option("--count", type=click.IntRange(min=1), help="End after so many messages.")
def tail_command(count: int | None, *, from_start: bool) -> None:
    """Follow what is published to `groove.attribution`, one JSON object per line.

    A topic that is not there yet, or a log that goes away meanwhile, is told on standard error and waited for.
    """
    settings = load_settings()
    event_log = open_event_log(settings.event_log_url)
    try:
        followed = Followed(event_log, TopicName.parse(settings.streams.attributed), from_start=from_start)
        for shown, message in enumerate(followed.messages(), 1):
            click.echo(_line(message.payload))
            if shown == count:
                return
    finally:
        event_log.close()


class Followed:
    """All partitions of one topic, each from a place of our own."""

    def __init__(self, event_log: EventLog, name: TopicName, *, from_start: bool) -> None:
        self._event_log, self._name = event_log, name
        self._from_start = from_start
        #: partition -> the offset to read next, and the id of the message before it
        self._places: dict[int, tuple[int, str | None]] = {}
        self._trouble = ""

    def messages(self) -> Iterator[LogMessage]:
        """Without an end. Raises `EventLogUnavailable` when the log cannot be reached at the start, `EventLogRefused` at any time."""
        self._begin()
        while True:
            is_idle = True
            for partition in self._patiently(self._partitions):
                for message in self._patiently(partial(self._read, partition)):
                    is_idle = False
                    yield message
            if is_idle:
                time.sleep(_LOOK_SECONDS)

    def _begin(self) -> None:
        partitions = self._event_log.partitions(self._name)
        if not partitions:
            self._tell(f"no topic {self._name} to be seen yet: waits for it, the bridge creates it when it starts")
        self._places = {partition: self._place(partition) for partition in range(partitions)}

    def _place(self, partition: int) -> tuple[int, str | None]:
        ends = self._event_log.ends(self._name, partition)
        if self._from_start or ends.begin == ends.end:
            return ends.begin, None
        newest = self._event_log.read(self._name, partition, ends.end - 1, 1)
        return ends.end, str(newest[0].message_id) if newest else None

    def _partitions(self) -> list[int]:
        """Position to start from; of a topic that did not exist at first everything is new."""
        if not self._places:
            self._places = dict.fromkeys(range(self._event_log.partitions(self._name)), (0, None))
        return list(self._places)

    def _read(self, partition: int) -> list[LogMessage]:
        """What is new. A log that lost its tail is shown again from its start."""
        position, last_id = self._places[partition]
        messages = read_on(self._event_log, self._name, partition, position=position, last_id=last_id, limit=_BATCH)
        if messages is None:
            text = f"groove tail: {self._name} lost messages: shows partition {partition} again from its start"
            click.echo(text, err=True)
            self._places[partition] = 0, None
        elif messages:
            self._places[partition] = messages[-1].offset + 1, str(messages[-1].message_id)
        return messages or []

    def _patiently(self, call: Callable[[], list[T]]) -> list[T]:
        """Nothing, while the log cannot be reached."""
        try:
            answer = call()
        except EventLogRefused:
            raise
        except EventLogUnavailable as error:
            self._tell(f"waits: {error}")
            return []
        if self._places:
            self._trouble = ""
        return answer

    def _tell(self, text: str) -> None:
        """Once for the same trouble."""
        if not self._trouble:
            click.echo(f"groove tail: {text}", err=True)
        self._trouble = text


def _line(payload: bytes) -> str:
    """In one line and in ASCII; what is no JSON is shown as a text."""
    try:
        return json.dumps(json.loads(payload))
    except ValueError:
        return json.dumps(payload.decode("utf-8", "replace"))
