"""`groove forget`: sessions or learnings out of everything, for good."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from worker.cli.forget_places import Forgotten, Places, open_places
from worker.cli.support.diffs import confirm
from worker.cli.support.output import print_facts, print_json
from worker.errors import ConfigurationError, NotFound
from worker.operations.ids import full_ids, meant
from worker.operations.wording import counted
from worker.settings import load_settings


@click.command("forget")
@click.option("--session", "sessions", multiple=True, metavar="ID", help="This session; a unique beginning will do.")
@click.option(
    "--project",
    "projects",
    multiple=True,
    type=click.Path(path_type=Path),
    help="All sessions of this folder that groove import has read.",
)
@click.option("--learning", "learnings", multiple=True, metavar="ID", help="This learning; a unique beginning will do.")
@click.option("--dry-run", is_flag=True, help="Tell what there is, and leave it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON; needs --yes or --dry-run.")
def forget_command(
    sessions: Sequence[str],
    projects: Sequence[Path],
    learnings: Sequence[str],
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Remove sessions or learnings from archive, ledger, store, broker and event log, and tell what cannot be reached.

    Nothing of a forgotten session is ever taken in again; values are as if it had never been. A learning may be imported anew.
    """
    if not (sessions or projects or learnings):
        raise click.UsageError("name at least one --session, --project or --learning")
    if as_json and not (yes or dry_run):
        raise click.UsageError("--json cannot ask: add --yes or --dry-run")
    with open_places(load_settings()) as places:
        learning_ids = full_ids(places.store, list(dict.fromkeys(learnings))) if learnings else []
        session_ids = sorted({*_sessions(places, sessions), *_of_projects(places, projects)})
        found = places.forget(session_ids, learning_ids, dry_run=True)
        if not (found.total or learning_ids):
            raise NotFound(f"{', '.join([*sessions, *map(str, projects)])}: nothing is kept of it")
        if not dry_run:
            if not yes:
                _tell(found, session_ids, learning_ids, done=False)
                confirm("Remove all of it? This cannot be undone", yes=False)
            found = places.forget(session_ids, learning_ids, dry_run=False)
    if as_json:
        fields = {"places": found.places, "not_reached": found.not_reached}
        print_json({"sessions": session_ids, "learnings": learning_ids, "removed": not dry_run, **fields})
    else:
        _tell(found, session_ids, learning_ids, done=not dry_run)


def _sessions(places: Places, given: Sequence[str]) -> Iterator[str]:
    """Whole ids: known to the ledger, else to the archive; else as they are given, for what other places may still have."""
    for one in given:
        known = places.ledger.history.find_sessions(one)
        if places.archive is not None:
            known = sorted({*known, *(entry.session_id for entry in places.archive.sessions())})
        yield meant(one, known, "session") if any(id_.startswith(one) for id_ in known) else one


def _of_projects(places: Places, folders: Sequence[Path]) -> Iterator[str]:
    from assessor.belonging import project_of

    for folder in folders:
        if places.archive is None:
            raise ConfigurationError(
                f"{folder}: no sessions were imported: --project goes by what groove import has read"
            )
        found = places.archive.sessions(project_of(str(folder.resolve())))
        if not found:
            raise NotFound(f"{folder}: no session of this project was imported")
        yield from (entry.session_id for entry in found)


def _tell(found: Forgotten, session_ids: Sequence[str], learning_ids: Sequence[str], *, done: bool) -> None:
    named = [
        (counted(len(ids), what), ids) for ids, what in ((session_ids, "sessions"), (learning_ids, "learnings")) if ids
    ]
    facts = [(count, ", ".join(ids)) for count, ids in named]
    facts += [(place, _counts(counts)) for place, counts in found.places.items()]
    print_facts([*facts, *(("not reached", what) for what in found.not_reached)])
    if done:
        click.echo("forgotten")


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in counts.items() if count) or "nothing"
