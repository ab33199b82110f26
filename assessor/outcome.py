"""How a session went, as a number in [−1, 1] with the parts that it is made of; unknown where there is no part.

The mean of the parts, weighted by how much each says (strongest first): what is left of the edits later, edits undone, abandoned
work, work handed over at a person's word, a refusal, the last check's exit code, an interruption, praise at the end. The number
of failed calls is no part: it has no gradient with success. A judge that a person asked for is one more part, once it has shown that it
agrees with their labels; its weight, at most 2, comes from that (`judges.agreement`).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from assessor.calls import Call
from assessor.commands import hands_over
from assessor.phrases import asks_to_hand_over, praises
from assessor.signals import Heard, prompts_of
from worker.domain import SignalKind
from worker.formats.transcripts.session import ReadSession

#: kind of a part -> (value, weight); the sign of a check's value is its status
_STRENGTH = {
    "revert": (-1.0, 3.0),
    "abandoned": (-1.0, 3.0),
    "accepted": (1.0, 2.0),
    "rejection": (-0.5, 1.0),
    "build_status": (0.5, 1.0),
    "interruption": (-0.5, 0.5),
    "positive": (1.0, 0.5),
}
_SURVIVAL_WEIGHT = 3.0
#: total weight at which the confidence is ½
_HALF = 2.0
#: parts that go with another kind
_GOES_WITH = {"abandoned": frozenset({"interruption", "rejection"})}
_QUOTE = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    kind: str
    #: in [−1, 1]
    value: float
    weight: float
    #: where it shows; None: not in the session
    message_idx: int | None = None
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    #: in [−1, 1]; None: unknown
    value: float | None
    #: in [0, 1)
    confidence: float
    parts: tuple[Part, ...]

    def without(self, kinds: Collection[str]) -> "Outcome":
        """The outcome without the parts that a learning moves itself."""
        kept = tuple(
            part
            for part in self.parts
            if part.kind not in kinds and not _GOES_WITH.get(part.kind, frozenset()) & set(kinds)
        )
        return self if len(kept) == len(self.parts) else outcome(kept)


def outcome(parts: Sequence[Part]) -> Outcome:
    weight = sum(part.weight for part in parts)
    value = round(sum(part.value * part.weight for part in parts) / weight, 6) if weight else None
    return Outcome(value=value, confidence=round(weight / (weight + _HALF), 6), parts=tuple(parts))


def parts_of(
    session: ReadSession,
    calls: Sequence[Call],
    heard: Sequence[Heard],
    *,
    survival: float | None = None,
    judge: Part | None = None,
) -> tuple[Part, ...]:
    """`survival`: share of the session's edited lines that are still there some time later; None: not known yet.

    `judge`: what a judge says that has shown its agreement; None: there is none.
    """
    last = _last_human_act(session, heard)
    handed_over = [call for call in calls if (command := call.command) and hands_over(command) and _went_well(call)]
    found = [
        *_accepted(session, handed_over),
        *_first(heard, SignalKind.REVERT, "revert"),
        *_last_check(heard),
        *_praise(session),
    ]
    if last is not None and last.kind in {SignalKind.INTERRUPTION, SignalKind.REJECTION} and not handed_over:
        found.append(_part("abandoned", last.message_idx, str(last.kind)))
    else:
        found += [
            *_first(heard, SignalKind.REJECTION, "rejection"),
            *_first(heard, SignalKind.INTERRUPTION, "interruption"),
        ]
    if survival is not None:
        found.append(
            Part(
                kind="survival",
                value=2 * survival - 1,
                weight=_SURVIVAL_WEIGHT,
                detail=f"{survival:.0%} of the edited lines",
            )
        )
    return (*found, judge) if judge else tuple(found)


def _last_human_act(session: ReadSession, heard: Sequence[Heard]) -> Heard | None:
    """The last stop or refusal, unless the person said something after it."""
    spoke = max((message_idx for message_idx, _, _ in prompts_of(session)), default=-1)
    acts = [each for each in heard if each.kind in {SignalKind.INTERRUPTION, SignalKind.REJECTION}]
    return acts[-1] if acts and acts[-1].message_idx >= spoke else None


def _accepted(session: ReadSession, handed_over: Sequence[Call]) -> Iterator[Part]:
    for message_idx, _, text in prompts_of(session):
        words = asks_to_hand_over(text)
        if words and any(call.message_idx > message_idx for call in handed_over):
            yield _part("accepted", message_idx, words)
            return


def _last_check(heard: Sequence[Heard]) -> Iterator[Part]:
    checks = [each for each in heard if each.kind is SignalKind.BUILD_STATUS]
    if checks:
        value, weight = _STRENGTH["build_status"]
        yield Part(
            kind="build_status",
            value=value if checks[-1].passed else -value,
            weight=weight,
            message_idx=checks[-1].message_idx,
            detail=checks[-1].detail,
        )


def _praise(session: ReadSession) -> Iterator[Part]:
    """Only as the last word: earlier praise was for something else."""
    prompts = list(prompts_of(session))
    if len(prompts) > 1 and (words := praises(prompts[-1][2])):
        yield _part("positive", prompts[-1][0], words)


def _first(heard: Sequence[Heard], kind: SignalKind, part: str) -> Iterator[Part]:
    first = next((each for each in heard if each.kind is kind), None)
    if first is not None:
        yield _part(part, first.message_idx, first.detail)


def _part(kind: str, message_idx: int, detail: str) -> Part:
    value, weight = _STRENGTH[kind]
    return Part(kind=kind, value=value, weight=weight, message_idx=message_idx, detail=detail[:_QUOTE])


def _went_well(call: Call) -> bool:
    return call.was_carried_out and not call.failed
