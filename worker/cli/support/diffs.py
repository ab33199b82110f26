"""What a change of a file changes, shown before it is made."""

import difflib
import os
import sys

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
    """Ends the command with status 1 where the answer is no, or where nobody is there to answer."""
    if yes:
        return
    try:
        agreed = click.confirm(plain(question))
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise click.ClickException("nobody answers here, so nothing was changed: --yes answers yes") from None
    if not agreed:
        raise click.ClickException("nothing was changed")
