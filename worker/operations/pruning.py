"""Learnings that may go: which, why, and what that saves; taken out of the managed file by an ordinary edit, and put back."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, TypeAdapter, ValidationError

from worker.domain import LearningValue, VerdictKind
from worker.errors import InvalidFile, NotFound
from worker.formats.hook_folder import HookFolder
from worker.formats.hook_managed import write_managed
from worker.formats.learnings_file import PLACE, Block, LearningsFile, read_learnings_file
from worker.layers.aggregation.leaving import MAY_GO
from worker.store.api import StoreApi
from worker.system.files import written_whole

#: what was taken out, below the project's folder
_FOLDER = Path(".groove", "pruned")
#: characters in a token, roughly, of English prose and code
_TOKEN = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class MayGo:
    """One learning of the managed file, and what speaks for its end."""

    learning_id: str
    text: str
    #: whose verdict it is: the learning itself, or the section that it is drawn with
    by: str
    verdict: VerdictKind
    #: in words, with the numbers
    reason: str
    value: float
    #: of sessions in the experiment
    sessions_with: int
    sessions_without: int
    #: that it takes of each session
    tokens: int
    #: None: nobody knows how many sessions there are
    tokens_per_month: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Pruned:
    """One pruning, as it is remembered."""

    number: int
    #: microseconds
    at: int
    learning_ids: tuple[str, ...]
    before: str
    after: str


class _Pruned(BaseModel):
    format: Literal[1]
    number: int
    at: int
    learning_ids: tuple[str, ...]
    before: str
    after: str


_READ = TypeAdapter(_Pruned)


def may_go(store: StoreApi, root: Path, *, sessions_per_month: float | None = None) -> list[MayGo]:
    """What may go from the managed file: surest harm first, then most tokens. A pinned learning stays."""
    values = {each.learning.learning_id: each.value for each in store.learnings().learnings}
    found = []
    for block in read_learnings_file(root).learnings.values():
        own, section = values.get(block.id), values.get(block.section or "")
        value = section if section is not None and section.verdict.kind in MAY_GO else own
        if value is None or value.verdict.kind not in MAY_GO or (own is not None and own.pinned):
            continue
        found.append(_told(block, value, sessions_per_month))
    order = list(VerdictKind)
    return sorted(found, key=lambda each: (order.index(each.verdict), -each.tokens, each.learning_id))


def planned(root: Path, learning_ids: Iterable[str]) -> tuple[LearningsFile, LearningsFile]:
    """The managed file now and without them. Raises `NotFound` for one that does not stand there."""
    wanted, file = set(learning_ids), read_learnings_file(root)
    if unknown := sorted(wanted - set(file.learnings)):
        raise NotFound(f"{', '.join(unknown)}: not in {PLACE}")
    return file, file.without(lambda block: block.id in wanted)


def prune(root: Path, data_dir: Path, learning_ids: Sequence[str], *, now: int) -> Pruned:
    """Take them out; how to put them back is kept first. Raises `NotFound`, `InvalidFile`."""
    before, after = planned(root, learning_ids)
    number = max((each.number for each in prunings(root)), default=0) + 1
    done = Pruned(number=number, at=now, learning_ids=tuple(learning_ids), before=str(before), after=str(after))
    try:
        (root / _FOLDER).mkdir(parents=True, exist_ok=True)
        with written_whole(_path(root, number)) as file:
            json.dump({"format": 1, **asdict(done)}, file, indent=1)
    except OSError as error:
        raise InvalidFile(f"{_path(root, number)}: cannot be written: {error.strerror}") from error
    _write(root, data_dir, after)
    return done


def undo(root: Path, data_dir: Path, number: int | None = None) -> Pruned:
    """Put back what a pruning took, the newest if none is named: the file as it was, or, where it was edited since, what is
    missing, below what stood above it. Raises `NotFound`.
    """
    known = [each for each in prunings(root) if number in (None, each.number)]
    if not known:
        raise NotFound("nothing was pruned" if number is None else f"{number}: no such pruning")
    done, now = known[0], read_learnings_file(root)
    before = LearningsFile.parse(done.before)
    _write(root, data_dir, before if str(now) == done.after else _with_missing(now, before, set(done.learning_ids)))
    _path(root, done.number).unlink(missing_ok=True)
    return done


def prunings(root: Path) -> list[Pruned]:
    """Newest first. Raises `InvalidFile`."""
    found = []
    for path in (root / _FOLDER).glob("*.json"):
        try:
            read = _READ.validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise InvalidFile(f"{path}: cannot be read: {error}") from error
        found.append(Pruned(**read.model_dump(exclude={"format"})))
    return sorted(found, key=lambda each: each.number, reverse=True)


def _told(block: Block, value: LearningValue, sessions_per_month: float | None) -> MayGo:
    tokens = -(-len(block.text) // _TOKEN)
    return MayGo(
        learning_id=block.id,
        text=block.text,
        by=value.learning_id,
        verdict=value.verdict.kind,
        reason=value.verdict.reason,
        value=value.estimated_value,
        sessions_with=value.sessions_with,
        sessions_without=value.sessions_without,
        tokens=tokens,
        tokens_per_month=None if sessions_per_month is None else round(tokens * sessions_per_month),
    )


def _with_missing(now: LearningsFile, before: LearningsFile, wanted: set[str]) -> LearningsFile:
    """Each in its old place as far as what stood above it is still there."""
    blocks = list(now.blocks)
    learnings = set(now.learnings)
    sections = {block.section for block in before.blocks if block.id in wanted}
    above: Block | None = None
    for block in before.blocks:
        is_missing = (
            block.id in wanted and block.id not in learnings if block.kind == "learning" else block.id in sections
        )
        is_there = any((each.kind, each.id, each.text) == (block.kind, block.id, block.text) for each in blocks)
        if is_missing and not is_there:
            blocks.insert(_place_below(blocks, above), block)
        if any((each.kind, each.id) == (block.kind, block.id) for each in blocks):
            above = block
    return LearningsFile(top=now.top, blocks=tuple(blocks))


def _place_below(blocks: Sequence[Block], above: Block | None) -> int:
    if above is None:
        return 0
    same = (number for number, block in enumerate(blocks) if (block.kind, block.id) == (above.kind, above.id))
    return next(same) + 1


def _write(root: Path, data_dir: Path, file: LearningsFile) -> None:
    try:
        with written_whole(root / PLACE) as output:
            output.write(str(file))
    except OSError as error:
        raise InvalidFile(f"{root / PLACE}: cannot be written: {error.strerror}") from error
    write_managed(HookFolder(data_dir).managed, file.managed(root))


def _path(root: Path, number: int) -> Path:
    return root / _FOLDER / f"{number}.json"
