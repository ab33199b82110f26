"""The managed file `.groove/learnings.md`: one block a learning, named by a comment above it; a section's own words are blocks as well."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from worker.errors import InvalidFile
from worker.formats.hook_managed import Managed, ManagedLearning, ManagedUnit

#: below the project's folder
PLACE = Path(".groove", "learnings.md")
#: what stays in a rules file; it also serves those who have no hook
POINTER = (
    f"Further learnings of this repository stand in `{PLACE.as_posix()}`. A hook gives those that apply to a session, under the words "
    '"Learnings of this repository"; where it has not, read that file.'
)
HEADER = """\
# Learnings

A hook gives each session of an assistant the learnings below that it is assigned. Edit their words as you like, and leave the comments,
which name them. `groove restore` puts them back where they came from.

"""
_MARK = re.compile(r"<!-- groove:(learning|section) ([^\n]*?) ?-->[ \t]*\n?")
_ESCAPES = (("%", "%25"), (" ", "%20"), ("-", "%2D"))

BlockKind = Literal["learning", "section"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    kind: BlockKind
    id: str
    #: the section that a learning is drawn together with
    section: str | None = None
    #: what is injected
    text: str
    #: as it stands in the file, its comment included
    source: str = ""

    def written(self) -> str:
        """The text of a new block in the learnings file."""
        within = f" in {_escaped(self.section)}" if self.section else ""
        return f"<!-- groove:{self.kind} {_escaped(self.id)}{within} -->\n{self.text}\n\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class LearningsFile:
    #: what stands before the first block
    top: str = HEADER
    blocks: tuple[Block, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Any text is one; `str()` gives it back as it is, but for carriage returns."""
        text = text.replace("\r\n", "\n")
        starts = [match for match in _MARK.finditer(text) if text[match.start() - 1 : match.start()] in {"", "\n"}]
        ends = [*(match.start() for match in starts), len(text)][1:]
        blocks = [_block(match, text[match.start() : end]) for match, end in zip(starts, ends, strict=True)]
        return cls(top=text[: starts[0].start()] if starts else text, blocks=tuple(blocks))

    def __str__(self) -> str:
        return self.top + "".join(block.source or block.written() for block in self.blocks)

    @property
    def learnings(self) -> dict[str, Block]:
        """By id; where one stands twice, the first."""
        found: dict[str, Block] = {}
        for block in self.blocks:
            if block.kind == "learning" and block.text:
                found.setdefault(block.id, block)
        return found

    def with_(self, blocks: Iterable[Block]) -> "LearningsFile":
        """The file with these blocks added at its end."""
        top = self.top or HEADER
        last = self.blocks[-1:] and self.blocks[-1].source
        gap = "" if not last or last.endswith("\n\n") else "\n" if last.endswith("\n") else "\n\n"
        kept = list(self.blocks)
        if gap:
            end = kept[-1]
            kept[-1] = Block(kind=end.kind, id=end.id, section=end.section, text=end.text, source=end.source + gap)
        return LearningsFile(top=top, blocks=(*kept, *blocks))

    def without(self, goes: Callable[[Block], bool]) -> "LearningsFile":
        """Without those blocks, and without the words of sections of which nothing is left."""
        kept = [block for block in self.blocks if block.kind == "section" or not goes(block)]
        sections = {block.section for block in kept}
        return LearningsFile(
            top=self.top, blocks=tuple(block for block in kept if block.kind == "learning" or block.id in sections)
        )

    def managed(self, root: Path) -> Managed:
        """The managed learnings in the form that the store's side is told."""
        return Managed(
            root=str(root),
            learnings=tuple(
                ManagedLearning(id=block.id, text=block.text, unit=block.section) for block in self.learnings.values()
            ),
            units=self.units,
        )

    @property
    def units(self) -> tuple[ManagedUnit, ...]:
        """The sections whose learnings are drawn together."""
        ids = dict.fromkeys(block.section for block in self.learnings.values() if block.section)
        return tuple(self._unit(id_) for id_ in ids if id_)

    def _unit(self, section: str) -> ManagedUnit:
        own = [block.text for block in self.blocks if block.kind == "section" and block.id == section and block.text]
        whole = [block.text for block in self.blocks if section in (block.section, block.id) and block.text]
        title = own[0].partition("\n")[0].lstrip("# ").strip() if own else ""
        return ManagedUnit(id=section, title=title or section, text="\n\n".join(whole))


def read_learnings_file(root: Path) -> LearningsFile:
    """An empty one where there is none. Raises `InvalidFile`."""
    path = root / PLACE
    try:
        return LearningsFile.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return LearningsFile()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidFile(f"{path}: cannot be read: {error}") from error


def holds_a_mark(text: str) -> bool:
    """Whether the text itself would be taken for blocks of this file."""
    return re.search(r"^<!-- groove:(?:learning|section) ", text, re.MULTILINE) is not None


def with_pointer(kept: str, before: str) -> str:
    """A rules file with the line at its end, once; with the line ends that it had `before`."""
    if POINTER in kept:
        return kept
    newline = "\r\n" if "\r\n" in before else "\n"
    body = kept.rstrip("\r\n")
    return f"{body}{newline * 2 if body else ''}{POINTER}{newline}"


def _block(mark: re.Match[str], source: str) -> Block:
    kind: BlockKind = "section" if mark[1] == "section" else "learning"
    id_, _, section = mark[2].strip().partition(" in ")
    text = source[mark.end() - mark.start() :].strip("\n")
    is_member = kind == "learning" and section
    return Block(kind=kind, id=_plain(id_), section=_plain(section) if is_member else None, text=text, source=source)


def _escaped(id_: str) -> str:
    """One word, in which no comment ends."""
    for character, code in _ESCAPES[:2]:
        id_ = id_.replace(character, code)
    return id_.replace("--", "%2D%2D")


def _plain(word: str) -> str:
    for character, code in reversed(_ESCAPES):
        word = word.replace(code, character)
    return word
