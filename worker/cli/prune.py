"""`groove prune`: which learnings may go and what that saves, taken out of the managed file, and put back."""

from collections.abc import Sequence
from pathlib import Path

import click

from assessor.belonging import project_of
from assessor.managed.switchback import switch
from worker.cli.support.diffs import confirm, must_not_ask, show_diff
from worker.cli.support.how_long import sessions_of_a_month
from worker.cli.support.output import plain, print_json
from worker.cli.support.tables import print_rows
from worker.errors import NotFound
from worker.formats.learnings_file import PLACE
from worker.formats.wire import format_timestamp
from worker.operations.connections import open_store
from worker.operations.pruning import MayGo, Pruned, may_go, planned, prune, undo
from worker.operations.wording import counted
from worker.settings import load_settings
from worker.system.clock import now_micros


@click.command("prune")
@click.option("--apply", "is_applied", is_flag=True, help="Take them out of .groove/learnings.md.")
@click.option("--only", multiple=True, metavar="ID", help="Only this learning; a beginning of its id will do.")
@click.option("--undo", "is_undone", is_flag=True, help="Put back what was taken out last.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON; --apply then needs --yes.")
def prune_command(only: Sequence[str], *, is_applied: bool, is_undone: bool, yes: bool, as_json: bool) -> None:
    """Learnings that harm, or do nothing and cost tokens: with the verdict, the evidence, and the tokens of each session and month.

    Only verdicts of a complete experiment count. What `--apply` takes out is an edit that `git diff` shows; `--undo` puts it back.
    """
    settings, root = load_settings(), Path(project_of(str(Path.cwd())))
    if is_applied:
        must_not_ask(as_json=as_json, yes=yes)
    if is_undone:
        done = undo(root, settings.data_dir)
        _tell(done, f"back in {PLACE}", as_json=as_json)
        switch(settings.data_dir)
        return
    with open_store(settings) as store:
        found = may_go(store, root, sessions_per_month=sessions_of_a_month(settings, root))
    found = [each for each in found if not only or any(each.learning_id.startswith(beginning) for beginning in only)]
    if not as_json:
        _print(found)
    elif not is_applied:
        print_json(found)
    if not is_applied:
        return
    if not found:
        raise NotFound("no learning may go yet")
    ids = [each.learning_id for each in found]
    before, after = planned(root, ids)
    if not as_json:
        show_diff(root / PLACE, str(before), str(after))
    confirm(f"Take {counted(len(ids), 'learnings')} out of {PLACE}?", yes=yes)
    done = prune(root, settings.data_dir, ids, now=now_micros())
    _tell(done, f"taken out of {PLACE}; groove prune --undo puts them back", as_json=as_json)
    switch(settings.data_dir)


def _tell(done: Pruned, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {"number": done.number, "at": format_timestamp(done.at), "learning_ids": done.learning_ids, "told": what}
        )
    else:
        click.echo(f"{counted(len(done.learning_ids), 'learnings')} {what}")


def _print(found: Sequence[MayGo]) -> None:
    if not found:
        click.echo(
            "none may go yet: a learning may when its experiment says that it harms, or that it makes no difference worth its "
            "tokens; `groove values` tells what each still needs"
        )
        return
    print_rows(
        [
            ("id", "left"),
            ("learning", "flex"),
            ("verdict", "left"),
            ("value", "right"),
            ("with", "right"),
            ("without", "right"),
            ("tokens", "right"),
            ("a month", "right"),
            ("evidence", "wrap"),
        ],
        [
            [
                each.learning_id,
                plain(each.text),
                f"{each.verdict}" + ("" if each.by == each.learning_id else " (section)"),
                f"{each.value:+.4f}",
                each.sessions_with,
                each.sessions_without,
                each.tokens,
                each.tokens_per_month,
                each.reason,
            ]
            for each in found
        ],
    )
    months = [each.tokens_per_month for each in found if each.tokens_per_month is not None]
    monthly = f", {sum(months):,} a month" if months else ""
    click.echo(
        f"{counted(len(found), 'learnings')} may go: {sum(each.tokens for each in found):,} tokens a session{monthly}"
    )
