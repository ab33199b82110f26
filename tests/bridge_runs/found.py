"""What one fault run found."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Found:
    seed: int
    #: heavy and lightweight events published; of them, still in the log at the end; messages there, copies counted
    events: int = 0
    in_log: int = 0
    messages: int = 0
    in_ledger: int = 0
    #: in the log and not in the ledger
    missing: int = 0
    #: in the ledger and never published, or with other bytes than were published; sessions in another version than a quiet run's
    wrong: list[str] = field(default_factory=list)
    #: finished sessions whose message is not in `groove.attribution`, though the log lost nothing
    unpublished: int = 0
    #: messages there whose id or bytes are none of ours
    wrongly_published: int = 0
    #: learnings whose value differs in any bit from that of a quiet run of the same events
    values: int = 0
    differing: int = 0
    #: not all was finished in time; learnings given up in a session
    unfinished: str = ""
    given_up: list[str] = field(default_factory=list)
    rewinds: int = 0
    gaps: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    bridges: int = 0
    #: bridges that ended by themselves and were started again
    restarts: int = 0
    #: statuses and seconds of the bridges that were stopped
    ends: list[tuple[int, float]] = field(default_factory=list)
    #: lines of bridges that ended in one
    tracebacks: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def is_well(self) -> bool:
        lost = self.missing or self.wrong or self.unpublished or self.wrongly_published
        ended = all(status == 0 and seconds < 10 for status, seconds in self.ends)
        is_equal = self.values and not self.differing
        return bool(ended and is_equal and not (lost or self.unfinished or self.given_up or self.tracebacks))

    def __str__(self) -> str:
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self.faults.items()))
        slowest = max((seconds for _, seconds in self.ends), default=0.0)
        statuses = sorted({status for status, _ in self.ends})
        first = (self.unfinished, *self.wrong[:3], *self.given_up[:3], *self.tracebacks[:3])
        trouble = "".join(f"; {each}" for each in first if each)
        return (
            f"seed {self.seed}: published {self.events}, in the log {self.in_log} ({self.messages} messages), "
            f"in the ledger {self.in_ledger}, missing {self.missing}, wrong {len(self.wrong)}, "
            f"attributions unpublished {self.unpublished}, wrong {self.wrongly_published}, "
            f"values equal {self.values - self.differing}/{self.values}, rewinds {self.rewinds}, gaps {self.gaps}, "
            f"bridges {self.bridges} ({self.restarts} restarted), stopped with {statuses} in {slowest:.1f} s at most, "
            f"{self.seconds:.0f} s; {faults}{trouble}"
        )
