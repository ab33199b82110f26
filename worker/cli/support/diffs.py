"""What a change of a file changes, shown before it is made."""

import difflib
import os

import click

from worker.cli.support.output import plain


def show_diff(path: "os.PathLike[str]", before: str, after: str) -> None:
    """Print a change as `diff -u` tells it; an empty text is a file that is not there."""
    name = os.fspath(path)
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        name if before else os.devnull,
        name if after else os.devnull,
    )
    for line in lines:
        click.echo(plain(line.rstrip("\r\n")))


def must_not_ask(*, as_json: bool, yes: bool) -> None:
    """Raises `UsageError` where a program would be asked."""
    if as_json and not yes:
        raise click.UsageError("--json cannot ask: add --yes")


def confirm(question: str, *, yes: bool) -> None:
    """Ends the command where the answer is no."""
    if not yes:
        click.confirm(plain(question), abort=True)
