"""The key that cookies and links are signed with: a file in the data folder, and the tokens in force.

Whoever changes a token logs everybody out. `groove web` makes links with the same key for a dashboard that runs already.
"""

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

from worker.errors import ConfigurationError
from worker.settings import Settings
from worker.settings.folders import make_private

_NAME = "web.key"


def signing_key(settings: Settings) -> bytes:
    """32 bytes. Raises `ConfigurationError` when the file cannot be read or made."""
    parts = [_of_file(settings.data_dir / _NAME), *(token for token, _ in entrance(settings))]
    return hashlib.sha256("\0".join(parts).encode()).digest()


def entrance(settings: Settings) -> list[tuple[str, bool]]:
    """What people may enter with: (token, whether it lets act). Only what somebody set; without any, nobody gets in but by a link.

    The tokens that an embedded store makes for itself are no concern of people's.
    """
    set_ = ((settings.web_token, True), (settings.store_write_token, True), (settings.store_read_token, False))
    return [(secret.get_secret_value(), may_act) for secret, may_act in set_ if secret is not None]


def _of_file(path: Path) -> str:
    try:
        make_private(path.parent)
        # of several that come at once, one makes it whole, and all read it
        draft = path.with_name(f"{_NAME}.{secrets.token_hex(8)}")
        if not path.exists():
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
            draft.unlink()
        with path.open(encoding="ascii") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise ConfigurationError(f"{path}: others can read the key of logins: remove it, and a new one is made")
            return file.read()
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read or made: {error.strerror}") from error
