"""The data folder: made when missing, and owned by one stack at a time."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator

from worker.errors import ConfigurationError
from worker.settings import Settings
from worker.settings.folders import make_data_folder, make_private


@contextlib.contextmanager
def owned_folder(settings: Settings) -> Iterator[None]:
    """Hold the folder's lock for the length of the block. Raises `ConfigurationError` when somebody else holds it.

    The lock is the kernel's and goes with the process: nothing is left behind by a kill, and a stale folder is simply taken over.
    A run folder that had to be elsewhere, because the path is long, is removed at the end if nobody has anything there.
    """
    make_data_folder(settings.data_dir)
    for folder in (settings.data_dir / "logs", settings.data_dir / "broker", settings.run_dir):
        make_private(folder)
    path = settings.data_dir / "lock"
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            raise ConfigurationError(
                f"{settings.data_dir} is in use by another stack (process {owner}): stop it, or set GROOVE_DATA_DIR"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        os.set_inheritable(lock.fileno(), False)
        try:
            yield
        finally:
            if _is_elsewhere(settings):
                with contextlib.suppress(OSError):
                    settings.run_dir.rmdir()


@contextlib.contextmanager
def tidied_run_dir(settings: Settings) -> Iterator[None]:
    """For whoever owns the folder and runs every part: what killed workers left there goes at the start, all that is elsewhere at the end.

    A command that brings nothing but its own store must not do that: parts that were started by hand live there too.
    """
    for left in settings.run_dir.glob("pymp-*"):
        shutil.rmtree(left, ignore_errors=True)
    try:
        yield
    finally:
        if _is_elsewhere(settings):
            shutil.rmtree(settings.run_dir, ignore_errors=True)


def is_owned(settings: Settings) -> bool:
    """Whether a stack runs on this folder now."""
    path = settings.data_dir / "lock"
    try:
        with path.open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _is_elsewhere(settings: Settings) -> bool:
    return not settings.run_dir.is_relative_to(settings.data_dir.absolute())
