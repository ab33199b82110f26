"""The rules that were seen so far, kept in the data folder so that each keeps its id, and where a person's own lie."""

import os
from pathlib import Path

from assessor.importing import Homes
from assessor.rules.catalogue import Catalogue
from worker.errors import InvalidFile
from worker.settings import Settings

#: below the data folder
FOLDER = "sessions"
_CATALOGUE = "rules.json"


def known_rules(settings: Settings) -> Catalogue:
    """Raises `InvalidFile`."""
    path = settings.data_dir / FOLDER / _CATALOGUE
    try:
        return Catalogue.from_bytes(path.read_bytes())
    except FileNotFoundError:
        return Catalogue()
    except (OSError, InvalidFile) as error:
        raise InvalidFile(
            f"{path}: {error}; remove it to begin anew: rules then get new ids where they differ"
        ) from error


def keep_rules(settings: Settings, catalogue: Catalogue) -> None:
    """Raises `InvalidFile`."""
    path = settings.data_dir / FOLDER / _CATALOGUE
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = path.with_suffix(".new")
        aside.write_bytes(catalogue.to_bytes())
        aside.replace(path)
    except OSError as error:
        raise InvalidFile(f"{path}: cannot be written: {error.strerror}") from error


def homes() -> Homes:
    return Homes(home=Path.home(), claude=folder("CLAUDE_CONFIG_DIR"), codex=folder("CODEX_HOME"))


def folder(variable: str) -> Path | None:
    return Path(os.environ[variable]) if os.environ.get(variable) else None
