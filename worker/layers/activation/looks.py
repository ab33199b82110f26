"""How a piece of code is recognised in lower-case text: as whole words, with stars and placeholders standing for anything."""

import re
from dataclasses import dataclass
from functools import lru_cache

#: characters; no piece of a session is longer, so that nothing longer is ever found in one
_LONGEST = 1000
#: `NN.name.md`, `{name}.py`: a template whose literal parts are examples too
_TEMPLATE = re.compile(r"\{\w*\}|\b(?:nn+|xx+)\b")
#: `<name>`, `#123`, `feat/…`: stands for anything
_PLACEHOLDER = re.compile(r"<[^<>`]{0,60}>?|…|\.\.\.|(?<=#)(?:\d+|id\b|n\b|issue\b)|\$\w+|\bpath/to/\S*|\byour-[\w-]+")
#: characters of a pattern with placeholders that must be literal
_LEAST_LITERAL = 4
_ALTERNATIVES = re.compile(r"(\w+\.)(\w+(?:/\w+)+)")
#: what may stand before a program besides the beginning of a line
_BEFORE_PROGRAM = (
    *(
        "| ",
        "&& ",
        "; ",
        "`",
        "(",
        "$ ",
        "sudo ",
        "time ",
        "rtk ",
        "npx ",
        "bunx ",
        "pnpm ",
        "yarn ",
        "exec ",
        "dlx ",
        " -m ",
    ),
    *("uv run ", "poetry run ", "pipenv run ", "hatch run ", "/.bin/", "venv/bin/"),
)


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


def is_placeholder(word: str) -> bool:
    """A word of a command that stands for anything: `<file>`, `./...`, `.`, `FILE`."""
    bare = word.strip("\"'[]")
    return not bare.strip("./*") or bare.isupper() or _PLACEHOLDER.search(bare) is not None


def whole_words(span: str) -> Look | None:
    """None where too little of it is literal to be told from anything else."""
    needle = " ".join(span.lower().split())
    needle = re.sub(r"\(.*$", "", needle) if re.match(r"[\w.*/]+\(", needle) else needle
    needle = needle.rstrip("/").lstrip("./") if "/" in needle and " " not in needle else needle
    if not 2 <= len(needle) <= _LONGEST or _TEMPLATE.search(needle):
        return None
    if _PLACEHOLDER.search(needle):
        return _with_placeholders(needle)
    return Look(pattern=re.compile(_whole(needle)), beginning=_beginning(needle))


@lru_cache(maxsize=4096)
def at_line_start(program: str) -> Look:
    """A program's name means its use only where a command begins: `open` in "open server.py", not in "the open file"."""
    before = "|".join(rf"(?<={re.escape(each)})" for each in _BEFORE_PROGRAM)
    return Look(
        pattern=re.compile(rf"(?:(?<![^\n\0])|{before})" + re.escape(program) + r"(?![^\s\0`;)])"), beginning=program
    )


def with_a_word(command: str) -> Look:
    """The command with an argument of any kind: `cargo test parser`, and neither `cargo test --lib` nor `cargo test 2>&1`."""
    words = command.split()
    body = r"\s+".join(map(re.escape, words))
    return Look(pattern=re.compile(body + r"(?:\s+-\S+)*+\s+(?![-#\\]|\d*[<>|&])\S"), beginning=words[0])


def _with_placeholders(needle: str) -> Look | None:
    parts = _PLACEHOLDER.split(needle)
    if sum(map(len, parts)) < _LEAST_LITERAL or not re.search(r"\w{2}", parts[0]):
        return None
    start = r"(?<!\w)" if re.match(r"\w", needle) else ""
    body = r"[^\s\0`]{1,80}".join(re.escape(part).replace(r"\ ", r"\s+") for part in parts)
    end = r"(?![\w-])" if parts[-1] else ""
    return Look(pattern=re.compile(start + body + end), beginning=re.split(r"\s", parts[0], maxsplit=1)[0])


def _whole(needle: str) -> str:
    """`log.debug/info` stands for either, `fmt.print*` for every ending; spaces are any white space."""
    either = _ALTERNATIVES.fullmatch(needle)
    body = (
        f"{re.escape(either[1])}(?:{'|'.join(map(re.escape, either[2].split('/')))})"
        if either
        else _with_endings(needle)
    )
    start = r"(?<!\w)" if re.match(r"\w", needle) else ""
    end = r"(?![\w-]|:[^\W\d])" if re.search(r"\w$", needle) else ""
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
