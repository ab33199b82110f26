"""How far hooks can be believed: what they recorded beside what the imported transcripts show, counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from worker.formats.hook_folder import HookFolder
from worker.store.hooks.records import RecordState, is_recorded, open_records

#: transcripts that show what was recorded; other words are disagreements, in the importer's own
_AGREES, _NEITHER, _NOT_SHOWN = "agrees", "neither", "not shown"


@dataclass(frozen=True, kw_only=True, slots=True)
class HookAgreement:
    #: sessions whose transcript shows what the hook recorded
    agree: int = 0
    #: sessions of a switchback whose transcript shows no rules
    not_shown: int = 0
    #: what is otherwise ("no trace", "no record", "differs") -> sessions
    disagree: Mapping[str, int] = field(default_factory=dict)
    #: sessions that took part by the hook's records, and were not imported yet
    not_imported: int = 0
    #: records whose decisions the store has not taken yet
    waiting: int = 0
    #: records with decisions that contradict their policy
    refused: int = 0
    #: lines of the spool that nobody could read
    damaged: int = 0

    @property
    def disagreements(self) -> int:
        return sum(self.disagree.values())


def hook_agreement(data_dir: Path) -> HookAgreement | None:
    """None where no hook has ever recorded anything. Raises `InvalidFile`."""
    if not is_recorded(HookFolder(data_dir)):
        return None
    with open_records(data_dir) as records:
        found, states = records.comparisons(), records.counts()
        return HookAgreement(
            agree=found.get(_AGREES, 0),
            not_shown=found.get(_NOT_SHOWN, 0),
            disagree={
                word: count for word, count in sorted(found.items()) if word not in (_AGREES, _NEITHER, _NOT_SHOWN)
            },
            not_imported=records.not_compared(),
            waiting=states[RecordState.WAITING],
            refused=states[RecordState.REFUSED],
            damaged=records.damaged(),
        )
