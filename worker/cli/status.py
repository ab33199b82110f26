"""`groove status`: how everything stands, for people and for timers."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import click

from worker.cli import told
from worker.cli.support.connections import open_store, open_the_ledger
from worker.cli.support.output import counted, print_facts
from worker.errors import GrooveError
from worker.event_log.opening import open_event_log
from worker.settings import Settings, load_settings
from worker.settings.addresses import masked
from worker.system.clock import now_micros

if TYPE_CHECKING:
    from worker.ledger import Ledger

Answer = dict[str, Any]

#: before the reason why a part cannot tell
_NO_ANSWER = "unknown: "


@click.command("status")
@click.option("--json", "as_json", is_flag=True)
def status_command(*, as_json: bool) -> None:
    """Parts, lag, queue lengths, sessions, learnings by status, average value; the status is 1 when a part cannot be reached."""
    found = _status()
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        print_facts(list(_told_once(_lines(found))))
    sys.exit(1 if any(isinstance(answer, dict) and "error" in answer for answer in found.values()) else 0)


def _status() -> Answer:
    """What cannot be reached is `{"error": why}` in its place."""
    settings = load_settings()
    with open_the_ledger(settings) as ledger:
        counts = ledger.counts.count()
        return {
            "version": version("groove-attribution"),
            "data": str(settings.data_dir.absolute()),
            "parts": _or_error(lambda: living_parts(settings)),
            "queued": _or_error(lambda: _queued(settings)),
            "event_log": _or_error(lambda: _event_log(settings, ledger)),
            "sessions": counts.sessions,
            "overdue": counts.overdue,
            "finished_last_day": counts.finished_last_day,
            "learnings_failed": counts.entries.get("failed", 0),
            "dead_letters": counts.dead_letters,
            "messages_unsent": counts.outbox_unsent,
            "learnings": _or_error(lambda: _learnings(settings)),
        }


def _or_error(ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except GrooveError as error:
        return {"error": told(error)}


def living_parts(settings: Settings) -> dict[str, dict[str, int]]:
    """Bridges and workers that show life: kind -> version -> number."""
    from worker.liveness.broker_heartbeat import Heartbeats

    found: dict[str, Counter[str]] = {}
    for beat in Heartbeats(settings).read():
        if beat.is_fresh(now_micros()):
            found.setdefault(beat.kind, Counter())[beat.version] += 1
    return {kind: dict(numbers) for kind, numbers in found.items()}


def _queued(settings: Settings) -> Answer:
    from worker.task_queue.queues import Queues

    return dict(Queues(settings).lengths())


def _event_log(settings: Settings, ledger: "Ledger") -> Answer:
    from worker.lag import partition_lags

    event_log = open_event_log(settings.event_log_url)
    try:
        lags = partition_lags(settings, ledger, event_log)
    finally:
        event_log.close()
    return {
        "address": masked(settings.event_log_url),
        "partitions": len(lags),
        "to_read": sum(lag.lag for lag in lags),
        "rewinds": sum(lag.rewinds for lag in lags),
        "gaps": sum(lag.gaps for lag in lags),
    }


def _learnings(settings: Settings) -> Answer:
    with open_store(settings) as store:
        return asdict(store.status())


def _told_once(facts: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Why a part cannot be reached stands where it is met first."""
    reasons: set[str] = set()
    for name, text in facts:
        yield name, "-" if text in reasons else text
        if text.startswith(_NO_ANSWER):
            reasons.add(text)


def _lines(found: Answer) -> Iterator[tuple[str, str]]:
    log, learnings = found["event_log"], found["learnings"]
    yield "version", found["version"]
    yield "data", found["data"]
    yield "parts", _shown(found["parts"], _parts)
    yield "queued", _shown(found["queued"], _numbers)
    yield "event log", _shown(log, _log)
    yield "sessions", _numbers(found["sessions"])
    yield "open for more than an hour", str(found["overdue"])
    yield "finished in the last 24 hours", str(found["finished_last_day"])
    yield "learnings failed in a session", str(found["learnings_failed"])
    yield "dead letters", str(found["dead_letters"])
    yield "messages unsent", str(found["messages_unsent"])
    yield "learnings", _shown(learnings, lambda answer: _numbers(answer["learnings_by_status"]))
    yield "average value", _shown(learnings, _average)


def _shown(answer: Answer, show: Callable[[Answer], str]) -> str:
    return _NO_ANSWER + answer["error"] if "error" in answer else show(answer)


def _parts(kinds: dict[str, dict[str, int]]) -> str:
    shown = [f"{number} {kind} {text}" for kind, versions in kinds.items() for text, number in versions.items()]
    return ", ".join(shown) or "none shows life"


def _numbers(numbers: dict[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in numbers.items()) or "none"


def _log(log: Answer) -> str:
    return (
        f"{log['address']}: {counted(log['partitions'], 'partitions')}, {counted(log['to_read'], 'messages')} to read, "
        f"{counted(log['rewinds'], 'rewinds')}, {counted(log['gaps'], 'gaps')}"
    )


def _average(learnings: Answer) -> str:
    if learnings["average_value"] is None:
        return "-"
    return f"{learnings['average_value']:+.4f} over {learnings['learnings_with_sessions']}"
