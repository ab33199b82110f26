"""`groove hook`: the experiment inside an assistant, put into its settings, looked at, and taken out again."""

import os
from pathlib import Path

import click

from assessor.belonging import project_of
from assessor.hooks.assistants import ASSISTANTS, Assistant, Homes, Scope
from assessor.hooks.installation import (
    Change,
    by_hand,
    install,
    learnings_given,
    make,
    names_the_hook,
    parts_installed,
    parts_needed,
    uninstall,
    write_hook,
)
from worker.cli.hook_switch import switch_command
from worker.cli.support.diffs import confirm, must_not_ask, show_diff
from worker.cli.support.output import plain, print_json
from worker.errors import InvalidFile
from worker.settings import load_settings

_ASSISTANT = click.argument("assistant", type=click.Choice(list(ASSISTANTS)))
_SCOPE = click.option(
    "--user/--project",
    "for_user",
    default=True,
    show_default=True,
    help="In all projects of yours, or for everybody in this one.",
)
_YES = click.option("--yes", is_flag=True, help="Do not ask.")
_JSON = click.option("--json", "as_json", is_flag=True, help="The answer as JSON; needs --yes.")


@click.group("hook")
def hook_command() -> None:
    """Let an assistant's sessions take part in the experiment by themselves."""


@hook_command.command("install")
@_ASSISTANT
@_SCOPE
@_YES
@_JSON
def install_command(assistant: str, *, for_user: bool, yes: bool, as_json: bool) -> None:
    """Put the hook into the assistant's settings. Shows the change first, keeps a copy of the settings; again there is nothing to do.

    The hook gives each session the learnings that it is assigned, in projects with learnings that were adopted; elsewhere it does nothing.
    GROOVE_OFF=1 switches it off, and in one project a file .groove/hook/off.
    """
    must_not_ask(as_json=as_json, yes=yes)
    chosen, scope, project, homes = ASSISTANTS[assistant], _scope(for_user), _project(), homes_of_hooks()
    parts = max(parts_needed(project), parts_installed(chosen.settings(scope, project, homes)))
    try:
        change = install(chosen, scope, project, homes, parts=parts)
        if not change.is_needed:
            _tell(change, "the hook is installed; nothing to do", is_changed=False, as_json=as_json)
            return
        _make(change, yes=yes, as_json=as_json)
    except InvalidFile as error:
        write_hook(chosen.hook_file(scope, project, homes))
        error.add_note(
            f"to do it by hand, put this into {chosen.settings(scope, project, homes)}:\n{by_hand(chosen, scope, homes, parts=parts)}"
        )
        raise
    _tell(change, f"installed; {chosen.advice}", is_changed=True, as_json=as_json)
    if not as_json:
        _tell_what_is_next(chosen, scope, project, homes)


@hook_command.command("uninstall")
@_ASSISTANT
@_SCOPE
@_YES
@_JSON
def uninstall_command(assistant: str, *, for_user: bool, yes: bool, as_json: bool) -> None:
    """Take the hook out of the assistant's settings again, which are then as they were.

    Learnings that were adopted stay in their file: `groove restore` puts them back.
    """
    must_not_ask(as_json=as_json, yes=yes)
    chosen, scope, project, homes = ASSISTANTS[assistant], _scope(for_user), _project(), homes_of_hooks()
    others = [other for name, other in ASSISTANTS.items() if name != assistant]
    is_last = not any(names_the_hook(other.settings(scope, project, homes)) for other in others)
    change = uninstall(chosen, scope, project, homes, is_last=is_last)
    if not change.is_needed:
        _tell(change, "the hook is not installed; nothing to do", is_changed=False, as_json=as_json)
        return
    _make(change, yes=yes, as_json=as_json)
    _tell(change, "taken out", is_changed=True, as_json=as_json)


@hook_command.command("status")
@click.option("--json", "as_json", is_flag=True)
def status_command(*, as_json: bool) -> None:
    """Whether the hook is installed, what the sessions on disk show of it, and what it recorded itself."""
    from worker.cli.hook_status import hook_status, tell_status

    tell_status(hook_status(load_settings(), _project(), homes_of_hooks()), as_json=as_json)


hook_command.add_command(switch_command)


def homes_of_hooks() -> Homes:
    return Homes(home=Path.home(), environ=os.environ)


def tell_what_installations_lack(project: Path, *, switched: bool) -> None:
    """Where no hook, and no switchback (`switched`), gives out the project's learnings, or an installed one fewer than there are."""
    homes, needed = homes_of_hooks(), parts_needed(project)
    installed = [
        (scope, name, parts)
        for name, each in ASSISTANTS.items()
        for scope in Scope
        if (parts := parts_installed(each.settings(scope, project, homes)))
    ]
    if not installed and not switched:
        click.echo(
            "no assistant gives them out yet: groove hook install claude-code, or for one without hooks groove hook switch AGENTS.md",
            err=True,
        )
    for scope, name, parts in installed:
        if parts < needed:
            option = " --project" if scope is Scope.PROJECT else ""
            click.echo(
                f"nothing is drawn until the hook has the {needed} outputs that the learnings need: "
                f"groove hook install{option} {name}",
                err=True,
            )


def _scope(for_user: bool) -> Scope:
    return Scope.USER if for_user else Scope.PROJECT


def _project() -> Path:
    return Path(project_of(str(Path.cwd())))


def _make(change: Change, *, yes: bool, as_json: bool) -> None:
    if not as_json:
        _show(change)
    confirm(f"Change {change.path}?", yes=yes)
    make(change)


def _tell(change: Change, what: str, *, is_changed: bool, as_json: bool) -> None:
    if as_json:
        print_json({"settings": str(change.path), "hook": str(change.hook), "is_changed": is_changed, "told": what})
    else:
        click.echo(f"{plain(str(change.path))}: {what}")


def _show(change: Change) -> None:
    show_diff(change.path, change.before, change.after)
    what = "will be removed" if change.program is None else "will be written"
    if not change.hook.exists() or change.program is None or change.hook.read_text(encoding="utf-8") != change.program:
        click.echo(f"{plain(str(change.hook))} {what}")


def _tell_what_is_next(chosen: Assistant, scope: Scope, project: Path, homes: Homes) -> None:
    if not learnings_given(project):
        click.echo(
            "here it has nothing to give yet: groove adopt CLAUDE.md, or the name of another rules file", err=True
        )
    other = Scope.PROJECT if scope is Scope.USER else Scope.USER
    if names_the_hook(chosen.settings(other, project, homes)):
        click.echo(
            "it is installed for the person and for this project: in this project the project's is used, so nothing comes twice",
            err=True,
        )
