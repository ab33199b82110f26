"""Learnings out of a rules file into the managed file and back: what changes is worked out first, and then made as a whole."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from assessor.managed.moving import Move, move
from assessor.managed.records import Record, keep, kept
from assessor.managed.restoring import Restored, restore
from assessor.managed.writing import changing, text_of, write_bytes
from assessor.project import Project
from assessor.rules.catalogue import Unit
from assessor.rules.files import Family, Owner, RulesFile
from worker.errors import InvalidFile
from worker.formats.hook_folder import HookFolder
from worker.formats.hook_managed import read_managed, write_managed
from worker.formats.learnings_file import HEADER, PLACE, LearningsFile, read_learnings_file
from worker.formats.switchback_block import BlockState, block_in, with_block, without_block
from worker.settings.folders import keep_out_of_git

#: whose assistants a hook or a switchback reaches
_FAMILIES = frozenset({Family.CLAUDE, Family.AGENTS, Family.GEMINI, Family.COPILOT, Family.CURSOR})
_EDITED = "somebody edited between the marks of the switchback: put it right, or groove hook switch --end shows it and takes it out\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Adoption:
    """Nothing is written yet."""

    root: Path
    path: Path
    move: Move
    learnings: LearningsFile
    #: learnings that stand in other files too, where nothing withholds them: id -> those files
    elsewhere: Mapping[str, tuple[str, ...]]

    @property
    def file(self) -> str:
        return self.path.relative_to(self.root).as_posix()

    @property
    def managed(self) -> LearningsFile:
        """The managed file as it will be after the adoption."""
        return self.learnings.with_(self.move.blocks)


@dataclass(frozen=True, kw_only=True, slots=True)
class Restoration:
    """Nothing is written yet."""

    root: Path
    path: Path
    before: bytes
    after: bytes
    learnings: LearningsFile
    managed: LearningsFile
    records: tuple[Path, ...]
    conflicts: tuple[str, ...]


def adoption(project: Project, path: Path, *, unit: Unit, only: Iterable[str] = ()) -> Adoption:
    """`project` was looked at for that unit and for bullets. `only`: beginnings of ids, or words of a heading or text.

    Raises `InvalidFile` for a file whose learnings have no business in the project's own.
    """
    file = rules_file(project, path)
    wanted = [word.lower() for word in only]
    ids = {
        (rule.unit, rule.words): rule.learning_id
        for rule in project.catalogue.rules.values()
        if rule.scope == f"project:{project.root}" and not rule.is_disabled
    }
    learnings = read_learnings_file(project.root)
    done = move(
        without_block(text_of(file.path).decode()),
        unit=unit,
        id_of=lambda words, kind: ids.get((kind, words)),
        is_wanted=lambda id_, headings, text: (
            not wanted
            or any(id_.lower().startswith(word) or word in "\n".join((*headings, text)).lower() for word in wanted)
        ),
        taken={id_: block.text for id_, block in learnings.learnings.items()},
    )
    places = {rule.learning_id: {place.path for place in rule.places} for rule in project.catalogue.rules.values()}
    own = {str(file.path), str(project.root / PLACE)}
    elsewhere = {id_: tuple(sorted(others)) for id_ in done.learning_ids if (others := places.get(id_, set()) - own)}
    return Adoption(root=project.root, path=file.path, move=done, learnings=learnings, elsewhere=elsewhere)


def adopt(adoption_: Adoption, *, now: int) -> None:
    """Raises `InvalidFile` when a file is no longer as it was, or cannot be written: then none is changed that people edit."""
    with changing(adoption_.root):
        now_there = text_of(adoption_.path).decode()
        is_changed = without_block(now_there) != adoption_.move.before
        if is_changed or str(read_learnings_file(adoption_.root)) != str(adoption_.learnings):
            raise InvalidFile(f"{adoption_.path}: somebody else has just changed it; nothing was done: try again")
        record = Record(
            file=adoption_.file,
            at=now,
            before=adoption_.move.before.encode(),
            after=adoption_.move.after.encode(),
            moved=adoption_.move.moved,
        )
        folder = adoption_.root / PLACE.parent
        folder.mkdir(mode=0o700, exist_ok=True)
        keep_out_of_git(folder)
        # killed in between, a learning stands in both files, or in one of them: never in none
        keep(adoption_.root, record)
        write_bytes(adoption_.root / PLACE, str(adoption_.managed).encode())
        block = block_in(now_there)
        after = adoption_.move.after
        written = with_block(after, block.body) if block.state is BlockState.WHOLE else after
        write_bytes(adoption_.path, written.encode())


def restoration(root: Path, path: Path, *, is_original: bool = False) -> Restoration:
    """`is_original`: as it was before the first move, whatever was edited since. Raises `InvalidFile` when nothing was moved from it."""
    if not _is_in_place(root, path):
        raise InvalidFile(f"{path}: no rules file of this project")
    file = path.relative_to(root).as_posix()
    found = list(kept(root, file))
    if not found:
        raise InvalidFile(
            f"{path}: none of its learnings were adopted here; git may know an earlier state: git log -- {file}"
        )
    before, learnings = text_of(path), read_learnings_file(root)
    records = [record for _, record in found]
    text = before.decode()
    rules = without_block(text).encode()
    done = restore(records, rules, learnings, is_gone=not (root / PLACE).exists())
    if block_in(text).state is BlockState.EDITED:
        done = replace(done, conflicts=(f"{file}: {_EDITED}", *done.conflicts))
    if is_original:
        moved = {one.learning_id for record in records for one in record.moved}
        done = Restored(rules=records[-1].before, learnings=learnings.without(lambda block: block.id in moved))
    return Restoration(
        root=root,
        path=path,
        before=before,
        after=done.rules,
        learnings=learnings,
        managed=done.learnings,
        records=tuple(place for place, _ in found),
        conflicts=done.conflicts,
    )


def put_back(restored: Restoration) -> None:
    """Raises `InvalidFile` when a file is no longer as it was, or cannot be written."""
    with changing(restored.root):
        if text_of(restored.path) != restored.before or str(read_learnings_file(restored.root)) != str(
            restored.learnings
        ):
            raise InvalidFile(f"{restored.path}: somebody else has just changed it; nothing was done: try again")
        write_bytes(restored.path, restored.after)
        if restored.managed.learnings or restored.managed.top != HEADER:
            write_bytes(restored.root / PLACE, str(restored.managed).encode())
        else:
            (restored.root / PLACE).unlink(missing_ok=True)
        for path in restored.records:
            path.unlink(missing_ok=True)


def files_with_records(root: Path) -> list[Path]:
    """Rules files that learnings were moved out of, the one that was moved last first.

    The records come with the repository, from whoever wrote it: they name no other file.
    """
    named = dict.fromkeys(root / record.file for _, record in kept(root))
    return [path for path in named if _is_in_place(root, path)]


def _is_in_place(root: Path, path: Path) -> bool:
    real = path.resolve()
    return (
        real.is_relative_to(root.resolve())
        and real.suffix in {".md", ".mdc"}
        and ".git" not in real.relative_to(root.resolve()).parts
    )


def tell_the_hook(root: Path, data_dir: Path) -> None:
    """What the hook gives out from now on, for whoever writes its snapshot. Raises `InvalidFile`."""
    write_managed(HookFolder(data_dir).managed, read_learnings_file(root).managed(root))


def is_news_to_the_hook(root: Path, data_dir: Path) -> bool:
    """Whether the managed file says something else than the hook was told, where it is this project's, which may have moved.

    Where nothing was ever told, in a new clone for instance or after a kill, a data folder of the project's own is enough.
    Raises `InvalidFile`.
    """
    known = read_managed(HookFolder(data_dir).managed)
    if known is None:
        is_own = data_dir.resolve() == (root / PLACE).parent.resolve()
        return is_own and bool(read_learnings_file(root).learnings)
    if known.root != str(root) and Path(known.root).exists():
        return False
    return read_learnings_file(root).managed(root) != known


def rules_file(project: Project, path: Path) -> RulesFile:
    """The file that learnings may move out of. Raises `InvalidFile` with the reason where they may not."""
    real = path.resolve()
    file = next((each for each in project.files if each.path.resolve() == real), None)
    if file is None:
        reason = project.refused.get(path) or "no rules file of this project"
        raise InvalidFile(f"{path}: {reason}")
    if file.owner is not Owner.PROJECT or real.name == "CLAUDE.local.md":
        raise InvalidFile(f"{path}: it is yours alone, and {PLACE} is everybody's: move the learnings yourself first")
    if file.family not in _FAMILIES:
        raise InvalidFile(f"{path}: a file of this kind keeps its learnings ({file.family})")
    if file.globs or file.folder != ".":
        raise InvalidFile(
            f"{path}: it is for a part of the project only, and a hook gives its learnings to every session"
        )
    return file
