"""One session and the rules around it -> its assessment and its event: the one door into this package for a session."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from assessor.asked_commands import Asked, asked_commands, asked_in
from assessor.calls import calls_of
from assessor.event import Account, heavy_event
from assessor.in_force import InForce, Sources, beside_a_hook
from assessor.outcome import Outcome, Part, outcome, parts_of
from assessor.rules.catalogue import Rule
from assessor.signals import Heard, signals_of
from assessor.survival import LOOKS, survival
from assessor.taking_part import TakingPart, given_to_all, taking_part
from worker.formats.hook_spool import SpoolRecord
from worker.formats.transcripts.session import ReadSession


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessed:
    session: ReadSession
    in_force: InForce
    signals: tuple[Heard, ...]
    outcome: Outcome
    project: str
    #: texts of the learnings in force, by id
    texts: Mapping[str, str]
    #: learning -> what the session did with the commands that it asks for, where it ran any
    asked: Mapping[str, Asked] = field(default_factory=dict)
    #: in the experiment of the assistant's hook
    taking_part: TakingPart = field(default_factory=TakingPart)
    #: how many of the later looks at its edited lines were taken; 0 right after the session
    looks: int = 0

    def event(self, *, ended_at: int, revision: int = 0) -> dict[str, Any]:
        """See `heavy_event`; secrets are gone from it."""
        account = Account(
            session=self.session,
            project=self.project,
            in_force=self.in_force,
            texts=self.texts,
            heard=self.signals,
            outcome=self.outcome,
            taking_part=self.taking_part,
        )
        return heavy_event(account, ended_at=ended_at, revision=revision)


def assess(
    session: ReadSession,
    sources: Sources,
    rules: Mapping[str, Rule],
    *,
    now: int,
    judge: Part | None = None,
    recorded: Sequence[SpoolRecord] = (),
) -> Assessed:
    """No model is asked and nothing leaves the machine.

    `now` decides which later looks are due; `judge` is one more part of the outcome; `recorded` is what hooks recorded of the session.
    """
    calls = calls_of(session)
    heard = signals_of(session, calls)
    part = taking_part(session, recorded, rules)
    injected = part.injected if part.is_shown else given_to_all(session, rules)
    in_force = beside_a_hook(sources.in_force(session), injected, part.withheld)
    part = replace(part, withheld=tuple(id_ for id_ in part.withheld if id_ not in in_force.learning_ids))
    looked = _survivals(session, sources, now)
    texts = {id_: rules[id_].text for id_ in (*in_force.learning_ids, *part.withheld) if id_ in rules}
    asked = {id_: asked_in(commands, calls) for id_, text in texts.items() if (commands := asked_commands(text))}
    for id_ in part.withheld:
        asked.pop(id_, None)
    return Assessed(
        session=session,
        in_force=in_force,
        signals=heard,
        outcome=outcome(parts_of(session, calls, heard, survival=looked[-1] if looked else None, judge=judge)),
        project=sources.project,
        texts=texts,
        asked={id_: each for id_, each in asked.items() if each.calls},
        looks=len(looked),
        taking_part=part,
    )


def _survivals(session: ReadSession, sources: Sources, now: int) -> list[float]:
    if sources.git is None:
        return []
    looks = (survival(session, sources.git, days=days, now=now, below_top=sources.below_top) for days in LOOKS)
    return [share for share in looks if share is not None]
