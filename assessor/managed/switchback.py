"""Rules files that are written anew for each period, with the learnings that the period is assigned: for assistants without hooks.

The draw is the hook's own, with the period in the place of the conversation. What a person edits in between stays as it is, and then no
session takes part. Nothing here asks a server: snapshot and managed file are all that is read.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assessor.hooks import groove_hook
from assessor.managed.records import Record, keep
from assessor.managed.writing import changing, text_of, write_bytes
from assessor.rules.files import RulesFile
from worker.errors import InvalidFile
from worker.formats.hook_folder import HookFolder
from worker.formats.hook_switchback import Every, Period, Switchback, read_switchback, write_switchback
from worker.formats.learnings_file import with_pointer
from worker.formats.switchback_block import BlockState, block_in, digest_of, with_block, without_block
from worker.system.clock import MINUTE, now_micros

#: microseconds; a look that finds all as it was is noted no more often
_NOTED_AFTER = MINUTE


@dataclass(frozen=True, kw_only=True, slots=True)
class Switched:
    """What became of one file."""

    file: str
    #: it holds what the period is assigned
    is_current: bool
    is_written: bool
    #: why it was left as it is
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One file before and after; nothing is written yet."""

    root: Path
    path: Path
    before: str
    after: str

    @property
    def file(self) -> str:
        return self.path.relative_to(self.root).as_posix()


def switch(data_dir: Path, *, clock: Callable[[], int] = now_micros, is_noted: bool = True) -> tuple[Switched, ...]:
    """Write what is due into all files of the switchback; nothing without one. Raises `InvalidFile`.

    `is_noted`: that all is as it was is written down at once; sessions count up to the last such look.
    """
    folder = HookFolder(data_dir)
    known = read_switchback(folder.switchback)
    if known is None or not known.files:
        return ()
    root = Path(known.root)
    if not root.is_dir():
        raise InvalidFile(
            f"{root}: gone; the switchback stays as it was: end it there, and begin it where the project is now"
        )
    with changing(root):
        known = read_switchback(folder.switchback) or known
        now = clock()
        known, is_news = _seen(known, root, now)
        period, body = _of_period(known, folder, now)
        done = tuple(_written(root, file, body) for file in known.files)
        is_same = bool(known.periods) and known.periods[-1].digest == period.digest
        was_whole = is_same and known.periods[-1].seen_at == now
        if all(each.is_current for each in done) and (not was_whole or any(each.is_written for each in done)):
            at, families = clock(), tuple(sorted(set(known.files.values())))
            known, is_news = (
                known.with_period(replace(period, written_at=at, seen_at=at, families=families), now=at),
                True,
            )
        if is_news and (is_noted or _is_late(folder, known)):
            write_switchback(folder.switchback, known)
    return done


def beginning(root: Path, file: RulesFile, data_dir: Path, every: Every, *, now: int) -> Change:
    """The file with its block, in the place of the line that adopting leaves or at its end; an edited block is written anew."""
    folder = HookFolder(data_dir)
    known = read_switchback(folder.switchback)
    same = known if known and known.root == str(root) and known.every is every else None
    _, body = _of_period(same or Switchback(root=str(root), every=every, files={}), folder, now)
    before = text_of(file.path).decode()
    base = with_pointer(before, before) if block_in(before).state is BlockState.GONE else before
    return Change(root=root, path=file.path, before=before, after=with_block(base, body))


def begin(change: Change, file: RulesFile, data_dir: Path, every: Every, *, now: int) -> None:
    """Raises `InvalidFile`, also where another project has its switchback in this data folder."""
    folder = HookFolder(data_dir)
    known = read_switchback(folder.switchback) or Switchback(root=str(change.root), every=every, files={})
    if not Path(known.root).is_dir():
        known = replace(known, files={})
    if known.files and known.root != str(change.root):
        raise InvalidFile(f"{folder.switchback}: it is the switchback of {known.root}: end that first")
    with _as_shown(change):
        if block_in(change.before).state is BlockState.GONE:
            pointed = without_block(change.after)
            keep(
                change.root,
                Record(file=change.file, at=now, before=change.before.encode(), after=pointed.encode(), moved=()),
            )
        files = {**known.files, change.file: str(file.family)}
        write_switchback(folder.switchback, replace(known, root=str(change.root), every=every, files=files))
        write_bytes(change.path, change.after.encode())
    switch(data_dir)


def ending(root: Path, path: Path) -> Change:
    """The file with the line back in the place of the block, also of an edited one."""
    before = text_of(path).decode()
    return Change(root=root, path=path, before=before, after=without_block(before, even_edited=True))


def end(change: Change, data_dir: Path) -> None:
    """Raises `InvalidFile`."""
    with _as_shown(change):
        forget_file(change.root, change.file, data_dir)
        write_bytes(change.path, change.after.encode())


def forget_file(root: Path, file: str, data_dir: Path) -> None:
    """The switchback is no longer of that file; what was given out before stays known."""
    place = HookFolder(data_dir).switchback
    known = read_switchback(place)
    if known is not None and known.root == str(root) and file in known.files:
        write_switchback(
            place, replace(known, files={name: family for name, family in known.files.items() if name != file})
        )


def _seen(known: Switchback, root: Path, now: int) -> tuple[Switchback, bool]:
    """The newest period seen until now, where every file still holds it -> (that, whether it does)."""
    last = known.periods[-1] if known.periods else None
    found = [block_in(text_of(root / file).decode()) for file in known.files]
    if last is None or any(
        block.state is not BlockState.WHOLE or digest_of(block.body) != last.digest for block in found
    ):
        return known, False
    return replace(known, periods=(*known.periods[:-1], replace(last, seen_at=now))), True


def _is_late(folder: HookFolder, known: Switchback) -> bool:
    before = read_switchback(folder.switchback)
    last = before.periods[-1] if before and before.periods else None
    now = known.periods[-1]
    return last is None or last.written_at != now.written_at or last.seen_at < now.seen_at - _NOTED_AFTER


def _written(root: Path, file: str, body: str) -> Switched:
    path = root / file
    text = text_of(path).decode()
    found = block_in(text)
    if found.state is BlockState.EDITED:
        reason = "somebody edited between the marks: it is left so, and no session takes part; the managed file is the place for edits"
        return Switched(file=file, is_current=False, is_written=False, reason=reason)
    if found.state is BlockState.GONE:
        reason = "the block is gone: it is left so, and no session takes part"
        return Switched(file=file, is_current=False, is_written=False, reason=reason)
    if (after := with_block(text, body)) != text:
        write_bytes(path, after.encode())
    return Switched(file=file, is_current=True, is_written=after != text)


def _of_period(known: Switchback, folder: HookFolder, now: int) -> tuple[Period, str]:
    """-> (the period of this moment, what it writes into the files)."""
    snapshot, reason = groove_hook.read_snapshot(str(folder.path))
    blocks = groove_hook.read_blocks(known.root, snapshot)
    conversation = known.conversation_at(now)
    last = known.periods[-1] if known.periods else None
    if last is not None and last.takes_part and last.conversation_id == conversation:
        period = _going_on(last, blocks)
    elif snapshot is None or reason:
        period = Period(conversation_id=conversation, written_at=now, seen_at=now, digest="", reason=reason)
    else:
        period = _drawn(groove_hook.drawn(snapshot, blocks, conversation), blocks, now)
    body = _body(period, blocks)
    return replace(period, digest=digest_of(body)), body


def _drawn(draw: dict[str, Any], blocks: list[dict[str, Any]], now: int) -> Period:
    known = {block["id"]: block["known"] for block in blocks if block["known"]}
    return Period(
        conversation_id=draw["conversation"],
        written_at=now,
        seen_at=now,
        digest="",
        policy_version=draw["policy"] if known else "",
        reason="" if known else "the snapshot knows none of the learnings",
        injected=tuple(draw["injected"]),
        withheld=tuple(draw["withheld"]),
        excluded=tuple(draw["excluded"]),
        probabilities=draw["probabilities"],
        epochs={id_: known[id_]["epoch"] for id_ in draw["probabilities"]},
        hidden=tuple(draw["withheld"]),
    )


def _going_on(last: Period, blocks: list[dict[str, Any]]) -> Period:
    """The draw of the period as it was; what was disabled or reworded since stands in no arm from now on."""
    known = {block["id"]: block["known"] for block in blocks if block["known"] and not block["known"]["disabled"]}
    as_drawn = {id_ for id_, epoch in last.epochs.items() if id_ in known and known[id_]["epoch"] == epoch}
    return replace(
        last,
        injected=tuple(id_ for id_ in last.injected if id_ in as_drawn),
        withheld=tuple(id_ for id_ in last.withheld if id_ in as_drawn),
        probabilities={id_: chance for id_, chance in last.probabilities.items() if id_ in as_drawn},
    )


def _body(period: Period, blocks: list[dict[str, Any]]) -> str:
    """The learnings as a hook would give them, and the trace by which a transcript shows them."""
    known = {block["id"]: block["known"] for block in blocks if block["known"]}
    hidden = {id_ for id_, each in known.items() if each["disabled"]}.union(period.hidden)
    marks = [[known[id_]["mark"] for id_ in ids if id_ in known] for ids in (period.injected, period.withheld)]
    marker = (
        groove_hook.trace(period.policy_version, period.conversation_id, *marks)
        if period.takes_part
        else groove_hook.no_part(period.conversation_id)
    )
    return groove_hook.written(groove_hook.visible(blocks, hidden), lambda _: marker)


@contextmanager
def _as_shown(change: Change) -> Iterator[None]:
    with changing(change.root):
        if text_of(change.path).decode() != change.before:
            raise InvalidFile(f"{change.path}: somebody else has just changed it; nothing was done: try again")
        yield
