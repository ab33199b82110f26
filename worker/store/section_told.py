"""What a section's verdict says of the learnings in it: data and one sentence, no second verdict (docs/experiments.md 11)."""

from dataclasses import dataclass

from worker.domain import ExperimentResult, VerdictKind
from worker.store.shapes.sections import Section


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberTold:
    """One learning of a section; what followed its uses is its own, all else it shares."""

    learning_id: str
    #: sessions with it that used it, as a share
    activation_rate: float
    #: whether a use of it leaves a trace; else the share says nothing
    can_tell: bool
    #: what followed its uses, and how far that can be believed
    temporal_value: float
    temporal_confidence: float


@dataclass(frozen=True, kw_only=True, slots=True)
class SectionTold:
    section_id: str
    #: of all its learnings together
    verdict: VerdictKind
    members: tuple[MemberTold, ...]
    #: effect of all together, divided by their number, with the 95 % interval of that; None where there is no result yet
    mean_effect: float | None
    mean_low: float | None
    mean_high: float | None
    #: for a person
    sentence: str


def told_of(section: Section, learning_id: str) -> SectionTold:
    """`learning_id`: the section itself, or one of its learnings."""
    result, count = section.value.experiment, len(section.learnings)
    mean, low, high = _mean(result, count)
    return SectionTold(
        section_id=section.section.learning_id,
        verdict=section.value.verdict.kind,
        members=tuple(
            MemberTold(
                learning_id=each.learning_id,
                activation_rate=each.activation_rate,
                can_tell=each.can_tell,
                temporal_value=each.temporal_value,
                temporal_confidence=each.temporal_confidence,
            )
            for each in section.learnings
        ),
        mean_effect=mean,
        mean_low=low,
        mean_high=high,
        sentence=_sentence(section, is_member=learning_id != section.section.learning_id),
    )


def _mean(result: ExperimentResult | None, count: int) -> tuple[float | None, float | None, float | None]:
    if result is None or not count:
        return None, None, None
    return result.marginal_value / count, result.interval_low / count, result.interval_high / count


def _sentence(section: Section, *, is_member: bool) -> str:
    count, kind = len(section.learnings), section.value.verdict.kind
    about = f"“{kind}” is about all {count} learnings of {section.section.learning_id} together"
    if count == 1:
        return f"“{kind}” is about the one learning of {section.section.learning_id}: it is that learning's own"
    mean, low, high = _mean(section.value.experiment, count)
    each = "" if mean is None else f", {mean:+.4f} each on average ({low:+.4f} … {high:+.4f})"
    one = "this one may be better or worse than that" if is_member else "one of them may harm while the others help"
    return f"{about}{each}; {one}, and only drawing each by itself can tell (groove adopt --unit bullet)"
