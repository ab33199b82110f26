"""What a rules file is cut into: pieces that cover its lines, each once and in order, some of which ask for something."""

import re
from dataclasses import dataclass
from enum import StrEnum

#: as Markdown counts lines: no other separator ends one
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


class PieceKind(StrEnum):
    ITEM = "item"
    PARAGRAPH = "paragraph"
    ROW = "row"
    HEADING = "heading"
    SECTION = "section"
    #: a skill's or a rule's `description`, which the assistant always sees
    DESCRIPTION = "description"
    #: a line of an ACE playbook
    BULLET = "bullet"
    #: asks for nothing: kept for display, never judged
    CONTEXT = "context"


class NoRule(StrEnum):
    """Why lines are no learning, in the words that a person reads."""

    CHANGE_LOG = "of a change log"
    POINTERS = "of pointers to elsewhere"
    PLACEHOLDER = "to be filled in"
    FIGURES = "of figures"
    TABLE = "of tables that describe"
    TECHNOLOGIES = "that list technologies"
    FILLER = "that say nothing"
    TITLE = "that are titles"
    DESCRIPTION = "that describe"
    ASSISTANT = "that Codex adds itself"


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    kind: PieceKind
    #: what is asked, without marks of lists and without comments; where a lead-in ends in ":", it stands in front
    text: str
    #: lines [first, last) of the file
    first: int
    last: int
    #: the headings above, outermost first: an attribute, not identity
    headings: tuple[str, ...] = ()
    #: name of the generated block that the piece stands in; its pieces belong together
    group: str | None = None
    #: the id that an ACE playbook gives it
    given_id: str | None = None
    #: a heading, whether it asks for something or not
    is_title: bool = False
    #: looks like a learning and is none
    no_rule: NoRule | None = None

    @property
    def is_learning(self) -> bool:
        return self.kind is not PieceKind.CONTEXT


def lines_of(text: str) -> list[str]:
    """Lines with their ends; joined again they are the text."""
    return _LINE.findall(text)
