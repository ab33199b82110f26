"""A session without secrets: what is stored or quoted of it never held one."""

from dataclasses import replace

from pydantic import TypeAdapter

from assessor.secrets import scrub_all, scrub_tree
from worker.domain import Transcript
from worker.formats.transcripts.session import ReadSession

_TRANSCRIPT = TypeAdapter(Transcript)


def scrubbed(session: ReadSession) -> ReadSession:
    """The same session with each secret in its texts, calls, answers and rules replaced by a mark."""
    rules = scrub_all([rules.text for rules in session.rules])
    return replace(
        session,
        transcript=_TRANSCRIPT.validate_python(scrub_tree(_TRANSCRIPT.dump_python(session.transcript, mode="json"))),
        rules=tuple(replace(each, text=text) for each, text in zip(session.rules, rules, strict=True)),
        hook_contexts=tuple(scrub_all(list(session.hook_contexts))),
    )
