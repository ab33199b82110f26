"""Whether a session took part in the experiment, and with what: what its transcript shows counts, checked against what the hook recorded.

A hook leaves a trace in the text that it injects. A session without a trace took no part, whatever the hook meant to do; a learning that
was drawn but does not stand in the trace was neither injected nor withheld. A switchback's trace stands in a rules file. Many transcripts
do not show those: then what the file held when the session began counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePath
from typing import Protocol

from assessor.rules.catalogue import Rule
from worker.formats.hook_spool import SpoolRecord
from worker.formats.hook_switchback import SOURCE
from worker.formats.hook_trace import HookTrace, gives_all, traces_in
from worker.formats.learnings_file import PLACE
from worker.formats.transcripts.session import ReadSession


class Agreement(StrEnum):
    """What the transcript shows beside what the hook recorded."""

    #: neither says that it took part
    NEITHER = "neither"
    AGREES = "agrees"
    #: a switchback gave it; the transcript shows no rules file, so what is known of the file counts
    NOT_SHOWN = "not shown"
    #: recorded, but nothing of it stands in the transcript: the assistant dropped it
    NO_TRACE = "no trace"
    #: it stands in the transcript, and no record of this machine tells of it: not randomised, as far as anybody knows
    NO_RECORD = "no record"
    #: not the same learnings
    DIFFERS = "differs"

    @property
    def is_disagreement(self) -> bool:
        return self not in (Agreement.NEITHER, Agreement.AGREES, Agreement.NOT_SHOWN)


@dataclass(frozen=True, kw_only=True, slots=True)
class TakingPart:
    agreement: Agreement = Agreement.NEITHER
    #: what the session was given is known: by a trace, or by a switchback's file
    is_shown: bool = False
    policy_version: str = ""
    conversation_id: str = ""
    #: ids, by the transcript
    injected: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    #: chance of being withheld, of those that were drawn as recorded; 0 for others
    probabilities: Mapping[str, float] = field(default_factory=dict)


class HookRecords(Protocol):
    """What hooks recorded on this machine."""

    def of_session(self, session_id: str) -> Sequence[SpoolRecord]:
        """Oldest first."""
        ...

    def compared(self, session_id: str, agreement: Agreement) -> None:
        """What was found out about them."""
        ...


class NoRecords(HookRecords):
    def of_session(self, session_id: str) -> Sequence[SpoolRecord]:
        return ()

    def compared(self, session_id: str, agreement: Agreement) -> None:
        pass


def taking_part(session: ReadSession, recorded: Sequence[SpoolRecord], known_ids: Iterable[str]) -> TakingPart:
    """`recorded`: of this session; `known_ids`: learnings that marks may mean."""
    rules = [text.text for text in session.rules if text.reason == "session_start"]
    traces = traces_in(session.hook_contexts) or traces_in(rules)
    draw = next((record for record in recorded if record.takes_part), None)
    if not traces and not rules and draw is not None and draw.source == SOURCE:
        return _by_record(draw)
    if not traces:
        was_printed = draw is not None and any(record.is_printed for record in recorded if record.takes_part)
        return TakingPart(agreement=Agreement.NO_TRACE if was_printed else Agreement.NEITHER)
    ids = _Ids([*draw.injected, *draw.withheld] if draw else (), known_ids)
    injected = ids.meant(mark for trace in traces for mark in trace.injected)
    withheld = [id_ for id_ in ids.meant(mark for trace in traces for mark in trace.withheld) if id_ not in injected]
    return TakingPart(
        agreement=_agreement(traces, draw, injected, withheld, is_whole=ids.is_whole),
        is_shown=True,
        policy_version=traces[-1].policy_version,
        conversation_id=traces[-1].conversation_id,
        injected=tuple(injected),
        withheld=tuple(withheld),
        probabilities=_probabilities(draw, injected, withheld),
    )


def _by_record(draw: SpoolRecord) -> TakingPart:
    return TakingPart(
        agreement=Agreement.NOT_SHOWN,
        is_shown=True,
        policy_version=draw.policy_version,
        conversation_id=draw.conversation_id,
        injected=draw.injected,
        withheld=draw.withheld,
        probabilities=_probabilities(draw, draw.injected, draw.withheld),
    )


def given_to_all(session: ReadSession, rules: Mapping[str, Rule]) -> list[str]:
    """The managed learnings whose words stand in the text of a hook that gave the session all, without a draw."""
    texts = [text for text in session.hook_contexts if gives_all(text)]
    managed = {id_: rule for id_, rule in rules.items() if _is_managed(rule)} if texts else {}
    return [id_ for id_, rule in managed.items() if any(rule.text.strip() in text for text in texts)]


def _is_managed(rule: Rule) -> bool:
    return rule.unit == "bullet" and any(PurePath(place.path).parts[-2:] == PLACE.parts for place in rule.places)


def _agreement(
    traces: Sequence[HookTrace],
    draw: SpoolRecord | None,
    injected: Sequence[str],
    withheld: Sequence[str],
    *,
    is_whole: bool,
) -> Agreement:
    if draw is None:
        return Agreement.NO_RECORD
    told = {(trace.policy_version, trace.conversation_id) for trace in traces}
    is_same = (
        is_whole
        and told == {(draw.policy_version, draw.conversation_id)}
        and set(injected) == set(draw.injected)
        and set(withheld) == set(draw.withheld)
    )
    return Agreement.AGREES if is_same else Agreement.DIFFERS


def _probabilities(draw: SpoolRecord | None, injected: Sequence[str], withheld: Sequence[str]) -> dict[str, float]:
    """A learning that did not go where it was drawn to stands in no arm, and none does in a session that repeats a draw."""
    if draw is None or draw.is_repeat:
        return dict.fromkeys((*injected, *withheld), 0.0)
    as_drawn = {*draw.injected} & {*injected} | {*draw.withheld} & {*withheld}
    named = dict.fromkeys((*injected, *withheld, *draw.injected, *draw.withheld))
    return {id_: draw.probabilities.get(id_, 0.0) if id_ in as_drawn else 0.0 for id_ in named}


class _Ids:
    """Marks are beginnings of ids; what the hook recorded goes before all else that is known."""

    def __init__(self, recorded: Iterable[str], known: Iterable[str]) -> None:
        self._places = (tuple(dict.fromkeys(recorded)), tuple(known))
        #: every mark meant one learning
        self.is_whole = True

    def meant(self, marks: Iterable[str]) -> list[str]:
        found = {mark: self._one(mark) for mark in dict.fromkeys(marks)}
        self.is_whole = self.is_whole and None not in found.values()
        return list(dict.fromkeys(id_ for id_ in found.values() if id_ is not None))

    def _one(self, mark: str) -> str | None:
        for ids in self._places:
            if mark in ids:
                return mark
            begins = [id_ for id_ in ids if id_.startswith(mark)]
            if len(begins) == 1:
                return begins[0]
        return None
