"""`groove import`: from the sessions and rules files on this machine to what each rule is worth."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from assessor.archive import Archive, FileState, open_archive
from assessor.belonging import Scope, project_of
from assessor.importing import Importer
from assessor.judges.agreement import read_labels
from assessor.judges.hearing import Hearing, hear
from assessor.judges.judgement import Judge
from assessor.places import Found, SessionFile, assistants_not_read, named_sessions, own_sessions
from assessor.reading import Reading, read_files
from assessor.report import FileReport
from assessor.rules.catalogue import Unit
from worker.cli.import_judge import judge_named, judge_options
from worker.cli.import_pipeline import process
from worker.cli.import_report import Imported, print_imported, print_preview
from worker.cli.run import end_on_sigterm
from worker.cli.support.known_rules import FOLDER, folder, homes, keep_rules, known_rules
from worker.cli.support.output import console
from worker.cli.support.types import Moment
from worker.settings import Settings, load_settings
from worker.settings.folders import make_data_folder
from worker.system.clock import now_micros


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the command line asks for."""

    project: Path | None
    everything: bool
    since: int | None
    unit: Unit
    paths: tuple[Path, ...]
    is_kept: bool
    is_dry: bool
    assessor: str | None
    labels: Path | None

    def scope(self) -> Scope:
        place = None if self.everything else project_of(str((self.project or Path.cwd()).resolve()))
        return Scope(project=place, since=self.since, named=frozenset(self.paths))


@click.command("import")
@click.argument("paths", nargs=-1, metavar="[FILE|FOLDER]...", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--project", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Instead of this repository."
)
@click.option("--all", "everything", is_flag=True, help="The sessions of every project.")
@click.option("--since", type=Moment(), help="Only sessions that began at or after this date or moment (RFC 3339).")
@click.option(
    "--unit",
    type=click.Choice(["bullet", "section"]),
    default="bullet",
    show_default=True,
    help="What of a rules file is one learning.",
)
@judge_options
@click.option("--no-archive", is_flag=True, help="Keep no copy of what was read.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be imported; write nothing.")
@click.option("--limit", type=click.IntRange(min=1), default=15, show_default=True, help="Rows of the table.")
@click.option("--json", "as_json", is_flag=True, help="Every file by its path, every learning.")
def import_command(
    paths: tuple[Path, ...],
    project: Path | None,
    unit: Unit,
    since: int | None,
    limit: int,
    assessor: str | None,
    labels: Path | None,
    *,
    everything: bool,
    no_archive: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Find the sessions of your coding assistants and the rules they ran under, and tell what is known about each rule.

    Without FILE or FOLDER: this repository's sessions that Claude Code, Codex CLI, Copilot CLI and Gemini CLI keep below your home.
    Asks nothing and sends nothing anywhere, except to a model that --assessor names; what was imported before is not imported again.
    The status is 1 when a file was refused.
    """
    if everything and project:
        raise click.UsageError("--all and --project exclude each other")
    if labels and not assessor:
        raise click.UsageError("--labels needs --assessor: it is compared with them")
    end_on_sigterm()
    wanted = Wanted(
        project=project,
        everything=everything,
        since=since,
        unit=unit,
        paths=paths,
        is_kept=not no_archive,
        is_dry=dry_run,
        assessor=assessor,
        labels=labels,
    )
    imported = run_import(load_settings(), wanted)
    show = print_preview if dry_run else print_imported
    show(imported, limit=limit, as_json=as_json)
    sys.exit(1 if imported.files.refusals or imported.is_unfinished else 0)


def run_import(settings: Settings, wanted: Wanted) -> Imported:
    home, scope = Path.home(), wanted.scope()
    labels = read_labels(wanted.labels) if wanted.labels else None
    judge = judge_named(wanted.assessor, folder("CLAUDE_CONFIG_DIR") or home / ".claude") if wanted.assessor else None
    with _archive(settings, wanted) as archive:
        found = list(named_sessions(wanted.paths) if wanted.paths else own_sessions(os.environ, home))
        reading = _read(found, archive, scope)
        importer = Importer(
            archive=archive,
            homes=homes(),
            unit=wanted.unit,
            now=now_micros(),
            catalogue=known_rules(settings),
        )
        projects = _projects(scope, reading, archive)
        for root in projects:
            importer.look(root)
        hearing = _hear(judge, archive, projects, labels) if judge else None
        importer.judged = hearing.parts() if hearing else {}
        if not wanted.is_dry:
            keep_rules(settings, importer.catalogue)
        worth = None if wanted.is_dry else process(settings, importer)
        if wanted.is_dry:
            for project in importer.projects:
                importer.count(project)
    return Imported(
        files=FileReport.of(reading.files, importer.copies),
        skipped=reading.skipped,
        not_read=() if wanted.paths else assistants_not_read(home),
        importer=importer,
        worth=worth,
        hearing=hearing,
    )


def _hear(judge: Judge, archive: Archive, projects: list[str], labels: dict[str, float] | None) -> Hearing:
    with console(to_stderr=True).status(f"{judge.name} judges the sessions"):
        return hear(judge, archive, projects, labels)


def _read(found: list[Found], archive: Archive, scope: Scope) -> Reading:
    columns = (TextColumn("reading sessions"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console(to_stderr=True)) as progress:
        task = progress.add_task("reading", total=sum(map(_size, found)))
        return read_files(found, archive, scope, seen=lambda one: progress.advance(task, _size(one)))


def _size(one: Found) -> int:
    return one.size if isinstance(one, SessionFile) else 0


def _projects(scope: Scope, reading: Reading, archive: Archive) -> list[str]:
    if scope.project is not None:
        return [scope.project]
    entries = reading.files.values()
    read = {session_id for entry in entries if entry.state is FileState.READ for session_id in entry.session_ids}
    return sorted({session.project for session in archive.sessions() if session.session_id in read})


@contextmanager
def _archive(settings: Settings, wanted: Wanted) -> Iterator[Archive]:
    """The one in the data folder, or one that is gone afterwards."""
    if wanted.is_kept and not wanted.is_dry:
        make_data_folder(settings.data_dir)
        with open_archive(settings.data_dir / FOLDER) as archive:
            yield archive
        return
    with tempfile.TemporaryDirectory(prefix="groove-import-") as folder, open_archive(Path(folder)) as archive:
        yield archive
