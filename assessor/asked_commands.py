"""Commands that a learning asks for, and what became of them: failures that name a learning are the plainest sign against it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assessor.calls import Call
from assessor.commands import first_line, is_check, never_ran

_FENCE = re.compile(
    r"^[ \t]*(?:```|~~~)[ \t]*(?:sh|bash|shell|zsh|console)?[ \t]*\n(.*?)(?:^[ \t]*(?:```|~~~)|\Z)",
    re.MULTILINE | re.DOTALL,
)
_ANY_FENCE = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1|\Z)", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
#: right before a command: the text warns of it
_WARNS = re.compile(
    r"\b(?:never|not|don['’]?t|avoid|instead of|rather than|over|without|no longer|no|stop|forbidden|replaces?)\b[^.;:,`]{0,60}$",
    re.IGNORECASE,
)
#: where a command line stops being literal
_PLACEHOLDER = re.compile(r"[<\[{$*…]|\.\.\.|^[A-Z_]+$")
_COMMAND = re.compile(r"(?:\./)?[a-z][a-z0-9_-]*(?:/[\w./-]+)?$")
_STEP = re.compile(r"\s*(?:&&|\|\||[;|\n])\s*")
_SETTING = re.compile(r"^(?:\w+=\S*\s+)+")
_HERE_DOCUMENT = re.compile(r"<<-?\s*(?P<mark>['\"]?)(?P<word>\w+)(?P=mark)")
_QUOTES = re.compile(r"(?<!\\)['\"]")
#: `$ biome check` of bun, `> eslint .` of npm
_REPEATED = re.compile(r"[$>] \S")
_QUOTE = 200
#: with the tool's name before it, a signal's detail holds 200
_FAILURE_QUOTE, _COMMAND_QUOTE = 180, 100

Words = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a session did with the commands of one learning."""

    calls: tuple[Call, ...]

    @property
    def failures(self) -> tuple[Call, ...]:
        """A check that is red did its work: it counts only where it did not run at all."""
        return tuple(call for call in self.calls if call.failed and not _is_red_check(call))


@lru_cache(maxsize=4096)
def asked_commands(text: str) -> tuple[Words, ...]:
    """The literal beginning of each command that the text names, unless it warns of it."""
    fenced = [
        line for block in _FENCE.findall(text) for line in block.splitlines() if not line.lstrip().startswith("#")
    ]
    prose = _ANY_FENCE.sub("", text)
    inline = [found[1] for found in _CODE.finditer(prose) if not _WARNS.search(prose[: found.start()])]
    words = (_literal(step) for line in [*fenced, *inline] for step in _STEP.split(line.strip().removeprefix("$ ")))
    return tuple(dict.fromkeys(each for each in words if each))


def asked_in(commands: Sequence[Words], calls: Iterable[Call]) -> Asked:
    """Calls of which a step begins as one of the commands does."""
    return Asked(calls=tuple(call for call in calls if call.was_carried_out and _is_one(call.command, commands)))


def failure_quote(call: Call) -> str:
    """The first telling line of what a failed call answered; a package manager repeats the script that it runs before that."""
    answer = call.answer.text if call.answer else ""
    told = "\n".join(line for line in answer.splitlines() if not _REPEATED.match(line.strip()))
    return (first_line(told) or first_line(answer))[:_QUOTE]


def call_that_failed(call: Call) -> str:
    """The line that the last command begins in, and what was answered: `rtk bun test → error: …`.

    At most 180 characters; empty for tools that run no command.
    """
    if call.command is None:
        return ""
    command = _last_beginning(call.command)[:_COMMAND_QUOTE]
    answer = failure_quote(call)
    return f"{command} → {answer}"[:_FAILURE_QUOTE] if answer else command


def _last_beginning(script: str) -> str:
    """The last line that a command begins in: none of a here-document, none within quotes, none that goes on an earlier one."""
    found, quote, until, goes_on = "", "", "", False
    for line in script.strip().splitlines():
        if until:
            until = "" if line.strip() == until else until
            continue
        if not quote and not goes_on:
            found = line
        goes_on = line.endswith("\\")
        if document := _HERE_DOCUMENT.search(line):
            until = document["word"]
        for mark in _QUOTES.findall(line):
            quote = mark if not quote else "" if mark == quote else quote
    return found.strip()


def _is_red_check(call: Call) -> bool:
    return is_check(call.command or "") and not (call.answer and never_ran(call.answer.text))


def _literal(step: str) -> Words:
    words = _SETTING.sub("", step).split()
    kept = words[: next((place for place, word in enumerate(words) if _PLACEHOLDER.search(word)), len(words))]
    return tuple(kept) if kept and _COMMAND.match(kept[0]) else ()


def _is_one(command: str | None, commands: Sequence[Words]) -> bool:
    steps = [_SETTING.sub("", step).split() for step in _STEP.split(command)] if command else []
    return any(tuple(step[: len(words)]) == words for step in steps for words in commands)
