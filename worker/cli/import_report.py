"""What `groove import` tells: a report that adds up, and a table of what is known about each rule."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import click

from assessor.archive import FileState
from assessor.asked_commands import asked_commands
from assessor.importing import AskedFor, Importer
from assessor.judges.hearing import Hearing
from assessor.report import FileReport
from assessor.rules.catalogue import Rule
from assessor.rules.left_out import LeftOut, left_out
from worker.cli.import_judge import judge_document, judge_lines
from worker.cli.import_pipeline import Worth
from worker.cli.support.left_out_lines import left_out_lines
from worker.cli.support.output import print_json, terminal_width
from worker.cli.support.tables import print_table
from worker.formats.learning import about_tokens
from worker.layers.aggregation.observed import Observed
from worker.operations.ids import beginnings
from worker.operations.wording import counted

_NOTE = "observed, not randomised"
_NO_USES = AskedFor()
#: refusals named one by one
_NAMED = 10


@dataclass(frozen=True, kw_only=True)
class Imported:
    files: FileReport
    #: lines passed over: reason -> count
    skipped: Counter[str]
    #: assistants whose sessions lie here in a form that is not read
    not_read: tuple[str, ...]
    importer: Importer
    #: None after a dry run
    worth: Worth | None
    #: None: no judge was asked
    hearing: Hearing | None = None

    @property
    def is_unfinished(self) -> bool:
        return self.worth is not None and bool(self.worth.sent.failures or self.worth.sent.refused)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One rule that was in force somewhere."""

    learning_id: str
    text: str
    in_force: int
    #: sessions in which a use was found, or a command that it asks for ran
    used: int
    #: sessions of which its use cannot be told: it leaves no trace
    cannot_tell: int
    #: calls of commands that it asks for, and how many of them failed
    calls: int
    failures: int
    #: sessions in which such a call failed; of a rule that names no command, those in which a use of it did
    failing: int
    after_use: Mapping[str, int]
    elsewhere: Mapping[str, int]
    #: in every session that has it in force, estimated
    tokens: int
    known: str
    quote: str


def print_preview(imported: Imported, *, limit: int, as_json: bool) -> None:
    """`limit` is of no account: there are no values yet."""
    del limit
    if as_json:
        print_json(_document(imported))
        return
    _print_files(imported)
    click.echo("dry run: nothing was written")


def print_imported(imported: Imported, *, limit: int, as_json: bool) -> None:
    found = rows(imported)
    if as_json:
        print_json(_document(imported) | {"learnings": [asdict(row) for row in found]})
        return
    _print_files(imported)
    worth = imported.worth
    assert worth is not None
    for session_id, reason in worth.sent.refused.items():
        click.echo(f"session {session_id} was not sent: {reason}")
    if worth.sent.failures:
        click.echo(f"{counted(worth.sent.failures, 'learnings or messages')} gave up: groove status")
    if not found:
        click.echo("no rule is known to have been in force in a session: nothing to compare")
        return
    click.echo()
    _print_table(found[:limit])
    click.echo()
    if len(found) > limit:
        click.echo(f"{len(found) - limit} more rules were in force: groove import --limit {len(found)}")
    if idle := sum(not (row.used or row.cannot_tell) for row in found):
        click.echo(f"{counted(idle, 'rules')} never seen used, by what was observed: groove import --json names them")
    click.echo(f"{_NOTE}: what followed a use need not come of it. Next: groove show ID, groove explain ID SESSION")


def rows(imported: Imported) -> list[Row]:
    """Sort key: most sessions with failing commands first, then most used, then the order of the rules file."""
    worth = imported.worth
    assert worth is not None
    rules = imported.importer.catalogue.rules
    found = [_row(imported, worth, seen) for seen in worth.observed.values() if seen.learning_id in worth.listed]
    mine = [row for row in found if row.learning_id in rules]
    return sorted(
        mine, key=lambda row: (-row.failing, -row.used, -row.in_force, _stands(rules[row.learning_id]), row.learning_id)
    )


def _stands(rule: Rule) -> tuple[bool, str, int]:
    """Where its files have it first; one that is gone from them comes last."""
    return min(((False, place.path, place.first) for place in rule.places), default=(True, "", 0))


def _row(imported: Imported, worth: Worth, seen: Observed) -> Row:
    listed, asked = worth.listed[seen.learning_id], imported.importer.asked.get(seen.learning_id, _NO_USES)
    verdict = listed.value.verdict
    failing, quote = failed_in(listed.learning.insight, asked, seen)
    return Row(
        learning_id=seen.learning_id,
        text=listed.learning.insight,
        in_force=seen.in_force,
        used=max(seen.used, asked.sessions),
        cannot_tell=seen.cannot_tell,
        calls=asked.calls,
        failures=asked.failures,
        failing=failing,
        after_use=seen.after_use,
        elsewhere=seen.elsewhere,
        tokens=about_tokens(listed.learning.insight),
        known=f"{listed.value.estimated_value:+.2f}, {verdict.kind}",
        quote=quote,
    )


def failed_in(rule: str, asked: AskedFor, seen: Observed) -> tuple[int, str]:
    """(sessions in which its call failed, a quote). What failed after a use of a rule that names commands may be another call."""
    if asked_commands(rule):
        return asked.failing_sessions, next((text for text, _ in asked.quotes.most_common(1)), "")
    return seen.sessions_with_named_failures, seen.quote


def _print_table(found: list[Row]) -> None:
    ids = beginnings(row.learning_id for row in found) if terminal_width() else {}
    print_table(
        [
            ("id", "left"),
            ("learning", "flex"),
            ("in force in", "right"),
            ("used in", "right"),
            ("its calls failed in", "right"),
            ("after its use", "left"),
            ("tokens", "right"),
            (f"value ({_NOTE})", "left"),
            ("worst quote", "flex"),
        ],
        [
            [
                ids.get(row.learning_id, row.learning_id),
                row.text.partition("\n")[0],
                str(row.in_force),
                "cannot tell" if row.cannot_tell and not row.used else str(row.used),
                f"{row.failing} ({row.failures} of {row.calls} calls)" if row.calls else str(row.failing),
                ", ".join(f"{kind} {number}" for kind, number in row.after_use.items()) or "-",
                str(row.tokens),
                row.known,
                row.quote,
            ]
            for row in found
        ],
    )


def _print_files(imported: Imported) -> None:
    files, states = imported.files, imported.files.states
    parts = [
        f"{states[FileState.READ]} read",
        f"{states[FileState.COPY]} copies of others",
        f"{states[FileState.TOOL]} of a tool's own",
        f"{states[FileState.REFUSED]} refused",
    ]
    click.echo(f"{counted(files.found, 'session files')}: {', '.join(parts)}")
    for line in _beside(imported, states):
        click.echo(f"  {line}")
    for entry in files.refusals[:_NAMED]:
        click.echo(f"  refused {entry.file.path}: {entry.reason}")
    if len(files.refusals) > _NAMED:
        click.echo(f"  {len(files.refusals) - _NAMED} more were refused: --json names each")
    for project in imported.importer.projects:
        for path, reason in project.refused.items():
            click.echo(f"  rules file {path} not read: {reason}")
    click.echo(_rules_line(imported.importer))
    for line in left_out_lines(_left_out(imported.importer)):
        click.echo(f"  {line}")
    for line in judge_lines(imported.hearing) if imported.hearing else ():
        click.echo(line)


def _beside(imported: Imported, states: Counter[FileState]) -> Iterator[str]:
    """What was found and not asked for."""
    if not imported.files.found:
        yield "no session of this project was found: --all takes every project, or name a FILE or FOLDER"
    for state, text in (
        (FileState.ELSEWHERE, "of other projects (--all imports them too) or that name no folder (name the file)"),
        (FileState.EARLIER, "before --since"),
        (FileState.FORGOTTEN, "that you had forgotten"),
        (FileState.OTHER, "other documents, no sessions"),
    ):
        if states[state]:
            yield f"{counted(states[state], 'files')} {text}"
    if imported.not_read:
        yield f"there are sessions of {', '.join(imported.not_read)}: their databases are not read yet"
    if lines := imported.skipped.total():
        reasons = ", ".join(f"{number} {reason}" for reason, number in imported.skipped.most_common(3))
        yield f"{counted(lines, 'lines')} passed over: {reasons}"


def _left_out(importer: Importer) -> list[LeftOut]:
    files = {str(file.path): file for project in importer.projects for file in project.files}
    return left_out(files.values())


def _rules_line(importer: Importer) -> str:
    rules = sum(
        len(group)
        for project in importer.projects
        for group in (project.changes.new, project.changes.reworded, project.changes.unchanged)
    )
    files = len({file.path for project in importer.projects for file in project.files})
    known = ", ".join(
        f"{number} by {source}" for source, number in importer.known_by.most_common() if source != "unknown"
    )
    sessions = importer.sessions - importer.known_by["unknown"]
    line = f"{counted(rules, 'learnings')} in {counted(files, 'rules files')}; {counted(sessions, 'sessions')} with known rules"
    return line + (f" ({known})" if known else "")


def _document(imported: Imported) -> dict[str, Any]:
    importer = imported.importer
    return {
        **imported.files.to_json(),
        "lines_passed_over": dict(imported.skipped),
        "not_read": list(imported.not_read),
        "sessions": importer.sessions,
        "rules_known_by": dict(importer.known_by),
        "unknown_outcomes": importer.unknown_outcomes,
        "rules_files": {str(file.path): "read" for project in importer.projects for file in project.files}
        | {str(path): reason for project in importer.projects for path, reason in project.refused.items()},
        "left_out": [asdict(each) for each in _left_out(importer)],
        "published": imported.worth.sent.events if imported.worth else 0,
        "not_sent": imported.worth.sent.refused if imported.worth else {},
        "randomised": False,
        **({"judge": judge_document(imported.hearing)} if imported.hearing else {}),
    }
