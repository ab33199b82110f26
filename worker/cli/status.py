"""`groove status`: how everything stands, for people and for timers."""

import json
import sys
from collections.abc import Callable, Iterator

import click

from worker.cli.support.output import escaped, print_facts
from worker.operations.status import Answer, stack_status
from worker.operations.wording import counted
from worker.settings import load_settings

#: before the reason why a part cannot tell
_NO_ANSWER = "unknown: "


@click.command("status")
@click.option("--json", "as_json", is_flag=True)
def status_command(*, as_json: bool) -> None:
    """Parts, lag, queue lengths, sessions, learnings by status, average value; the status is 1 when a part cannot be reached."""
    found = stack_status(load_settings())
    if as_json:
        click.echo(escaped(json.dumps(found, ensure_ascii=False, indent=1)))
    else:
        print_facts(list(_told_once(_lines(found))))
    sys.exit(1 if any(isinstance(answer, dict) and "error" in answer for answer in found.values()) else 0)


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
