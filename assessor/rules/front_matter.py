"""The head between `---` lines that rules files and skills begin with: names and their values, read tolerantly."""

import re
from dataclasses import dataclass, field

_FENCE = re.compile(r"---[ \t]*$")
_FIELD = re.compile(r"([A-Za-z_][\w-]*)[ \t]*:[ \t]*(.*)$")
_ENTRY = re.compile(r"[ \t]*-[ \t]+(.*)$")
_BLOCK_MARKS = frozenset({">", "|", ">-", "|-", ">+", "|+"})


@dataclass(frozen=True, kw_only=True, slots=True)
class FrontMatter:
    #: per name its values; a plain value is one, a list as many as it has
    fields: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: lines that it takes, both fences included; 0: there is none
    lines: int = 0

    def text(self, name: str) -> str:
        return " ".join(self.fields.get(name, ()))

    def patterns(self, name: str) -> tuple[str, ...]:
        """File patterns, which are written as a list or with commas."""
        parts = (part for value in self.fields.get(name, ()) for part in _split_outside_braces(value.strip("[]")))
        return tuple(each for part in parts if (cleaned := _unquoted(part.strip())) for each in _expanded(cleaned))


def read_front_matter(lines: list[str]) -> FrontMatter:
    """Not YAML: `globs: *.ts` is common in rules files and no YAML at all. A head that never ends is none."""
    if not lines or not _FENCE.match(lines[0].lstrip("\ufeff").rstrip("\r\n")):
        return FrontMatter()
    for end, line in enumerate(lines[1:], start=1):
        if _FENCE.match(line.rstrip("\r\n")):
            return FrontMatter(fields=_fields(lines[1:end]), lines=end + 1)
    return FrontMatter()


def _fields(lines: list[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for raw in lines:
        line = raw.rstrip()
        if named := _FIELD.match(line):
            current = found.setdefault(named[1], [])
            if (value := named[2].strip()) and value not in _BLOCK_MARKS:
                current.append(_unquoted(value))
        elif entry := _ENTRY.match(line):
            current.append(_unquoted(entry[1].strip()))
        elif line[:1] in {" ", "\t"} and line.strip():
            current.append(line.strip())
    return {name: tuple(values) for name, values in found.items()}


def _split_outside_braces(value: str) -> list[str]:
    return re.split(r",(?![^{]*\})", value)


def _expanded(pattern: str) -> list[str]:
    """`*.{py,pyi}` is two patterns."""
    found = re.search(r"\{([^{}]*,[^{}]*)\}", pattern)
    if not found:
        return [pattern]
    ways = (pattern[: found.start()] + way.strip() + pattern[found.end() :] for way in found[1].split(","))
    return [each for way in ways for each in _expanded(way)]


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
