"""How documents and help texts are written: short sentences, the field's words, nothing that belittles a reader's trouble."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from markdown_it import MarkdownIt
from pydantic import BaseModel

from worker.cli import COMMANDS, groove
from worker.settings import Settings

_ROOT = Path(__file__).parents[2]
#: words of a sentence
_MOST = 25
#: what is not written, and what is written instead
_WORDS = {
    r"\bone (?:(?!and\b)\w+ ){1,2}an? (?:line|second|minute|hour|day|week|month|session|task|learning)\b": "one X per Y",
    r"\b(?:simply|obviously|of course|easily|trivial(?:ly)?|needless to say)\b": "leave it out",
    r"\b(?:utili[sz]e|leverage|in order to|prior to|in case of|a number of)\b": "use, to, before, if, how many",
    r"\b(?:e\.g\.|i\.e\.|etc\.)": "for example, that is, and so on",
    r"\b(?:whitelist|blacklist|master/slave|sanity check)\b": "allow-list, deny-list, primary, check",
    r"\b(?:sign of life|signs of life|goes round|go round|manieth|hand over to the queue)\b": "heartbeat, turn of its loop, enqueue",
    r"\bplease\b": "say what to do",
}
#: what the code is read with is generated, or is a list of what was found
_NOT_WRITTEN = {"docs/settings.md", "docs/mutants.md"}


def _documents() -> list[str]:
    listed = ["git", "ls-files", "-z", "README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/*.md", "docs/**/*.md"]
    names = subprocess.run(listed, cwd=_ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return sorted({name for name in names if name and (_ROOT / name).is_file()} - _NOT_WRITTEN)


def _sentences(markdown: str) -> Iterator[tuple[int, str]]:
    """(line, sentence); a code span is a word."""
    for token in MarkdownIt().enable("table").parse(markdown):
        if token.type == "inline" and token.map:
            parts = (
                "code"
                if part.type == "code_inline"
                else part.content
                if part.type == "text"
                else " " * part.type.endswith("break")
                for part in token.children or ()
            )
            for sentence in re.split(r"(?<=[.!?:;])\s+", "".join(parts)):
                if sentence.strip():
                    yield token.map[0] + 1, sentence.strip()


def _faults(text: str) -> list[str]:
    found = [
        f"{better}: …{match[0]}…" for rule, better in _WORDS.items() for match in re.finditer(rule, text, re.IGNORECASE)
    ]
    if (words := len(text.split())) > _MOST:
        found.append(f"{words} words: {text}")
    return found


def _texts_of_commands(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    for paragraph in (command.help or "").split("\n\n"):
        yield name, paragraph
    for parameter in command.params:
        yield f"{name} {parameter.name}", getattr(parameter, "help", None) or ""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for each in command.list_commands(context):
            yield from _texts_of_commands(command.get_command(context, each) or click.Command(each), f"{name} {each}")


def _texts_of_settings(model: type[BaseModel], name: str) -> Iterator[tuple[str, str]]:
    for key, field in model.model_fields.items():
        yield f"{name}{key}", field.description or ""
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _texts_of_settings(field.annotation, f"{name}{key}.")


@pytest.mark.parametrize("name", _documents())
def test_a_document_is_written_in_short_sentences_and_plain_words(name: str) -> None:
    """No sentence of more than 25 words, none of the words that the table names."""
    told = list(_sentences((_ROOT / name).read_text()))
    assert told
    assert [f"{name}:{line}: {fault}" for line, sentence in told for fault in _faults(sentence)] == []


def test_help_texts_are_written_as_the_documents() -> None:
    """Of commands, of their options, and of settings."""
    texts = [*_texts_of_commands(groove, "groove"), *_texts_of_settings(Settings, "")]
    assert len(texts) > 2 * len(COMMANDS)
    told = ((name, sentence) for name, text in texts for _, sentence in _sentences(text))
    assert [f"{name}: {fault}" for name, sentence in told for fault in _faults(sentence)] == []


@pytest.mark.parametrize(
    "sentence",
    ["word " * 26, "One event a second arrives.", "Simply start it.", "Some files, e.g. logs.", "Please wait."],
)
def test_what_is_not_written_is_found(sentence: str) -> None:
    """Each rule finds what it is there for."""
    assert _faults(sentence)
