"""Assistant messages -> chunks that one model input holds: sentences, commands, a few lines of code, calls with their input.

What the assistant did not do is left out: messages of others, what tools answered, calls that were rejected, the old side of edits. So
are rules that it only wrote down: fenced documents, and the text of rules files.
"""

import re
from collections.abc import Iterator

from worker.domain import Block, BlockKind, Message, Transcript
from worker.layers.activation.calls import done_by
from worker.layers.activation.evidence import Chunk, ChunkKind
from worker.layers.activation.fences import is_document, stretches

#: characters; the model reads 256 tokens, and a long chunk says too many things at once
MAX_PROSE = 300
MIN_CHUNK = 8
#: of a command or a call: `make ci` is one
MIN_DEED = 3
MAX_CODE = 240
CODE_LINES = 4
#: per session: beyond, a transcript is a log, and its chunks are thinned out evenly (a minute or two of embedding on two cores)
MAX_CHUNKS = 4_000
#: characters of one block that are read
MAX_BLOCK = 200_000

_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+(?=\S)")
_COMMAND_END = re.compile(r"\n|&&|;")
_RULES_FILE = re.compile(
    r"(?:\b(?:claude|claude\.local|agents|gemini)\.md|instructions\.md|\.(?:cursor|windsurf|cline)rules|\.mdc)\b",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(r"\.(?:md|mdx|markdown|rst|adoc)(?![\w./])", re.IGNORECASE)


def chunk_transcript(transcript: Transcript) -> tuple[Chunk, ...]:
    """In the transcript's order; at most `MAX_CHUNKS`."""
    chunks = [chunk for message in transcript.messages for chunk in chunk_message(message)]
    if len(chunks) <= MAX_CHUNKS:
        return tuple(chunks)
    return tuple(chunks[number * len(chunks) // MAX_CHUNKS] for number in range(MAX_CHUNKS))


def chunk_message(message: Message) -> Iterator[Chunk]:
    if message.role != "assistant":
        return
    for block in message.blocks:
        for kind, text in _pieces(block):
            stripped = text.strip()
            if len(stripped) >= (MIN_DEED if kind in (ChunkKind.COMMAND, ChunkKind.CALL) else MIN_CHUNK):
                yield Chunk(message_idx=message.message_idx, kind=kind, text=stripped)


def _pieces(block: Block) -> Iterator[tuple[ChunkKind, str]]:
    if block.kind is BlockKind.TEXT:
        yield from _prose_and_fences(block.text[:MAX_BLOCK])
    elif block.kind is BlockKind.TOOL_USE and not block.rejected:
        yield from _call(block)


def _prose_and_fences(text: str) -> Iterator[tuple[ChunkKind, str]]:
    for language, part in stretches(text):
        if language is None:
            yield from ((ChunkKind.PROSE, piece) for piece in sentences(part))
        elif not is_document(language, part):
            yield from ((ChunkKind.CODE, piece) for piece in code_groups(_added(part) if language == "diff" else part))


def _added(diff: str) -> str:
    """The diff's added lines, without their plus."""
    lines = (line for line in diff.split("\n") if line.startswith("+") and not line.startswith("+++ "))
    return "\n".join(line[1:] for line in lines)


def sentences(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        for sentence in _SENTENCE_END.split(line.strip()):
            yield from (sentence[start : start + MAX_PROSE] for start in range(0, len(sentence), MAX_PROSE))


def commands(text: str) -> Iterator[str]:
    for part in _COMMAND_END.split(text):
        command = part.strip()
        yield from (command[start : start + MAX_PROSE] for start in range(0, len(command), MAX_PROSE))


def code_groups(text: str) -> Iterator[str]:
    """Up to `CODE_LINES` lines or `MAX_CODE` characters that follow each other; blank lines do not count."""
    group: list[str] = []
    for line in (line[:MAX_CODE] for line in text.split("\n") if line.strip()):
        if group and (len(group) == CODE_LINES or sum(map(len, group)) + len(group) + len(line) > MAX_CODE):
            yield "\n".join(group)
            group = []
        group.append(line.rstrip())
    if group:
        yield "\n".join(group)


def _call(block: Block) -> Iterator[tuple[ChunkKind, str]]:
    done = done_by(block)
    if done.named:
        yield ChunkKind.CALL, f"{block.tool} {done.named}"[:MAX_PROSE]
    yield from ((ChunkKind.COMMAND, piece) for piece in commands(done.ran[:MAX_BLOCK]))
    yield from ((ChunkKind.PROSE, piece) for piece in sentences(done.said[:MAX_BLOCK]))
    for written in done.written:
        yield ChunkKind.CALL, f"{block.tool} {written.path}"[:MAX_PROSE]
        if not _RULES_FILE.search(written.path):
            kind = ChunkKind.DOCUMENT if _DOCUMENT.search(written.path) else ChunkKind.CODE
            yield from ((kind, piece) for piece in code_groups(written.text[:MAX_BLOCK]))
