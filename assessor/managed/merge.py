"""Edits of a text without some lines, carried over to the text with them; where that could be meant in two ways it is a conflict."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True, kw_only=True, slots=True)
class _Edit:
    """Lines [first, last) of the base became others; the same edit could be told as standing `up` lines higher or `down` lower."""

    first: int
    last: int
    lines: tuple[str, ...]
    up: int = 0
    down: int = 0

    def parts(self, at: int, end: int) -> bool:
        """Whether lines that come back before line `at` of the base could stand on either side of this edit, or within it."""
        if self.first == self.last:
            return self.first - self.up <= at <= self.first + self.down and not (
                at == end == self.first and not self.up
            )
        is_within = self.first - self.up < at < self.last + self.down
        is_beside = at in (self.first, self.last) and bool(self.lines) and len(self.lines) != self.last - self.first
        return is_within or is_beside


def carried(
    base: Sequence[str], mine: Sequence[str], back: Mapping[int, Sequence[str]], *, below: int
) -> tuple[list[str], list[str]]:
    """`back`: line of the base -> lines that come back before it -> (mine with those lines, conflicts).

    Of what was added at the very end the last `below` lines stay at the end; lines that come back there stand above them.
    With conflicts the lines mean nothing.
    """
    result: list[str] = []
    conflicts: list[str] = []
    edits = list(_edits(base, mine))
    for edit in edits:
        conflicts += [_told(edit, base, lines) for at, lines in back.items() if lines and edit.parts(at, len(base))]
    place = 0
    for edit in [*edits, _Edit(first=len(base), last=len(base), lines=())]:
        for number in range(place, edit.first):
            result += [*back.get(number, ()), base[number]]
        if edit.first == edit.last < len(base):
            result += edit.lines  # then what comes back here, if anything: no conflict, so nothing does
        elif edit.first == edit.last:
            above = max(0, len(edit.lines) - below)
            result += [*edit.lines[:above], *back.get(edit.first, ()), *edit.lines[above:]]
            back = {at: lines for at, lines in back.items() if at != edit.first}
        else:
            result += [line for number in range(edit.first, edit.last) for line in back.get(number, ())]
            result += edit.lines
            back = {at: lines for at, lines in back.items() if not edit.first <= at < edit.last}
        place = edit.last
    return result, conflicts


def _edits(base: Sequence[str], mine: Sequence[str]) -> Iterator[_Edit]:
    start = _common(base, mine)
    end = _common(base[start:][::-1], mine[start:][::-1])
    a, b = base[start : len(base) - end], mine[start : len(mine) - end]
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind != "equal":
            first, last, lines = start + i1, start + i2, tuple(b[j1:j2])
            up, down = _slides(base, first, last, lines)
            yield _Edit(first=first, last=last, lines=lines, up=up, down=down)


def _slides(base: Sequence[str], first: int, last: int, lines: Sequence[str]) -> tuple[int, int]:
    """By how many lines the same change may be told higher and lower: among lines that are equal nobody can tell."""
    if first < last and lines:
        return 0, 0
    moving = list(lines) if lines else list(base[first:last])
    up = down = 0
    ring = list(moving)
    while first - up > 0 and base[first - up - 1] == ring[-1]:
        ring = [ring[-1], *ring[:-1]]
        up += 1
    ring = list(moving)
    while last + down < len(base) and base[last + down] == ring[0]:
        ring = [*ring[1:], ring[0]]
        down += 1
    return up, down


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _told(edit: _Edit, base: Sequence[str], lines: Sequence[str]) -> str:
    """A conflict as a person sees it: what was changed, and what comes back just there."""
    shown = [f"- {line}" for line in base[edit.first : edit.last]] + [f"+ {line}" for line in edit.lines]
    return (
        "changed here:\n" + _lines(shown) + "where these lines come back:\n" + _lines([f"  {line}" for line in lines])
    )


def _lines(shown: Sequence[str]) -> str:
    return "".join(line.rstrip("\r\n") + "\n" for line in shown)
