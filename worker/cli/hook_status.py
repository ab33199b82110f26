"""`groove hook status`: what became of the hook, from the settings, the sessions on disk and what it recorded."""

import os
import statistics
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import click

from assessor.belonging import Scope as Belonging
from assessor.hooks.assistants import ASSISTANTS, Homes, Scope
from assessor.hooks.installation import learnings_given, names_the_hook, parts_installed, parts_needed, program
from assessor.hooks.runs import Runs, runs_in
from assessor.places import SessionFile, own_sessions
from worker.cli.support.output import moment, print_facts, print_json
from worker.errors import InvalidEvent
from worker.formats.hook_folder import HookFolder
from worker.formats.hook_snapshot import snapshot_at
from worker.formats.hook_spool import HookEvent, SpoolRecord, read_spool_record
from worker.formats.hook_switchback import read_switchback
from worker.operations.wording import counted
from worker.settings import Settings
from worker.store.hooks.agreement import HookAgreement, hook_agreement
from worker.store.hooks.records import is_recorded, open_records
from worker.system.clock import DAY, now_micros

_NAMED = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class HookStatus:
    #: settings file -> what is wrong with the installation there, empty: nothing
    installed: dict[str, str]
    #: switched off in this project
    is_off: bool
    #: assistants whose hook alone is
    resting: tuple[str, ...]
    #: learnings that were adopted
    learnings: int
    #: microseconds; None: there is none, or it cannot be read
    snapshot_written_at: int | None
    sessions: int
    given: int
    traced: int
    without: tuple[str, ...]
    runs: int
    failures: int
    #: milliseconds: median, 90th percentile, longest
    durations: tuple[float, ...] = ()
    recorded_sessions: int = 0
    recorded_taking_part: int = 0
    #: why others take no part -> sessions
    reasons: dict[str, int] = field(default_factory=dict)
    agreement: HookAgreement | None = None
    #: rules files that are written for each period
    switched: tuple[str, ...] = ()


def hook_status(settings: Settings, project: Path, homes: Homes) -> HookStatus:
    folder = HookFolder(settings.data_dir)
    snapshot, runs = snapshot_at(folder.snapshot), runs_in(_session_files(project, homes))
    taken_in, lying = _taken_in(settings), list(_lying(folder))
    starts = [record for record in (*taken_in, *lying) if record.event is HookEvent.SESSION_START]
    taking_part = {record.session_id for record in starts if record.takes_part}
    others = {record.session_id: record.reason for record in starts if record.session_id not in taking_part}
    return HookStatus(
        installed=dict(_installations(project, homes)),
        is_off=folder.off.exists(),
        resting=tuple(name for name in ASSISTANTS if folder.off_for(name).exists()),
        learnings=learnings_given(project),
        snapshot_written_at=snapshot.written_at if snapshot else None,
        sessions=runs.sessions,
        given=runs.given,
        traced=runs.traced,
        without=tuple(_without_a_record(runs, {*taking_part, *others})),
        runs=runs.runs,
        failures=runs.failures,
        durations=_quantiles(runs),
        recorded_sessions=len(taking_part) + len(others),
        recorded_taking_part=len(taking_part),
        reasons=dict(Counter(others.values())),
        agreement=_agreement(settings, taking_part - {record.session_id for record in taken_in}),
        switched=tuple(known.files) if (known := read_switchback(folder.switchback)) else (),
    )


def tell_status(status: HookStatus, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(status))
        return
    print_facts(list(_facts(status)))


def _facts(status: HookStatus) -> Iterator[tuple[str, str]]:
    for path, wrong in status.installed.items():
        yield "installed", f"{path}: {wrong}" if wrong else path
    if not status.installed:
        yield "installed", "nowhere" if status.switched else "nowhere: groove hook install claude-code"
    if status.is_off:
        yield "switched off", "in this project, by the file .groove/hook/off"
    for name in status.resting:
        yield "switched off", f"in this project for {name}, by the file .groove/hook/off-{name}"
    if status.switched:
        yield "switchback", f"{', '.join(status.switched)}: groove hook switch"
    yield "learnings", f"{status.learnings} adopted" if status.learnings else "none adopted: groove adopt CLAUDE.md"
    yield "snapshot", _snapshot(status)
    yield (
        "sessions on disk",
        f"{status.sessions}: {status.given} were given learnings, {status.traced} of them by a draw",
    )
    if status.without:
        more = ", …" if len(status.without) > _NAMED else ""
        yield "without the hook", f"{len(status.without)}: {', '.join(status.without[:_NAMED])}{more}"
    times = " / ".join(f"{each:,.0f} ms" for each in status.durations)
    yield "runs", f"{status.runs}, {status.failures} failed" + (f"; median, 90 %, longest: {times}" if times else "")
    reasons = "".join(f"; {count} not: {reason or 'unknown'}" for reason, count in sorted(status.reasons.items()))
    yield (
        "recorded",
        f"{counted(status.recorded_sessions, 'sessions')}, {status.recorded_taking_part} take part{reasons}",
    )
    if status.agreement is not None:
        told = status.agreement
        differ = "".join(f", {count} {word}" for word, count in told.disagree.items())
        unseen = f", {told.not_shown} show no rules" if told.not_shown else ""
        yield (
            "transcripts",
            f"{told.agree} show what was recorded{unseen}{differ}, {told.not_imported} not imported yet",
        )
        yield "records", f"{told.waiting} wait for the store, {told.refused} refused, {told.damaged} cannot be read"


def _snapshot(status: HookStatus) -> str:
    written = status.snapshot_written_at
    if written is None:
        return "none: all learnings are given, and nothing is drawn until groove import" if status.learnings else "none"
    late = "; too old to draw by: run groove up" if written < now_micros() - 7 * DAY else ""
    return f"of {moment(written)}{late}"


def _installations(project: Path, homes: Homes) -> Iterator[tuple[str, str]]:
    for assistant in ASSISTANTS.values():
        for scope in Scope:
            settings = assistant.settings(scope, project, homes)
            if names_the_hook(settings):
                hook = assistant.hook_file(scope, project, homes)
                parts, needed = parts_installed(settings), parts_needed(project)
                if not hook.is_file():
                    wrong = f"{hook} is gone: install again"
                elif hook.read_text(encoding="utf-8", errors="replace") != program():
                    wrong = "of another release: install again"
                elif 0 < parts < needed:
                    wrong = f"gives {parts} of {needed} outputs that the learnings need: install again"
                else:
                    wrong = ""
                yield str(settings), wrong


def _without_a_record(runs: Runs, recorded: Collection[str]) -> Iterator[str]:
    """Session files, which end with their session's id: a switchback leaves no trace where a transcript shows no rules."""
    ends = tuple(recorded)
    yield from (str(path) for path in runs.without if not path.stem.endswith(ends))


def _session_files(project: Path, homes: Homes) -> Iterator[Path]:
    """The session files of this project alone."""
    scope = Belonging(project=str(project), since=None, named=frozenset())
    for found in own_sessions(os.environ, homes.home):
        if isinstance(found, SessionFile) and not scope.passes_over(found.path):
            yield found.path


def _taken_in(settings: Settings) -> list[SpoolRecord]:
    if not is_recorded(HookFolder(settings.data_dir)):
        return []
    with open_records(settings.data_dir) as records:
        return [kept.record for kept in records.all()]


def _lying(folder: HookFolder) -> Iterator[SpoolRecord]:
    """What still lies in the spool."""
    try:
        lines = folder.spool.read_bytes().split(b"\n")
    except OSError:
        return
    for line in filter(None, lines):
        try:
            yield read_spool_record(line)
        except InvalidEvent:
            click.echo("a line of the spool cannot be read", err=True)


def _agreement(settings: Settings, lying: Collection[str]) -> HookAgreement | None:
    """Sessions whose records still lie in the spool are not imported yet either."""
    known = hook_agreement(settings.data_dir)
    if not lying:
        return known
    known = known or HookAgreement()
    return replace(known, not_imported=known.not_imported + len(lying))


def _quantiles(runs: Runs) -> tuple[float, ...]:
    times = runs.durations
    return (statistics.median(times), times[-(-len(times) * 9 // 10) - 1], times[-1]) if times else ()
