"""A rules file as it was before its learnings moved out, with all edits of both files since; a contradiction is shown, never settled."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from assessor.managed.merge import carried
from assessor.managed.records import Moved, Record
from assessor.rules.units import lines_of
from worker.formats.learnings_file import PLACE, POINTER, LearningsFile


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """Nothing is written yet. Where there are conflicts, both files are as they were."""

    rules: bytes
    learnings: LearningsFile
    conflicts: tuple[str, ...] = ()


def restore(records: Iterable[Record], rules: bytes, learnings: LearningsFile, *, is_gone: bool = False) -> Restored:
    """`records` of one rules file, newest first; `rules` as that stands now. `is_gone`: there is no managed file any more."""
    now, left = rules, learnings
    conflicts: list[str] = []
    for record in records:
        pieces, said = _with_edits(record, learnings)
        now, contradicted = _put_back(record, pieces, now)
        is_lost = is_gone and bool(record.moved)
        conflicts += [f"{PLACE} is gone: nobody can tell whether its learnings were meant to go"] if is_lost else said
        conflicts += [f"{record.file}: {each}" for each in contradicted]
        moved = {one.learning_id for one in record.moved}
        left = left.without(lambda block, moved=moved: block.id in moved)  # type: ignore[misc]
    if conflicts:
        return Restored(rules=rules, learnings=learnings, conflicts=tuple(dict.fromkeys(conflicts)))
    return Restored(rules=now, learnings=left)


def _put_back(record: Record, pieces: dict[int, list[str]], now: bytes) -> tuple[bytes, list[str]]:
    """`pieces`: first line of a piece -> its lines -> (the file as it stands now, with them; conflicts)."""
    if now == record.after and all(
        pieces[one.first] == _lines(record.before)[one.first : one.last] for one in record.moved
    ):
        return record.before, []
    before, mine = _lines(record.before), _lines(now)
    base, is_pointer_ours = _without_pointer(_lines(record.after)), POINTER.encode() not in record.before
    mine_kept = _without_pointer(mine) if is_pointer_ours else mine
    base = base if is_pointer_ours else _lines(record.after)
    if is_pointer_ours and len(mine_kept) == len(mine) and any(PLACE.as_posix() in line for line in mine):
        return now, [f"the line that names {PLACE} was changed: take it out, and restore again\n"]
    gone = {number for one in record.moved for number in range(one.first, one.last)}
    back: dict[int, list[str]] = {}
    kept = 0
    for number, line in enumerate(before):
        if number in pieces:
            back.setdefault(kept, []).extend(pieces[number])
        if number in gone:
            continue
        if kept < len(base):
            kept += 1
        else:  # an empty line at the end
            back.setdefault(kept, []).append(line)
    below = _below_pointer(mine) if is_pointer_ours else len(mine)
    result, conflicts = carried(base, mine_kept, back, below=below)
    if before and result and len(before) - 1 not in gone and result[-1].rstrip("\r\n") == before[-1]:
        result[-1] = before[-1]  # it had no line end
    newline = "\r\n" if b"\r\n" in record.before else "\n"
    whole = [line if line.endswith(("\n", "\r")) else line + newline for line in result[:-1]] + result[-1:]
    return "".join(whole).encode("utf-8", "surrogateescape"), conflicts


def _lines(content: bytes) -> list[str]:
    return lines_of(content.decode("utf-8", "surrogateescape"))


def _pointer(lines: list[str]) -> int | None:
    return next((number for number, line in enumerate(lines) if line.rstrip("\r\n") == POINTER), None)


def _below_pointer(lines: list[str]) -> int:
    """How many lines stand below the pointer: all, where it is gone."""
    at = _pointer(lines)
    return len(lines) if at is None else len(lines) - at - 1


def _without_pointer(lines: list[str]) -> list[str]:
    """The lines without the pointer and without the empty line above it."""
    at = _pointer(lines)
    if at is None:
        return lines
    return lines[: at - 1 if at and not lines[at - 1].strip("\r\n") else at] + lines[at + 1 :]


def _with_edits(record: Record, learnings: LearningsFile) -> tuple[dict[int, list[str]], list[str]]:
    """-> (first line of each piece that moved -> its lines, with what was edited in the managed file; what cannot be carried over)."""
    before = _lines(record.before)
    known = learnings.learnings
    words = [(block.id, block.text) for block in learnings.blocks if block.kind == "section"]
    pieces: dict[int, list[str]] = {}
    conflicts: list[str] = []
    for one in record.moved:
        lines = pieces[one.first] = before[one.first : one.last]
        if one.learning_id is None:
            is_there = any(id_ == one.section and one.text in text for id_, text in words)
            if one.text and not is_there and _is_left(record, one, known):
                conflicts.append(_contradiction("the words of a section were edited there:", one.text, None))
            continue
        block = known.get(one.learning_id)
        is_twice = sum(each.learning_id == one.learning_id for each in record.moved) > 1
        if block is None:
            pieces[one.first] = []
        elif block.text != one.text and (one.indent is None or is_twice):
            conflicts.append(_contradiction("edited there, and it has another form here:", one.text, block.text))
        elif block.text != one.text:
            pieces[one.first] = _in_place(block.text, one, lines)
    return pieces, conflicts


def _is_left(record: Record, words: Moved, known: Iterable[str]) -> bool:
    """Whether any learning of that section is still there: with the last one its words go too."""
    members = {one.learning_id for one in record.moved if one.section == words.section and one.learning_id}
    return bool(members & set(known))


def _in_place(text: str, one: Moved, old: list[str]) -> list[str]:
    """The text's lines with the indentation, line ends and surrounding blank lines that the piece had."""
    source = "".join(old)
    newline = "\r\n" if "\r\n" in source else "\n"
    lead = source[: len(source) - len(source.lstrip("\ufeff\r\n"))]
    tail = source[len(source.rstrip(" \t\r\n")) :]
    body = textwrap.indent(text, one.indent or "").rstrip().replace("\n", newline)
    return lines_of(lead + body + tail)


def _contradiction(what: str, before: str, now: str | None) -> str:
    told = [f"{PLACE}: {what}", *(f"- {line}" for line in before.split("\n"))]
    return "\n".join([*told, *([] if now is None else (f"+ {line}" for line in now.split("\n")))]) + "\n"
