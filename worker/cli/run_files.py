"""What `groove run` does: start the stack, feed it, watch it finish, show the values, stop it."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from worker.cli.learnings import import_file
from worker.cli.publish import publish_files
from worker.cli.support.ids import shown_ids
from worker.cli.support.input_files import check_there
from worker.cli.support.output import console
from worker.cli.values import print_values
from worker.event_log.opening import open_event_log
from worker.event_log.protocol import EventLog
from worker.lag import partition_lags
from worker.ledger import Counts, Ledger
from worker.local.stack import Stack, running_stack
from worker.operations.agreement import compare
from worker.operations.backgrounds import tell_backgrounds
from worker.operations.connections import open_store, open_the_ledger
from worker.operations.wording import counted
from worker.settings import Settings

#: seconds between two looks at the ledger
_LOOK_SECONDS = 0.1
#: between two lines where there is no terminal
_LINE_SECONDS = 30.0
#: states of sessions that still need work
_OPEN = ("received", "attributing")


def run_files(settings: Settings, files: tuple[Path, ...], *, learnings: Path | None, limit: int | None) -> int:
    """-> exit status: 1 when something was refused or failed, or waits for a transcript."""
    for path in (*files, *([learnings] if learnings else [])):
        check_there(path)
    with (
        running_stack(settings, log_to_files=True) as stack,
        open_the_ledger(settings) as ledger,
        open_store(settings) as store,
    ):
        refused = 0
        if learnings:
            report, refused = import_file(store, learnings)
            click.echo(
                f"learnings: {len(report.new)} new, {len(report.changed)} changed, {len(report.unchanged)} unchanged"
            )
        agreed = compare(settings, store)
        if not agreed.is_well:
            click.echo(f"{agreed.detail}; {agreed.advice}", err=True)
        before = ledger.counts.count()
        refused += _feed(settings, files, stack, ledger)
        after = ledger.counts.count()
        _tell(before, after)
        tell_backgrounds(ledger, store)
        store.refresh()
        listed = store.learnings(limit=limit).learnings
        print_values(listed, shown_ids(store, [entry.learning.learning_id for entry in listed]))
    click.echo(f"data in {settings.data_dir.absolute()}")
    return 1 if refused or failures(after) or not agreed.is_well else 0


def failures(counts: Counts) -> int:
    """What did not come to its end: learnings and messages that gave up, sessions that wait for a transcript."""
    return counts.entries.get("failed", 0) + counts.dead_letters + counts.sessions.get("waiting", 0)


def _feed(settings: Settings, files: tuple[Path, ...], stack: Stack, ledger: Ledger) -> int:
    event_log = open_event_log(settings.event_log_url)
    try:
        _, refused = publish_files(settings, event_log, files)
        follow(settings, ledger, event_log, look_after=stack.look_after)
    finally:
        event_log.close()
    return refused


def follow(settings: Settings, ledger: Ledger, event_log: EventLog, *, look_after: Callable[[], None]) -> None:
    """Show the progress until all that was published is read and every session is finished or gave up.

    `look_after` is called at each look: the stack is somebody's to keep up.
    """
    columns = (
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    start = time.monotonic()
    with Progress(*columns, console=console(to_stderr=True), transient=False) as progress:
        sessions = progress.add_task("sessions", rate="", total=None)
        learnings = progress.add_task("learnings", rate="", total=None)
        first = ledger.counts.count()
        done_before = _done(first)
        lines = SparseLines(start)
        while True:
            look_after()
            counts, is_finished = look(settings, ledger, event_log)
            _show(progress, sessions, counts.sessions, _OPEN, start, done_before[0])
            _show(progress, learnings, counts.entries, ("pending",), start, done_before[1])
            if is_finished:
                return
            finished, all_ = _done(counts)[0], sum(counts.sessions.values())
            if not progress.console.is_terminal and lines.is_due(time.monotonic(), finished, all_):
                click.echo(f"{finished} of {counted(all_, 'sessions')} finished", err=True)
            time.sleep(_LOOK_SECONDS)


class SparseLines:
    """Where a bar cannot move, a line twice a minute says that work goes on, as long as there is any news."""

    def __init__(self, start: float) -> None:
        self._last, self._told = start, (0, 0)

    def is_due(self, now: float, finished: int, all_: int) -> bool:
        if now - self._last < _LINE_SECONDS or (finished, all_) == self._told:
            return False
        self._last, self._told = now, (finished, all_)
        return True


def look(settings: Settings, ledger: Ledger, event_log: EventLog) -> tuple[Counts, bool]:
    """-> what there is, and whether all that was published is read and every session finished or gave up, and was told of.

    In this order: counted before, a session that was read meanwhile would be missing.
    """
    is_read = not any(partition.lag for partition in partition_lags(settings, ledger, event_log))
    counts = ledger.counts.count()
    return counts, is_read and not _open_sessions(counts) and not counts.outbox_unsent


def _show(
    progress: Progress, task: object, states: dict[str, int], open_states: Iterable[str], start: float, before: int
) -> None:
    total = sum(states.values())
    done = total - sum(states.get(state, 0) for state in open_states)
    failed = states.get("failed", 0) + states.get("dead", 0)
    rate = (done - before) / max(time.monotonic() - start, 1e-9)
    progress.update(task, total=total, completed=done, rate=f"{failed} failed, {rate:.1f}/s")  # type: ignore[arg-type]


def _done(counts: Counts) -> tuple[int, int]:
    sessions = sum(counts.sessions.values()) - _open_sessions(counts)
    return sessions, sum(counts.entries.values()) - counts.entries.get("pending", 0)


def _open_sessions(counts: Counts) -> int:
    return sum(counts.sessions.get(state, 0) for state in _OPEN)


def _tell(before: Counts, after: Counts) -> None:
    """What this run added, what failed, what waits."""
    new = after.events - before.events
    finished = after.sessions.get("finished", 0)
    click.echo(f"{counted(new, 'new events') if new else 'nothing new'}; {counted(finished, 'sessions')} finished")
    for number, things, text in (
        (after.entries.get("failed", 0), "learnings", " failed in a session: groove tasks failed"),
        (after.sessions.get("waiting", 0), "sessions", " without a transcript: groove sessions list --state waiting"),
        (after.dead_letters, "dead letters", ": groove dead-letters list"),
    ):
        if number:
            click.echo(f"{counted(number, things)}{text}")
