"""A session without secrets: what is stored or quoted of it never held one."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from assessor.secrets import put_back, scrub_all, texts_in
from worker.domain import Block, Transcript
from worker.formats.transcripts.session import ReadSession


def scrubbed(session: ReadSession) -> ReadSession:
    """A session with each secret in its texts, calls, answers and rules replaced by a mark; itself where it holds none."""
    parts = [_parts(block) for message in session.transcript.messages for block in message.blocks]
    texts = texts_in([[rules.text for rules in session.rules], session.hook_contexts, parts])
    hidden = scrub_all(texts)
    return session if hidden == texts else _with(session, iter(hidden))


def _parts(block: Block) -> list[Any]:
    return [block.text, block.tool, block.input]


def _with(session: ReadSession, texts: Iterator[str]) -> ReadSession:
    """In the order in which they were collected."""
    return replace(
        session,
        rules=tuple(replace(rules, text=next(texts)) for rules in session.rules),
        hook_contexts=tuple(next(texts) for _ in session.hook_contexts),
        transcript=Transcript(
            messages=tuple(
                replace(message, blocks=tuple(_block(block, texts) for block in message.blocks))
                for message in session.transcript.messages
            )
        ),
    )


def _block(block: Block, texts: Iterator[str]) -> Block:
    parts = _parts(block)
    text, tool, given = put_back(parts, texts)
    return block if [text, tool, given] == parts else replace(block, text=text, tool=tool, input=given)
