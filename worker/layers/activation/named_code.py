"""The code that a learning names: commands, calls, flags, paths and files, and how each is recognised in what the assistant did.

What it warns of ("never `x`", "instead of `y`") is left out, and what is only an example ("such as `z`") is marked as one.
"""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from worker.layers.activation import known_tools
from worker.layers.activation.conventions import conventions, is_line_of_a_list
from worker.layers.activation.looks import Look, at_line_start, is_placeholder, whole_words, with_a_word

_MOST = 12

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
_WARNING = re.compile(
    r"\b(?:do not|don['’]t|never|avoid|instead of|rather than|not|cannot|unless)\b(?:(?: \w+){0,2}:)?|(?:^|(?<=[.;:!?] ))no\b",
    re.IGNORECASE,
)
_WARNING_END = re.compile(r"[.;:!?]")
_EXAMPLE = re.compile(r"\be\.g\.|\b(?:such as|for example|for instance|say|like)\b", re.IGNORECASE)
_EXAMPLE_END = re.compile(r"[.;)]")
#: commands that stand in a block of their own
_FENCE = re.compile(r"^[ \t]*```(?:bash|sh|shell|zsh|console)\n(.*?)^[ \t]*```[ \t]*$", re.MULTILINE | re.DOTALL)
_CHAIN = re.compile(r"\s*(?:&&|;|\|\|)\s*")
_COMMAND = re.compile(r"[a-z][\w.-]*(?: [\w:./\-=<>\"'\[\]*&|…]+)+")
_FILE = re.compile(
    r"(?:[\w.<>*…-]+/)*[\w.<>*-]+\.(?:py|jsx?|tsx?|go|rs|mdx?|json|ya?ml|toml|sh|txt|java|kt|swift|rb|php|cs|cpp|h|sql|html|css|png|env|lock)"
)
_CODE = re.compile(r"[(=]|\w_\w|[a-z][A-Z]|\w\.\w|::")
#: where in a file: `auth.ts:12`, `auth.ts:12-30`, `auth.ts#L12`
_LINE = re.compile(r"(?:(?::\d+){1,2}(?:-\d+)?|#L\d+(?:-L\d+)?)$")
#: a source file as imports name it: without its ending, the folder of all sources, and a name that stands for its folder
_MODULE = re.compile(r"(?:\./)?(?:src/)?((?:[\w.-]+/)+?[\w.-]+?)(?:/(?:index|__init__))?\.(py|[jt]sx?)")
_WORD = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?::[\w:-]+)?")

_PROGRAM = re.compile(r"[a-z][a-z0-9+-]+")
_USED = re.compile(r"\b(?:use|using|run|running|via|try|execute|with)(?: to use)? $", re.IGNORECASE)
#: characters; what `_USED` finds is shorter
_USED_MOST = 32
_ONE_OF_SEVERAL = re.compile(r"`(?:,| or| and) $", re.IGNORECASE)
_NAME = re.compile(r"[\w+-]+")
#: of placeholders: `<name>` or `…`, but not `.` or `./...`
_NAMES_A_WORD = re.compile(r"\w|…")
_THING = re.compile(
    r" (?:\w+ )?(?:package|module|helper|interface|class|function|method|field|key|option|type|alias|tag|branch)"
)


class CodeKind(StrEnum):
    COMMAND = "command"
    #: a call, a flag, a path, an identifier, a convention: writing it is using it
    WRITTEN = "written"
    #: a file or folder by its path: changing it may be using it
    FILE = "file"
    #: several quoted words: a heading, a message
    PHRASE = "phrase"
    #: one plain word: it can stand anywhere for other reasons
    MENTIONED = "mentioned"


_STRENGTH = list(CodeKind)[::-1].index


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedCode:
    text: str
    kind: CodeKind
    #: of a command: its program and subcommands, without arguments
    looks: tuple[Look, ...]
    #: of a program: its name, wherever it stands
    mentions: tuple[Look, ...] = ()
    #: of a command: its arguments, as far as they are literal; of all placeholders together, one
    arguments: tuple[Look, ...] = ()
    #: its absence says nothing
    is_example: bool = False

    @property
    def is_name(self) -> bool:
        """An identifier, a call or a phrase; neither a path nor a flag."""
        is_written = self.kind in (CodeKind.WRITTEN, CodeKind.PHRASE)
        return is_written and "/" not in self.text and not self.text.startswith("-")

    def stands_in(self, text: str) -> bool:
        """A text in lower case."""
        return any(look.find(text) for look in self.looks)


@lru_cache(maxsize=4096)
def named_code(insight: str) -> tuple[NamedCode, ...]:
    """In the order of the learning, each once."""
    text = _FENCE.sub(_as_quotes, insight)
    spans: dict[str, CodeKind] = {}
    warnings, examples = (_Reach(*words, text) for words in ((_WARNING, _WARNING_END), (_EXAMPLE, _EXAMPLE_END)))
    shown: set[str] = set()
    used = _Used(text)
    for match in _SPAN.finditer(text):
        if not warnings.covers(match.start()):
            for part in _parts(match):
                if examples.covers(match.start()) and part not in spans:
                    shown.add(part)
                spans[part] = max(spans.get(part, CodeKind.MENTIONED), _kind(part, match, used), key=_STRENGTH)
    for match in known_tools.PATTERN.finditer(text):
        tool = match[1].lower()
        is_named = any(span.startswith(f"{tool} ") for span in spans)
        if not (is_named or warnings.covers(match.start())) and known_tools.is_asked_for(text, match.start()):
            spans.setdefault(tool, CodeKind.COMMAND)
    recognised = (_recognised(span, kind) for span, kind in spans.items())
    named = [replace(code, is_example=code.text in shown) for code in recognised if code is not None]
    followed = [NamedCode(text=name, kind=CodeKind.WRITTEN, looks=looks) for name, looks in conventions(insight)]
    named = followed if is_line_of_a_list(insight) else [*named, *followed]
    return tuple(named[:_MOST])


def _as_quotes(fence: re.Match[str]) -> str:
    """Each line of it as if it were quoted."""
    lines = (line.strip().removeprefix("$ ") for line in fence[1].splitlines())
    return " ".join(f"`{line}`" for line in lines if line and not line.startswith("#"))


class _Reach:
    """How far some words of a text reach: each to the end of its clause."""

    def __init__(self, word: re.Pattern[str], clause_end: re.Pattern[str], text: str) -> None:
        self._words = [match.end() for match in word.finditer(text)]
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
    return [_bare(part.strip()) for part in _CHAIN.split(span) if part.strip()] if quoted else [span]


def _bare(part: str) -> str:
    """A path without the `@` of a mention before it, and without a line's number behind it."""
    path = _LINE.sub("", part.removeprefix("@"))
    return path if path.endswith("/") or _FILE.fullmatch(path) else part


def _recognised(span: str, kind: CodeKind) -> NamedCode | None:
    if kind is CodeKind.COMMAND:
        return _command(span)
    looks = [look for part in _ways(span, kind) if (look := whole_words(part)) is not None]
    return NamedCode(text=span, kind=kind, looks=tuple(looks)) if looks else None


def _ways(span: str, kind: CodeKind) -> list[str]:
    """A file is known by its name too, wherever it lies, and by the module that it is."""
    name = span.rstrip("/").rpartition("/")[2]
    if kind is not CodeKind.FILE or name == span or not _FILE.fullmatch(name):
        return [span]
    return [span, name, *_module(span)]


def _module(path: str) -> list[str]:
    """`lib/auth` of `src/lib/auth.ts`, `pkg.mod` of `src/pkg/mod.py`; nothing where one name would be all of it."""
    found = _MODULE.fullmatch(path)
    if found is None or "/" not in found[1]:
        return []
    return [found[1].replace("/", ".") if found[2] == "py" else found[1]]


def _command(span: str) -> NamedCode | None:
    """Program and subcommands, which tell it, and arguments, which may differ: `go test`, `-v`."""
    words = span.split()
    end = next((n for n, word in enumerate(words) if n and not _WORD.fullmatch(word)), len(words))
    head = " ".join(words[:end])
    if is_placeholder(words[0]) or (end == 1 and len(words) == 1 and len(head) < 2):
        return None
    name = whole_words(head)
    if name is None:
        whole = whole_words(span)
        return NamedCode(text=span, kind=CodeKind.COMMAND, looks=(whole,)) if whole else None
    look = at_line_start(head.lower()) if end == 1 else name
    arguments = [
        found for word in words[end:] if not is_placeholder(word) and (found := whole_words(word.strip("\"'")))
    ]
    if any(is_placeholder(word) and _NAMES_A_WORD.search(word) for word in words[end:]):
        arguments.append(with_a_word(head.lower()))
    return NamedCode(
        text=span,
        kind=CodeKind.COMMAND,
        looks=(look,),
        mentions=() if look is name else (name,),
        arguments=tuple(arguments),
    )


def _kind(span: str, match: re.Match[str], used: _Used) -> CodeKind:
    """Quoted, called or a flag: the author means code. A bare `snake_case` word or `either/or` may be prose."""
    is_quoted = bool(match[1] or match[2])
    if _FILE.fullmatch(span) or (span.endswith("/") and is_quoted):
        return CodeKind.FILE
    if not (is_quoted or match[5] or match[7]):
        return CodeKind.MENTIONED
    if match[1] and _COMMAND.fullmatch(span) and "(" not in span and not span.endswith(":"):
        return CodeKind.COMMAND
    if re.match(r"--?\w", span) or "/" in span or _CODE.search(span):
        return CodeKind.WRITTEN
    return CodeKind.PHRASE if " " in span.strip() else _kind_of_word(span, match, used)


def _kind_of_word(word: str, match: re.Match[str], used: _Used) -> CodeKind:
    """A program where the text says to use it, and is not about a thing of that name."""
    is_program = _PROGRAM.fullmatch(word) and used.at(match.start()) and not _THING.match(match.string, match.end())
    return CodeKind.COMMAND if is_program else CodeKind.MENTIONED


def demoted(code: NamedCode) -> NamedCode:
    """One common word, which can stand anywhere."""
    return replace(code, kind=CodeKind.MENTIONED)
