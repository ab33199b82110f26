"""`groove hook`: the experiment inside an assistant, put into its settings, looked at, and taken out again."""

import difflib
import os
from pathlib import Path

import click

from assessor.belonging import project_of
from assessor.hooks.assistants import ASSISTANTS, Assistant, Homes, Scope
from assessor.hooks.installation import Change, by_hand, install, make, names_the_hook, uninstall, write_hook
from worker.cli.support.output import plain
from worker.errors import InvalidFile

_ASSISTANT = click.argument("assistant", type=click.Choice(list(ASSISTANTS)))
_SCOPE = click.option(
    "--user/--project",
    "for_user",
    default=True,
    show_default=True,
    help="In all projects of yours, or for everybody in this one.",
)
_YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group("hook")
def hook_command() -> None:
    """Let an assistant's sessions take part in the experiment by themselves."""


@hook_command.command("install")
@_ASSISTANT
@_SCOPE
@_YES
def install_command(assistant: str, *, for_user: bool, yes: bool) -> None:
    """Put the hook into the assistant's settings. Shows the change first, keeps a copy of the settings; again there is nothing to do.

    The hook gives each session the learnings that it is assigned, in projects with learnings that were adopted; elsewhere it does nothing.
    GROOVE_OFF=1 switches it off, and in one project a file .groove/hook/off.
    """
    chosen, scope, project, homes = ASSISTANTS[assistant], _scope(for_user), _project(), _homes()
    parts = 1
    try:
        change = install(chosen, scope, project, homes, parts=parts)
        if not change.is_needed:
            click.echo(f"{change.path}: the hook is installed; nothing to do")
            return
        _show(change)
        _ask(yes, f"Change {plain(str(change.path))}?")
        make(change)
    except InvalidFile as error:
        write_hook(chosen.hook_file(scope, project, homes))
        error.add_note(
            f"to do it by hand, put this into {chosen.settings(scope, project, homes)}:\n{by_hand(chosen, scope, homes, parts=parts)}"
        )
        raise
    click.echo(f"installed in {plain(str(change.path))}; {chosen.advice}")
    _tell_of_others(chosen, scope, project, homes)


@hook_command.command("uninstall")
@_ASSISTANT
@_SCOPE
@_YES
def uninstall_command(assistant: str, *, for_user: bool, yes: bool) -> None:
    """Take the hook out of the assistant's settings again, which are then as they were.

    Learnings that were adopted stay in their file: `groove restore` puts them back.
    """
    chosen, scope, project, homes = ASSISTANTS[assistant], _scope(for_user), _project(), _homes()
    others = [other for name, other in ASSISTANTS.items() if name != assistant]
    is_last = not any(names_the_hook(other.settings(scope, project, homes)) for other in others)
    change = uninstall(chosen, scope, project, homes, is_last=is_last)
    if not change.is_needed:
        click.echo(f"{plain(str(change.path))}: the hook is not installed; nothing to do")
        return
    _show(change)
    _ask(yes, f"Change {plain(str(change.path))}?")
    make(change)
    click.echo(f"taken out of {plain(str(change.path))}")


def _scope(for_user: bool) -> Scope:
    return Scope.USER if for_user else Scope.PROJECT


def _project() -> Path:
    return Path(project_of(str(Path.cwd())))


def _homes() -> Homes:
    return Homes(home=Path.home(), environ=os.environ)


def _ask(yes: bool, question: str) -> None:
    if not yes:
        click.confirm(question, abort=True)


def _show(change: Change) -> None:
    name = str(change.path)
    lines = difflib.unified_diff(
        change.before.splitlines(keepends=True),
        change.after.splitlines(keepends=True),
        name if change.before else "/dev/null",
        name if change.after else "/dev/null",
    )
    for line in lines:
        click.echo(plain(line.rstrip("\r\n")))
    what = "goes" if change.program is None else "is written"
    if not change.hook.exists() or change.program is None or change.hook.read_text(encoding="utf-8") != change.program:
        click.echo(f"{plain(str(change.hook))} {what}")


def _tell_of_others(chosen: Assistant, scope: Scope, project: Path, homes: Homes) -> None:
    other = Scope.PROJECT if scope is Scope.USER else Scope.USER
    if names_the_hook(chosen.settings(other, project, homes)):
        click.echo(
            "it is installed for the person and for this project: in this project the project's is used, so nothing comes twice"
        )
