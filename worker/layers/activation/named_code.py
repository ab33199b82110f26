"""The code that a learning names: commands, calls, flags, paths and files, and how each is recognised in what the assistant did.

What it warns of ("never `x`", "instead of `y`") and what is only an example ("such as `z`") is left out.
"""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

_MOST = 12
#: characters; no piece of a session is longer, so that nothing longer is ever found in one
_LONGEST = 1000

#: no name in it is longer than 200 characters: without a bound, a run of dashes or dotted names would be read again from each of its places
_SPAN = re.compile(
    r"`([^`\n]{2,80})`"
    r"|\"([^\"\n]{2,60})\""
    r"|(?<![\w/`])((?:\.{0,2}/)?[\w.-]{1,200}+(?:/[\w.*-]+)+/?)"
    r"|\b([\w-]{1,200}+\.(?:py|js|ts|tsx|go|rs|md|json|ya?ml|toml|sh|txt|java|rb|cs|cpp|h|sql|html|css|png))\b"
    r"|\b(\w{1,200}+(?:\.\w{1,200}+){0,20}+\(\))"
    r"|\b([a-z]+[A-Z]\w+|[A-Z][a-z]+[A-Z]\w+|\w+_\w+)\b"
    r"|(?<!\S)(--?[a-zA-Z][\w-]+)\b"
)
_WARNING = re.compile(r"\b(?:do not|don['’]t|never|avoid|instead of|rather than|not|cannot)\b", re.IGNORECASE)
_WARNING_END = re.compile(r"[.;:!?]")
_EXAMPLE = re.compile(r"\b(?:e\.g\.|such as|for example|for instance|say|unless|like)\b", re.IGNORECASE)
_EXAMPLE_END = re.compile(r"[.;]")
_CHAIN = re.compile(r"\s*(?:&&|;|\|\|)\s*")
_COMMAND = re.compile(r"[a-z][\w.-]*(?: [\w:./\-=<>\"'\[\]*&|]+)+")
_FILE = re.compile(r"[\w.-]+\.(?:py|js|ts|tsx|go|rs|md|json|ya?ml|toml|sh|txt|java|rb|cs|cpp|h|sql|html|css|png)")
_CODE = re.compile(r"[(=]|\w_\w|[a-z][A-Z]|\w\.\w|::")
#: `NN.name.md`, `branch/<hash>`: a template never stands anywhere as it is
_TEMPLATE = re.compile(r"[/_.-]<\w|\{\w+\}|\b(?:nn+|xx+)\b")
_PLACEHOLDER = re.compile(r"\s<.*$")
_ALTERNATIVES = re.compile(r"(\w+\.)(\w+(?:/\w+)+)")

_PROGRAM = re.compile(r"[a-z][a-z0-9+-]+")
_USED = re.compile(r"\b(?:use|using|run|running|via|try)(?: to use)? $", re.IGNORECASE)
#: characters; what `_USED` finds is shorter
_USED_MOST = 32
_ONE_OF_SEVERAL = re.compile(r"`(?:,| or| and) $", re.IGNORECASE)
_NAME = re.compile(r"[\w+-]+")
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
    reaches = _Reach(_WARNING, _WARNING_END, insight), _Reach(_EXAMPLE, _EXAMPLE_END, insight)
    used = _Used(insight)
    for match in _SPAN.finditer(insight):
        if not any(reach.covers(match.start()) for reach in reaches):
            spans |= {
                part: max(spans.get(part, CodeKind.MENTIONED), _kind(part, match, used), key=_STRENGTH)
                for part in _parts(match)
            }
    named = [found for span, kind in spans.items() if (found := _recognised(span, kind)) is not None]
    lowered = insight.lower()
    for name, looks in _CONVENTIONS.items():
        if name in lowered:
            known = tuple(Look(pattern=re.compile(pattern), beginning=beginning) for beginning, pattern in looks)
            named.append(NamedCode(text=name, kind=CodeKind.WRITTEN, looks=known))
    return tuple(named[:_MOST])


class _Reach:
    """How far some words of a text reach: each to the end of its clause."""

    def __init__(self, word: re.Pattern[str], clause_end: re.Pattern[str], text: str) -> None:
        # "e.g." ends before the letter that follows it, and reaches what comes after
        self._words = [match.end() + (match[0][-1] == ".") for match in word.finditer(text)]
        self._ends = [match.start() for match in clause_end.finditer(text)]

    def covers(self, place: int) -> bool:
        """Whether one of the words stands before it, in the same clause."""
        before = bisect_right(self._words, place)
        return before > 0 and bisect_left(self._ends, self._words[before - 1]) == bisect_left(self._ends, place)


class _Used:
    """Whether a name in backticks stands where a text says to use it: after "use", or in a list that begins so."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._known: dict[int, bool] = {}

    def at(self, place: int) -> bool:
        """`place`: of its first backtick. A list is followed back once, however many names it has."""
        passed: list[int] = []
        at: int | None = place
        found = False
        while at is not None and at not in self._known:
            passed.append(at)
            found = _USED.search(self._text[max(0, at - _USED_MOST) : at]) is not None
            at = None if found else self._one_before(at)
        found = found or (at is not None and self._known[at])
        self._known |= dict.fromkeys(passed, found)
        return found

    def _one_before(self, place: int) -> int | None:
        """Where the list's name before this one begins."""
        joint = _ONE_OF_SEVERAL.search(self._text[max(0, place - len("` and ")) : place])
        if joint is None:
            return None
        end = place - len(joint[0])
        begin = self._text.rfind("`", 0, end)
        return begin if begin >= 0 and _NAME.fullmatch(self._text, begin + 1, end) else None


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
    if len(needle) > _LONGEST:
        return NamedCode(text=span, kind=kind, looks=())
    is_program = kind is CodeKind.COMMAND and " " not in needle
    pattern = re.compile(_at_line_start(needle) if is_program else _whole(needle))
    return NamedCode(text=span, kind=kind, looks=(Look(pattern=pattern, beginning=_beginning(needle)),))


def _at_line_start(program: str) -> str:
    """A program's name means its use only where a command begins: `open` in "open server.py", not in "the open file"."""
    return r"(?:(?<![^\n\0])|(?<=\| ))" + re.escape(program) + r"(?![^\s\0])"


def _whole(needle: str) -> str:
    """`log.debug/info` stands for either, `fmt.print*` for every ending; spaces are any white space."""
    either = _ALTERNATIVES.fullmatch(needle)
    body = (
        f"{re.escape(either[1])}(?:{'|'.join(map(re.escape, either[2].split('/')))})"
        if either
        else _with_endings(needle)
    )
    start = r"(?<!\w)" if re.match(r"\w", needle) else ""
    end = r"(?![\w:-])" if re.search(r"\w$", needle) else ""
    return start + body + end


def _with_endings(needle: str) -> str:
    """A star stands for any ending. What follows one is looked for at its first place alone, so that a word is read once."""
    parts = [re.escape(part).replace(r"\ ", r"\s+") for part in re.split(r"\*+", needle.lstrip("*"))]
    if len(parts) == 1:
        return parts[0]
    middle = "".join(rf"(?>\w*?{part})" for part in parts[1:-1])
    return parts[0] + middle + (rf"\w*?{parts[-1]}" if parts[-1] else r"\w*+")


def _beginning(needle: str) -> str:
    """The part of it that stands in every match, up to the first sign that stands for something else."""
    either = _ALTERNATIVES.fullmatch(needle)
    return either[1] if either else re.split(r"[*\s]", needle, maxsplit=1)[0]


def _kind(span: str, match: re.Match[str], used: _Used) -> CodeKind:
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
    is_program = _PROGRAM.fullmatch(span) and used.at(match.start()) and not _THING.match(match.string, match.end())
    return CodeKind.COMMAND if is_program else CodeKind.MENTIONED
