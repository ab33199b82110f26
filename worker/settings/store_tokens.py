"""The store's own tokens: made once for a data folder, and found by its user from the address that the store listens at.

`DATA_DIR/tokens` holds them, as lines of an environment file. While a store serves with them, a link to that file lies beside its socket,
and for a port on loopback in a folder of this user below the temporary one. Who asks at an address takes the tokens that are linked
there, so each folder's go to its own store only.
"""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit

from worker.errors import ConfigurationError
from worker.settings.folders import make_private

READ, WRITE = "GROOVE_STORE_READ_TOKEN", "GROOVE_STORE_WRITE_TOKEN"
_NAME = "tokens"
_LISTENING = "0A"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreTokens:
    read: str = field(repr=False)
    write: str = field(repr=False)


def own_tokens(data_dir: Path) -> StoreTokens:
    """The tokens of this folder, made where there are none. Raises `ConfigurationError` when others can read them."""
    file = data_dir / _NAME
    if not file.exists():
        text = f"{READ}={secrets.token_hex(24)}\n{WRITE}={secrets.token_hex(24)}\n"
        number, aside = tempfile.mkstemp(prefix=f".{_NAME}.", dir=data_dir)  # readable for its owner only
        with os.fdopen(number, "w", encoding="ascii") as stream:
            stream.write(text)
        with contextlib.suppress(FileExistsError):  # another process was quicker: then those are the ones
            os.link(aside, file)
        Path(aside).unlink()
    return _read(file)


def tokens_at(url: str) -> StoreTokens | None:
    """The tokens of the store that listens there with tokens of its own; None for any other."""
    link = _link(url)
    if link is None or not link.exists():
        return None
    parts = urlsplit(url)
    ours = _is_our_listener(parts.port or 80) if parts.scheme == "http" else _is_ours(_socket(url))
    return _read(link) if ours and _is_ours(link) else None


@contextlib.contextmanager
def announced(data_dir: Path, url: str) -> Iterator[None]:
    """Within the block the folder's tokens can be found from this address, which must be on this machine."""
    link = _link(url)
    assert link is not None
    if urlsplit(url).scheme == "http":
        make_private(link.parent)
    aside = link.with_name(f".{link.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        aside.unlink()
    aside.symlink_to(data_dir.absolute() / _NAME)
    aside.replace(link)
    try:
        yield
    finally:
        forget(url)


def forget(url: str) -> None:
    """A store that serves with tokens of the environment, or no longer, has none to be found."""
    link = _link(url)
    if link is None:
        return
    with contextlib.suppress(OSError):
        link.unlink()
    if urlsplit(url).scheme == "http":
        with contextlib.suppress(OSError):  # others of this user may have theirs there
            link.parent.rmdir()


def _read(file: Path) -> StoreTokens:
    try:
        with file.open(encoding="ascii") as stream:
            status = os.fstat(stream.fileno())
            lines = dict(line.rstrip("\n").partition("=")[::2] for line in stream)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: the store's tokens cannot be read: {error}") from error
    again = "remove it, and start the store again: it makes new ones"
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise ConfigurationError(f"{file}: others can read the store's tokens: {again}")
    if not lines.get(READ) or not lines.get(WRITE):
        raise ConfigurationError(f"{file}: does not hold the store's tokens: {again}")
    return StoreTokens(read=lines[READ], write=lines[WRITE])


def _link(url: str) -> Path | None:
    """Where a store's tokens are announced; None for an address that others than this machine may be behind."""
    parts = urlsplit(url)
    if parts.scheme == "http+unix":
        socket = _socket(url)
        return socket.with_name(f"{socket.name}.tokens")
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
    try:
        if not ip_address(host).is_loopback:
            return None
    except ValueError:
        return None
    return Path(tempfile.gettempdir()) / f"groove-{os.getuid()}" / f"{host}-{parts.port or 80}.tokens"


def _socket(url: str) -> Path:
    parts = urlsplit(url)
    return Path(unquote(parts.netloc) + unquote(parts.path))


def _is_ours(place: Path) -> bool:
    try:
        return place.lstat().st_uid == os.geteuid()
    except OSError:
        return False


def _is_our_listener(port: int) -> bool:
    """Whether this user listens there: of a store that was killed, the port may be another user's by now. True where nobody can tell."""
    owners: set[int] = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        with contextlib.suppress(OSError):
            rows = [line.split() for line in table.read_text(encoding="ascii").splitlines()[1:]]
            owners |= {int(row[7]) for row in rows if row[3] == _LISTENING and int(row[1][-4:], 16) == port}
    return owners <= {os.getuid()}
