"""Every session judged once, the judge compared with the labels, and what of it counts in the outcomes."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from assessor.archive import Archive, SessionEntry
from assessor.judges.agreement import Agreement, agreement
from assessor.judges.judgement import Judge, Judgement
from assessor.outcome import Part
from worker.errors import GrooveError, InvalidFile
from worker.formats.transcripts.copies import Shared, own_part, shared_lines
from worker.formats.transcripts.session import ReadSession

#: failures in a row after which a judge is not asked any more
_PATIENCE = 5
_QUOTE = 200


@dataclass(kw_only=True, slots=True)
class Hearing:
    judge: str
    judgements: dict[str, Judgement] = field(default_factory=dict)
    #: why it gave none -> sessions
    failures: Counter[str] = field(default_factory=Counter)
    #: sessions that were not asked about after too many failures
    not_asked: int = 0
    #: None: there are no labels
    agreement: Agreement | None = None
    failures_in_a_row: int = 0

    def add(self, session_id: str, judgement: Judgement | None) -> None:
        self.failures_in_a_row = 0
        if judgement is not None:
            self.judgements[session_id] = judgement

    def add_failure(self, reason: str) -> None:
        self.failures_in_a_row += 1
        self.failures[reason] += 1

    @property
    def weight(self) -> float:
        return self.agreement.weight if self.agreement else 0.0

    @property
    def values(self) -> dict[str, float]:
        return {id_: said.value for id_, said in self.judgements.items() if said.value is not None}

    def parts(self) -> dict[str, Part]:
        """Session -> the judge's part in its outcome; none while it is not believed."""
        if not self.weight:
            return {}
        return {
            id_: Part(kind="judge", value=value, weight=self.weight, detail=f"{self.judge}: {self._says(id_)}")
            for id_, value in self.values.items()
        }

    def _says(self, session_id: str) -> str:
        return self.judgements[session_id].says[:_QUOTE]


def hear(judge: Judge, archive: Archive, projects: Iterable[str], labels: Mapping[str, float] | None) -> Hearing:
    """Ask for the sessions of these projects; `labels` by session, None where there are none."""
    hearing = Hearing(judge=judge.name)
    for entry, share in _sessions(archive, projects):
        if judge.is_asked_once and hearing.failures_in_a_row >= _PATIENCE:
            hearing.not_asked += 1
            continue
        try:
            hearing.add(entry.session_id, _judged(judge, archive, entry, share))
        except GrooveError as error:
            hearing.add_failure(str(error))
    if labels is not None:
        hearing.agreement = agreement(labels, hearing.values)
    return hearing


def _sessions(archive: Archive, projects: Iterable[str]) -> Iterator[tuple[SessionEntry, Shared | None]]:
    """Each with what it shares with others; without copies."""
    shared = shared_lines(archive.footprints())
    for entry in (entry for project in projects for entry in archive.sessions(project)):
        share = shared.get(entry.session_id)
        if share is None or not share.is_all:
            yield entry, share


def _judged(judge: Judge, archive: Archive, entry: SessionEntry, share: Shared | None) -> Judgement | None:
    reader = _reader(archive, entry, share)
    if not judge.is_asked_once:
        return judge.judge(entry.session_id, reader)
    asked = {"judge": judge.name, "content": _digest(entry, share)}
    kept: dict[str, Any] = entry.assessment.get("judged", {})
    if asked.items() <= kept.items():
        return Judgement(value=kept["value"], says=kept["says"])
    judgement = judge.judge(entry.session_id, reader)
    if judgement is not None:
        archive.assessed(entry.session_id, {**entry.assessment, "judged": asked | asdict(judgement)})
    return judgement


def _digest(entry: SessionEntry, share: Shared | None) -> str:
    return sha256("\0".join([entry.digest, *sorted(share.line_ids if share else ())]).encode()).hexdigest()


def _reader(archive: Archive, entry: SessionEntry, share: Shared | None) -> Callable[[], ReadSession]:
    def read() -> ReadSession:
        session = archive.transcript(entry.session_id)
        if session is None:
            raise InvalidFile(f"session {entry.session_id} is not in the archive: it cannot be judged")
        return own_part(session, share) or session

    return read
