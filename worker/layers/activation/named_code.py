"""The code that a learning names: commands, calls, flags, paths and files, and how each is recognised in what the assistant did.

What it warns of ("never `x`", "instead of `y`") and what is only an example ("such as `z`") is left out.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

_MOST = 12

_SPAN = re.compile(
    r"`([^`\n]{2,80})`"
    r"|\"([^\"\n]{2,60})\""
    r"|(?<![\w/`])((?:\.{0,2}/)?[\w.-]+(?:/[\w.*-]+)+/?)"
    r"|\b([\w-]+\.(?:py|js|ts|tsx|go|rs|md|json|ya?ml|toml|sh|txt|java|rb|cs|cpp|h|sql|html|css|png))\b"
    r"|\b(\w+(?:\.\w+)*\(\))"
    r"|\b([a-z]+[A-Z]\w+|[A-Z][a-z]+[A-Z]\w+|\w+_\w+)\b"
    r"|(?<!\S)(--?[a-zA-Z][\w-]+)\b"
)
_WARNED = re.compile(
    r"(?:\b(?:do not|don['’]t|never|avoid|instead of|rather than|not|cannot)\b)[^.;:!?]*$", re.IGNORECASE
)
_EXAMPLE = re.compile(r"(?:\b(?:e\.g\.|such as|for example|for instance|say|unless|like)\b)[^.;]*$", re.IGNORECASE)
_CHAIN = re.compile(r"\s*(?:&&|;|\|\|)\s*")
_COMMAND = re.compile(r"[a-z][\w.-]*(?: [\w:./\-=<>\"'\[\]*&|]+)+")
_FILE = re.compile(r"[\w.-]+\.(?:py|js|ts|tsx|go|rs|md|json|ya?ml|toml|sh|txt|java|rb|cs|cpp|h|sql|html|css|png)")
_CODE = re.compile(r"[(=]|\w_\w|[a-z][A-Z]|\w\.\w|::")
#: `NN.name.md`, `branch/<hash>`: a template never stands anywhere as it is
_TEMPLATE = re.compile(r"[/_.-]<\w|\{\w+\}|\b(?:nn+|xx+)\b")
_PLACEHOLDER = re.compile(r"\s<.*$")
_ALTERNATIVES = re.compile(r"(\w+\.)(\w+(?:/\w+)+)")

_PROGRAM = re.compile(r"[a-z][a-z0-9+-]+")
_USED = re.compile(r"\b(?:use|using|run|running|via|try)(?: to use)?(?: `[\w+-]+`(?:,| or| and))* $", re.IGNORECASE)
_THING = re.compile(
    r" (?:\w+ )?(?:package|module|helper|interface|class|function|method|field|key|option|type|alias|tag|branch)"
)

#: conventions that are known by the look of what follows them, besides by their name: (beginning, pattern) of each
_COMMIT_TYPES = ("feat", "fix", "docs", "chore", "refactor", "test", "style", "perf", "ci", "build")
_CONVENTIONS = {
    "conventional commit": (
        ("conventional", r"(?<!\w)conventional[\s-]commits?(?!\w)"),
        *((kind, rf"(?<!\w){kind}(?:\([\w ./-]+\))?!?: \S") for kind in _COMMIT_TYPES),
    ),
}


class CodeKind(StrEnum):
    COMMAND = "command"
    #: a call, a flag, a path, an identifier, a convention: writing it is using it
    WRITTEN = "written"
    #: a file or one plain word: it can stand anywhere for other reasons
    MENTIONED = "mentioned"


_STRENGTH = list(CodeKind)[::-1].index


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """One way in which it stands in a text."""

    #: finds it in lower-case text, as whole words
    pattern: re.Pattern[str]
    #: what every match begins with, literally; empty: that differs
    beginning: str = ""

    def find(self, text: str, start: int = 0) -> re.Match[str] | None:
        """The first one at or after `start`; looking for its beginning first is many times faster than the pattern alone."""
        if not self.beginning:
            return self.pattern.search(text, start)
        place = text.find(self.beginning, start)
        while place >= 0:
            match = self.pattern.match(text, place)
            if match:
                return match
            place = text.find(self.beginning, place + 1)
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedCode:
    text: str
    kind: CodeKind
    looks: tuple[Look, ...]

    def stands_in(self, text: str) -> bool:
        """A text in lower case."""
        return any(look.find(text) for look in self.looks)


@lru_cache(maxsize=4096)
def named_code(insight: str) -> tuple[NamedCode, ...]:
    """In the order of the learning, each once."""
    spans: dict[str, CodeKind] = {}
    for match in _SPAN.finditer(insight):
        before = insight[: match.start()]
        if not _WARNED.search(before) and not _EXAMPLE.search(before):
            spans |= {
                part: max(spans.get(part, CodeKind.MENTIONED), _kind(part, match), key=_STRENGTH)
                for part in _parts(match)
            }
    named = [found for span, kind in spans.items() if (found := _recognised(span, kind)) is not None]
    lowered = insight.lower()
    for name, looks in _CONVENTIONS.items():
        if name in lowered:
            known = tuple(Look(pattern=re.compile(pattern), beginning=beginning) for beginning, pattern in looks)
            named.append(NamedCode(text=name, kind=CodeKind.WRITTEN, looks=known))
    return tuple(named[:_MOST])


def _parts(match: re.Match[str]) -> list[str]:
    """A quoted chain of commands names each of them."""
    span = next(group for group in match.groups() if group)
    quoted = match[1] or match[2]
    return [part.strip() for part in _CHAIN.split(span) if part.strip()] if quoted else [span]


def _recognised(span: str, kind: CodeKind) -> NamedCode | None:
    needle = _PLACEHOLDER.sub("", " ".join(span.lower().split()))
    needle = re.sub(r"\(.*$", "", needle) if re.match(r"[\w.*/]+\(", needle) else needle
    needle = needle.rstrip("/").lstrip("./") if "/" in needle and " " not in needle else needle
    if len(needle) < 2 or _TEMPLATE.search(needle):
        return None
    is_program = kind is CodeKind.COMMAND and " " not in needle
    pattern = re.compile(_at_line_start(needle) if is_program else _whole(needle))
    return NamedCode(text=span, kind=kind, looks=(Look(pattern=pattern, beginning=_beginning(needle)),))


def _at_line_start(program: str) -> str:
    """A program's name means its use only where a command begins: `open` in "open server.py", not in "the open file"."""
    return r"(?:(?<![^\n\0])|(?<=\| ))" + re.escape(program) + r"(?![^\s\0])"


def _whole(needle: str) -> str:
    """`log.debug/info` stands for either, `fmt.print*` for every ending; spaces are any white space."""
    either = _ALTERNATIVES.fullmatch(needle)
    if either:
        body = re.escape(either[1]) + "(?:" + "|".join(map(re.escape, either[2].split("/"))) + ")"
    else:
        body = re.escape(needle).replace(r"\*", r"\w*").replace(r"\ ", r"\s+")
    start = r"(?<!\w)" if re.match(r"\w", needle) else ""
    end = r"(?![\w:-])" if re.search(r"\w$", needle) else ""
    return start + body + end


def _beginning(needle: str) -> str:
    """The part of it that stands in every match, up to the first sign that stands for something else."""
    either = _ALTERNATIVES.fullmatch(needle)
    return either[1] if either else re.split(r"[*\s]", needle, maxsplit=1)[0]


def _kind(span: str, match: re.Match[str]) -> CodeKind:
    """Quoted, called or a flag: the author means code. A bare `snake_case` word or `either/or` may be prose."""
    if not (match[1] or match[2] or match[5] or match[7]):
        return CodeKind.MENTIONED
    if re.match(r"--?\w", span):
        return CodeKind.WRITTEN
    if _COMMAND.fullmatch(span) and "(" not in span and not span.endswith(":"):
        return CodeKind.COMMAND
    if _FILE.fullmatch(span):
        return CodeKind.MENTIONED
    if "/" in span or _CODE.search(span):
        return CodeKind.WRITTEN
    before, after = match.string[: match.start()], match.string[match.end() :]
    is_program = _PROGRAM.fullmatch(span) and _USED.search(before) and not _THING.match(after)
    return CodeKind.COMMAND if is_program else CodeKind.MENTIONED
