"""What was seen around a learning's uses, counted without any randomisation: what followed them, and what followed elsewhere.

These are counts of sessions, not effects: a learning that is used in hard sessions is followed by failures that it did not cause.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from worker.domain import Answer, AttributionRecord, Signal, SignalKind

#: shows what a failed call was, or what a person said
_QUOTE = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """Counts over the sessions that had the learning injected."""

    learning_id: str
    #: sessions that had it injected
    in_force: int = 0
    #: of these, sessions that used it
    used: int = 0
    #: of these, sessions of which it cannot be told: they count in no other number
    cannot_tell: int = 0
    #: signal kind -> sessions in which such a bad signal followed a use
    after_use: Mapping[str, int] = field(default_factory=dict)
    #: signal kind -> sessions without a use in which there was such a bad signal
    elsewhere: Mapping[str, int] = field(default_factory=dict)
    #: failed calls that followed a use and name what the learning asks for
    named_failures: int = 0
    #: sessions in which there was one
    sessions_with_named_failures: int = 0
    #: what speaks most clearly against it, else for its use; empty where it was never used
    quote: str = ""

    @property
    def share_of_failing_uses(self) -> float:
        """Sessions in which a use was followed by a failure that names the learning, of all that used it."""
        return self.sessions_with_named_failures / self.used if self.used else 0.0


def observe(learning_id: str, records: Iterable[AttributionRecord]) -> Observed:
    """Count over the learning's records; those of sessions that it was withheld from are left out. Their order is of no account."""
    injected = sorted((r for r in records if not r.was_withheld), key=lambda r: (r.timestamp, r.session_id))
    used = [record for record in injected if record.was_activated]
    named = [failures for record in used if (failures := _named_failures(record))]
    return Observed(
        learning_id=learning_id,
        in_force=len(injected),
        used=len(used),
        cannot_tell=sum(record.answer is Answer.CANNOT_TELL for record in injected),
        after_use=_by_kind(tuple(c.signal for c in record.temporal_contributions) for record in used),
        elsewhere=_by_kind(record.signals for record in injected if record.answer is Answer.NOT_USED),
        named_failures=sum(map(len, named)),
        sessions_with_named_failures=len(named),
        quote=(_worst(named) or _followed(used) or _used(used))[:_QUOTE],
    )


def _by_kind(sessions: Iterable[tuple[Signal, ...]]) -> dict[str, int]:
    counts = Counter(
        kind for signals in sessions for kind in {signal.kind.value for signal in signals if not signal.is_positive}
    )
    return dict(sorted(counts.items()))


def _named_failures(record: AttributionRecord) -> list[Signal]:
    """Failures whose command is itself one of the uses."""
    uses: dict[int, list[str]] = {}
    for use in record.activation_signals:
        uses.setdefault(use.message_idx, []).append(use.span)
    return [
        each.signal
        for each in record.temporal_contributions
        if each.signal.kind is SignalKind.TOOL_FAILURE
        and _is_a_use(_command(each.signal), uses.get(each.activation_point, ()))
    ]


def _is_a_use(command: str, spans: Iterable[str]) -> bool:
    words = re.compile(rf"(?<!\w){re.escape(command)}(?!\w)")
    return bool(command) and any(words.search(span) for span in spans)


def _command(signal: Signal) -> str:
    """Between the tool's name and what it answered; empty where only the tool is known."""
    return signal.detail.partition(": ")[2].partition(" → ")[0].strip()


def _worst(named: list[list[Signal]]) -> str:
    """The failed call that was seen most often, the first of equals."""
    counts = Counter(signal.detail for failures in named for signal in failures)
    return max(counts, key=lambda detail: counts[detail]) if counts else ""


def _followed(used: list[AttributionRecord]) -> str:
    """What weighs most against a use: the nearest and surest bad signal that tells any words."""
    bad = [c for record in used for c in record.temporal_contributions if not c.signal.is_positive and c.signal.detail]
    worst = max(bad, key=lambda c: c.weight * c.signal.confidence, default=None)
    return worst.signal.detail if worst else ""


def _used(used: list[AttributionRecord]) -> str:
    surest = max(used, key=lambda record: record.activation_confidence, default=None)
    return surest.activation_signals[0].span if surest and surest.activation_signals else ""
