"""An ACE playbook: lines `[id] helpful=3 harmful=1 :: text`. The counters are a model's own opinion and are not read."""

import re
from typing import NamedTuple

_LINE = re.compile(
    r"^[ \t]*(?:[-*][ \t]+)?\[(?P<id>[\w.-]+)\][ \t]+helpful=\d+[ \t]+harmful=\d+[ \t]*::[ \t]*(?P<text>.*\S)"
)


class Bullet(NamedTuple):
    line: int
    given_id: str
    text: str


def playbook_bullets(lines: list[str]) -> list[Bullet]:
    """Empty: the file is no playbook."""
    found = ((number, _LINE.match(line)) for number, line in enumerate(lines))
    return [Bullet(number, match["id"], match["text"]) for number, match in found if match]
