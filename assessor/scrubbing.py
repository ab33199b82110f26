"""A session without secrets: what is stored or quoted of it never held one."""

from dataclasses import replace
from typing import Any

from assessor.secrets import scrub
from worker.domain import Block, Message, Transcript
from worker.formats.transcripts.session import ReadSession


def scrubbed(session: ReadSession) -> ReadSession:
    """The same session with each secret in its texts, calls, answers and rules replaced by a mark."""
    return replace(
        session,
        transcript=Transcript(messages=tuple(map(_message, session.transcript.messages))),
        rules=tuple(replace(rules, text=scrub(rules.text)) for rules in session.rules),
        hook_contexts=tuple(map(scrub, session.hook_contexts)),
    )


def _message(message: Message) -> Message:
    return replace(message, blocks=tuple(map(_block, message.blocks)))


def _block(block: Block) -> Block:
    text, given = scrub(block.text), block.input and _value(block.input)
    return block if text == block.text and given == block.input else replace(block, text=text, input=given)


def _value(value: Any) -> Any:
    """Every text inside, whatever holds it."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, dict):
        return {key: _value(each) for key, each in value.items()}
    return [_value(each) for each in value] if isinstance(value, list) else value
