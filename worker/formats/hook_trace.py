"""The trace that an injection leaves in the assistant's context, and so in the transcript: one HTML comment that names what was injected.

`<!-- groove {"policy":"…","conversation":"…","injected":["1a2b3c4d"],"withheld":[]} -->` stands on a line of its own in every part of the
injected text, also where all of it is withheld: a session without a trace took no part. Learnings are named by their `mark`.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from worker.errors import InvalidEvent
from worker.formats.wire import Identifier, Incoming, read_json_object, validated

_COMMENT = re.compile(r"<!-- groove (\{[^\n]*?\}) -->")


@dataclass(frozen=True, kw_only=True, slots=True)
class HookTrace:
    policy_version: str
    conversation_id: str
    #: marks of what stands in this part's text; of a text that was split the parts belong together
    injected: tuple[str, ...] = ()
    #: marks of all that was withheld, in every part
    withheld: tuple[str, ...] = ()


class _Trace(Incoming):
    policy: Identifier
    conversation: Identifier
    injected: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    withheld: tuple[Annotated[str, Field(min_length=1)], ...] = ()


def trace_comment(trace: HookTrace) -> str:
    """In ASCII, and nothing in it ends the comment."""
    document = {
        "policy": trace.policy_version,
        "conversation": trace.conversation_id,
        "injected": trace.injected,
        "withheld": trace.withheld,
    }
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":")).replace(">", "\\u003e")
    return f"<!-- groove {text} -->"


def names_a_trace(text: str) -> bool:
    """Whether a text that a harness put into the context is one of ours."""
    return _COMMENT.search(text) is not None or gives_all(text)


def gives_all(text: str) -> bool:
    """Whether a hook gave all learnings in it, since the session takes no part: `<!-- groove-all CONVERSATION -->`."""
    return "<!-- groove-all " in text


def traces_in(texts: Iterable[str]) -> list[HookTrace]:
    """Traces of all injected parts, in their order; a comment that cannot be read is none."""
    found = []
    for text in texts:
        for comment in _COMMENT.finditer(text):
            try:
                read = validated(_Trace, read_json_object(comment[1].encode("utf-8", "replace")))
            except InvalidEvent:
                continue
            found.append(
                HookTrace(
                    policy_version=read.policy,
                    conversation_id=read.conversation,
                    injected=read.injected,
                    withheld=read.withheld,
                )
            )
    return found
