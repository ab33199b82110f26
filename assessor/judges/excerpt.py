"""A session as a text of bounded length, without secrets: how it began and, more of it, how it ended."""

from assessor.secrets import scrub_all
from worker.domain import Block, BlockKind, Message
from worker.formats.transcripts.session import ReadSession

#: characters
_MOST = 24_000
#: of them at the end, which tells more of the outcome
_END = 18_000
_MOST_OF_WORDS = 2_000
_MOST_OF_A_CALL = 400
_GAP = "\n[…]\n"


def excerpt(session: ReadSession) -> str:
    """At most 24,000 characters and the mark of a gap."""
    said = [(_who(session, message), block) for message in session.transcript.messages for block in message.blocks]
    # cut with room to spare before secrets are looked for, so that none is cut in two and missed
    texts = scrub_all([block.text[: 2 * _most(block)] for _, block in said])
    whole = "\n".join(f"{who}: {_told(block, text)}" for (who, block), text in zip(said, texts, strict=True))
    return whole if len(whole) <= _MOST else whole[: _MOST - _END] + _GAP + whole[-_END:]


def _who(session: ReadSession, message: Message) -> str:
    if message.message_idx in session.speakers:
        return "person"
    return "assistant" if message.role == "assistant" else "tools"


def _told(block: Block, text: str) -> str:
    most = _most(block)
    short = text if len(text) <= most else f"{text[:most]} […]"
    return short if block.kind is BlockKind.TEXT else f"[{block.kind}:{block.tool}] {short}"


def _most(block: Block) -> int:
    return _MOST_OF_WORDS if block.kind is BlockKind.TEXT else _MOST_OF_A_CALL
