"""Folders that only their user may enter: what lies there are transcripts, tokens, and sockets that others must not exchange."""

import contextlib
import os
from pathlib import Path

from worker.errors import ConfigurationError

_OTHERS = 0o077
#: of a data folder git knows what people edit, and what undoes it
_IGNORED = "*\n!.gitignore\n!learnings.md\n!adopted/\n!adopted/*\n!pruned/\n!pruned/*\n!groove_hook.py\n"


def check_ours(folder: Path) -> None:
    """Raises `ConfigurationError` for a folder, or a link to one, that somebody else made: it is theirs to read and to exchange."""
    try:
        owners = {folder.lstat().st_uid, folder.stat().st_uid}
    except OSError:
        return  # not there, or behind something that cannot be entered: whoever needs it will say so
    if owners != {os.geteuid()}:
        theirs = next(iter(owners - {os.geteuid()}))
        raise ConfigurationError(
            f"{folder} belongs to user {theirs}, who could read and exchange what is in it: take a folder of your own, or one below it"
        )


def make_private(folder: Path) -> None:
    """Make it, or close it to others where it was open. Raises `ConfigurationError` where that cannot be had."""
    check_ours(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.stat().st_mode & _OTHERS:
            folder.chmod(0o700)
        is_open = folder.stat().st_mode & _OTHERS
    except OSError as error:
        raise ConfigurationError(f"{folder}: cannot be made: {error.strerror}") from error
    check_ours(folder)
    if is_open:
        raise ConfigurationError(f"{folder} is open to others, and its file system keeps no rights: take another one")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigurationError(f"{folder}: cannot be written to")


def make_data_folder(folder: Path) -> None:
    """`make_private`, and out of reach of `git add`, as it often lies in a project."""
    make_private(folder)
    keep_out_of_git(folder)


def keep_out_of_git(folder: Path) -> None:
    """A `.gitignore` in it, where there is none yet."""
    with contextlib.suppress(OSError), (folder / ".gitignore").open("x", encoding="utf-8") as file:
        file.write(_IGNORED)
