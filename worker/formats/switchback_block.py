"""The block of a rules file that a switchback writes: in the place of the line that adopting leaves, closed by a digest of what it holds.

So whoever reads the file can tell, from the file alone, whether a person has edited the block, and can put the line back to the byte.
"""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

from worker.formats.learnings_file import POINTER

_BEGINS = "<!-- groove:switchback begins: groove writes what follows; how to change it: groove hook switch --help -->"
_BLOCK = re.compile(
    rf"{re.escape(_BEGINS)}\r?\n(?P<body>.*?)\r?\n<!-- groove:switchback ends (?P<digest>[0-9a-f]{{16}}) -->", re.DOTALL
)


class BlockState(StrEnum):
    #: as it was written
    WHOLE = "whole"
    #: the line that adopting leaves
    POINTER = "pointer"
    #: a person changed something between its marks, or a mark
    EDITED = "edited"
    #: neither the line nor a block
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class FoundBlock:
    state: BlockState
    #: what it holds, with plain line ends
    body: str = ""


def block_in(text: str) -> FoundBlock:
    """What stands in a rules file where learnings were moved out of it."""
    match, begun = _BLOCK.search(text), text.count(_BEGINS)
    if match and begun == 1:
        body = _plain(match["body"])
        return FoundBlock(BlockState.WHOLE if match["digest"] == digest_of(body) else BlockState.EDITED, body)
    if begun:
        return FoundBlock(BlockState.EDITED)
    return FoundBlock(BlockState.GONE if _pointer(text) is None else BlockState.POINTER)


def with_block(text: str, body: str) -> str:
    """The file with this block where the line or another block stands, an edited one too; unchanged where neither does."""
    newline = "\r\n" if "\r\n" in text else "\n"
    block = f"{_BEGINS}\n{body}\n<!-- groove:switchback ends {digest_of(_plain(body))} -->".replace("\n", newline)
    if match := _BLOCK.search(text):
        return text[: match.start()] + block + text[match.end() :]
    at = _pointer(text)
    return text if at is None else text[:at] + block + text[at + len(POINTER) :]


def without_block(text: str, *, even_edited: bool = False) -> str:
    """The file with the line back in the place of the block. One that a person edited stays, unless `even_edited`."""
    match = _BLOCK.search(text)
    if match is None or not (even_edited or match["digest"] == digest_of(_plain(match["body"]))):
        return text
    return text[: match.start()] + POINTER + text[match.end() :]


def digest_of(body: str) -> str:
    """It tells one text of a block from another."""
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _pointer(text: str) -> int | None:
    match = re.search(rf"^{re.escape(POINTER)}(?=\r?$)", text, re.MULTILINE)
    return match.start() if match else None


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n")
