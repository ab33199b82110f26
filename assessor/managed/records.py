"""What each move into the managed file was, kept beside it, so that it can be undone to the byte."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from worker.errors import InvalidFile
from worker.system.files import written_whole

#: below the project's folder
FOLDER = Path(".groove", "adopted")


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """One piece of the rules file."""

    #: None: a section's own words
    learning_id: str | None
    section: str | None
    #: lines [first, last) of the rules file
    first: int
    last: int
    #: as it was written into the managed file
    text: str
    #: in front of each line in the rules file; None: the text there is another form, which has no way back when it is edited
    indent: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    #: relative to the project, with slashes
    file: str
    #: microseconds
    at: int
    before: bytes
    after: bytes
    moved: tuple[Moved, ...]


class _Moved(BaseModel):
    model_config = ConfigDict(extra="forbid")
    learning_id: str | None
    section: str | None
    first: int
    last: int
    text: str
    indent: str | None


class _Record(BaseModel):
    format: int
    file: str
    at: int
    before: str
    after: str
    moved: tuple[_Moved, ...]


def keep(root: Path, record: Record) -> Path:
    """-> its file. Raises `OSError`."""
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    stem = re.sub(r"[^A-Za-z0-9.]+", "-", record.file).strip("-")
    taken = [number for path in folder.glob(f"{stem}-*.json") if (number := path.stem.rpartition("-")[2]).isdigit()]
    path = folder / f"{stem}-{max(map(int, taken), default=0) + 1}.json"
    document = asdict(record) | {"format": 1, "before": _as_text(record.before), "after": _as_text(record.after)}
    with written_whole(path) as file:
        json.dump(document, file, ensure_ascii=True, indent=1)
        file.write("\n")
    return path


def kept(root: Path, file: str | None = None) -> Iterator[tuple[Path, Record]]:
    """Newest first; of one rules file where it is named. Raises `InvalidFile` for one that cannot be read."""
    found = [(path, _read(path)) for path in (root / FOLDER).glob("*.json")]
    wanted = [(path, record) for path, record in found if file in (None, record.file)]
    yield from sorted(wanted, key=lambda each: (each[1].at, each[0].name), reverse=True)


def _read(path: Path) -> Record:
    try:
        read = _Record.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise InvalidFile(f"{path}: cannot be read: {error}") from error
    return Record(
        file=read.file,
        at=read.at,
        before=read.before.encode("utf-8", "surrogateescape"),
        after=read.after.encode("utf-8", "surrogateescape"),
        moved=tuple(Moved(**each.model_dump()) for each in read.moved),
    )


def _as_text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")
