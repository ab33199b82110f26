"""Conventions of commit messages that a learning names, known by the look of a message that follows them."""

import re
from functools import lru_cache

from worker.layers.activation.looks import Look

_TYPES = ("feat", "fix", "docs", "chore", "refactor", "test", "style", "perf", "ci", "build", "revert")
_ANY_TYPE = "|".join(_TYPES)
_NAMED = re.compile(r"conventional commit|`?<?type>?\(<?(?:optional )?scope>?\)")
#: one line of a list of types, of scopes: "`docs` - documentation", "Scope: `api` - the API"
_TYPE_LINE = re.compile(rf"\W{{0,4}}`({_ANY_TYPE})`:?\s+[-–—:]?\s*[a-z]")
_SCOPE_LINE = re.compile(r"[^`]{0,200}\bscopes?\b[^`]{0,200}:\s+\W{0,4}`([a-z][\w./-]{0,40})`:?\s+[-–—:]\s*\S")


def _typed(kind: str) -> Look:
    return Look(pattern=re.compile(rf"(?<!\w){kind}(?:\([\w ./-]+\))?!?: \S"), beginning=kind)


@lru_cache(maxsize=4096)
def conventions(insight: str) -> tuple[tuple[str, tuple[Look, ...]], ...]:
    """Each with its name and the looks of what follows it."""
    text = insight.lower()
    found: list[tuple[str, tuple[Look, ...]]] = []
    if _NAMED.search(text):
        named = Look(pattern=re.compile(r"(?<!\w)conventional[\s-]commits?(?!\w)"), beginning="conventional")
        found.append(("conventional commit", (named, *map(_typed, _TYPES))))
    if one := _TYPE_LINE.match(text):
        found.append((one[1], (_typed(one[1]),)))
    if one := _SCOPE_LINE.match(text):
        pattern = re.compile(rf"(?<!\w)(?:{_ANY_TYPE})\((?:[\w ./-]+,\s*)?{re.escape(one[1])}(?:,[\w ./-]+)?\)!?: \S")
        found.append((f"{one[1]} scope", (Look(pattern=pattern),)))
    return tuple(found)


def is_line_of_a_list(insight: str) -> bool:
    """Whether it is one type or one scope: what it describes is what a commit is about, not what is to be done."""
    text = insight.lower()
    return bool(_TYPE_LINE.match(text) or _SCOPE_LINE.match(text))
