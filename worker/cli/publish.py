"""`groove publish`: put events from a file into the event log."""

import sys
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from worker.cli.support.jsonl import Line, Refusal, read_events, read_lightweight_events
from worker.cli.support.output import plain, tell
from worker.event_log.opening import open_event_log
from worker.event_log.protocol import EventLog, TopicName
from worker.formats.wire import derived_id
from worker.settings import Settings, load_settings
from worker.system.clock import now_micros

#: messages sent in one go, and their bytes
_PORTION = 200
_PORTION_BYTES = 8_000_000


@click.command("publish")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--lightweight", is_flag=True, help="The files hold lightweight events.")
@click.option("--json", "as_json", is_flag=True)
def publish_command(files: tuple[Path, ...], *, lightweight: bool, as_json: bool) -> None:
    """Put heavy events (JSON, one a line) from FILES into the event log.

    Lines that are no event are refused with their place; the rest is published, and the status is 1.
    """
    settings = load_settings()
    event_log = open_event_log(settings.event_log_url)
    try:
        published, refused = publish_files(settings, event_log, files, lightweight=lightweight)
    finally:
        event_log.close()
    line = f"{published} published" + (f", {refused} refused" if refused else "")
    tell(line, {"published": published, "refused": refused}, as_json=as_json)
    sys.stdout.flush()
    sys.exit(1 if refused else 0)


def publish_files(
    settings: Settings, event_log: EventLog, files: Iterable[Path], *, lightweight: bool = False
) -> tuple[int, int]:
    """-> (published, refused); each refusal is told on standard error."""
    refusals: list[Refusal] = []
    lines = _accepted(settings, files, refusals, lightweight=lightweight)
    published = sum(map(len, publish_lines(settings, event_log, lines, lightweight=lightweight)))
    return published, len(refusals)


def publish_lines(
    settings: Settings, event_log: EventLog, lines: Iterable[Line], *, lightweight: bool = False
) -> Iterator[list[Line]]:
    """Each portion once the event log has it."""
    where = TopicName.parse(settings.streams.lightweight if lightweight else settings.streams.heavy)
    event_log.ensure_topic(where, settings.streams.partitions)
    for portion in _portions(lines):
        messages: list[tuple[str, uuid.UUID, bytes]] = [
            (line.session_id, derived_id(line.payload), line.payload) for line in portion
        ]
        event_log.publish_many(where, messages)
        yield portion


def _accepted(
    settings: Settings, files: Iterable[Path], refusals: list[Refusal], *, lightweight: bool
) -> Iterator[Line]:
    most = settings.bridge.max_message_bytes
    for path in files:
        lines = (
            read_lightweight_events(path, max_bytes=most)
            if lightweight
            else read_events(path, now=now_micros(), max_bytes=most)
        )
        for line in lines:
            if isinstance(line, Refusal):
                refusals.append(line)
                click.echo(f"refused {plain(str(line))}", err=True)
            else:
                yield line


def _portions(lines: Iterable[Line]) -> Iterator[list[Line]]:
    portion: list[Line] = []
    size = 0
    for line in lines:
        if portion and (len(portion) == _PORTION or size + len(line.payload) > _PORTION_BYTES):
            yield portion
            portion, size = [], 0
        portion.append(line)
        size += len(line.payload)
    if portion:
        yield portion
