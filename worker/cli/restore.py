"""`groove restore`: a rules file as it was before its learnings were adopted, with every edit made since."""

import sys
from pathlib import Path

import click

from assessor.belonging import project_of
from assessor.managed.adopting import Restoration, files_with_records, put_back, restoration
from assessor.managed.switchback import forget_file
from worker.cli.adopt import looked_at, tell_the_store
from worker.cli.hook_switch import wake_hooks
from worker.cli.support.diffs import confirm, must_not_ask, show_diff
from worker.cli.support.output import plain, print_json
from worker.errors import NotFound
from worker.settings import load_settings


@click.command("restore")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--original", is_flag=True, help="As it was at first, without what was edited since.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON; needs --yes.")
def restore_command(file: Path | None, *, original: bool, yes: bool, as_json: bool) -> None:
    """Put learnings back into their rules file, byte for byte; what was edited in between, in either file, is kept.

    Where edits contradict each other, they are shown and nothing is changed. Without FILE: every file that learnings were adopted from.
    """
    must_not_ask(as_json=as_json, yes=yes)
    settings = load_settings()
    root = Path(project_of(str((file.resolve().parent if file else Path.cwd()).resolve())))
    files = [file.resolve()] if file else files_with_records(root)
    if not files:
        raise NotFound(f"{root}: no learnings were adopted here")
    restored: list[str] = []
    conflicts: dict[str, tuple[str, ...]] = {}
    for path in files:
        planned = restoration(root, path, is_original=original)
        if planned.conflicts:
            conflicts[str(path)] = planned.conflicts
            if not as_json:
                _tell_conflicts(planned)
            continue
        if not as_json:
            show_diff(path, planned.before.decode(), planned.after.decode())
        confirm(f"Change {path}?", yes=yes)
        put_back(planned)
        forget_file(root, path.relative_to(root).as_posix(), settings.data_dir)
        wake_hooks(settings)
        restored.append(str(path))
        if not as_json:
            click.echo(f"{plain(str(path))} is restored")
    tell_the_store(settings, looked_at(settings, root, "bullet"))
    if as_json:
        print_json({"restored": restored, "conflicts": conflicts})
    sys.exit(1 if conflicts else 0)


def _tell_conflicts(planned: Restoration) -> None:
    click.echo(f"{plain(str(planned.path))} is left as it is: two edits contradict each other", err=True)
    for line in "\n".join(planned.conflicts).splitlines():
        click.echo(plain(line), err=True)
