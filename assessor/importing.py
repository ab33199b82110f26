"""Sessions in the archive -> heavy events: copies told apart, rules in force found, outcomes assessed; only what changed comes out."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assessor.archive import Archive, SessionEntry
from assessor.asked_commands import call_that_failed
from assessor.outcome import Part
from assessor.project import Project, look_at
from assessor.rules.catalogue import Catalogue, Unit
from assessor.session import Assessed, assess
from assessor.survival import LOOKS
from assessor.taking_part import Agreement, HookRecords, NoRecords
from worker.formats.transcripts.copies import Shared, own_part, shared_lines
from worker.system.clock import DAY


@dataclass(frozen=True, kw_only=True, slots=True)
class Homes:
    """Where a person's own rules lie."""

    home: Path
    #: None: below the home folder
    claude: Path | None = None
    codex: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionEvent:
    """One event to be published, and what to remember once it is."""

    session_id: str
    event_id: str
    payload: bytes
    assessment: Mapping[str, Any]


@dataclass(kw_only=True, slots=True)
class AskedFor:
    """What sessions did with the commands that one learning asks for."""

    calls: int = 0
    failures: int = 0
    #: in which one ran
    sessions: int = 0
    #: in which one failed
    failing_sessions: int = 0
    #: failed call -> sessions that it came first in
    quotes: Counter[str] = field(default_factory=Counter)

    def add(self, calls: int, failures: int, quote: str) -> None:
        """Count one more session."""
        self.calls += calls
        self.failures += failures
        self.sessions += 1
        if failures:
            self.failing_sessions += 1
            self.quotes[quote] += 1


@dataclass(kw_only=True, slots=True)
class Importer:
    """Looks at projects one after the other; `catalogue` grows with each, the rest counts what was seen."""

    archive: Archive
    homes: Homes
    unit: Unit
    now: int
    catalogue: Catalogue
    #: session -> a judge's part in its outcome
    judged: Mapping[str, Part] = field(default_factory=dict)
    #: what hooks recorded on this machine
    hooks: HookRecords = field(default_factory=NoRecords)
    projects: list[Project] = field(default_factory=list)
    #: session -> the session that holds all of it
    copies: dict[str, str] = field(default_factory=dict)
    #: how the rules in force are known -> sessions
    known_by: Counter[str] = field(default_factory=Counter)
    #: learning -> what was done with the commands that it asks for
    asked: dict[str, AskedFor] = field(default_factory=dict)
    unknown_outcomes: int = 0
    sessions: int = 0

    def look(self, root: str) -> Project:
        """At a project's rules files; its sessions' edits of them count too."""
        project = look_at(
            Path(root),
            home=self.homes.home,
            known=self.catalogue,
            now=self.now,
            unit=self.unit,
            edits=self.archive.rules_edits(root),
            claude=self.homes.claude,
            codex=self.homes.codex,
        )
        self.catalogue = project.catalogue
        self.projects.append(project)
        return project

    def events(self, project: Project) -> Iterator[SessionEvent]:
        """Events of the project's sessions, where the event is new or differs from the one that was published."""
        shared = shared_lines(self.archive.footprints())
        rules = _digest([self.unit, *sorted(f"{file.path} {file.text}" for file in project.files)])
        for entry in self.archive.sessions(str(project.root)):
            share = shared.get(entry.session_id)
            if share is not None and share.is_all:
                self.copies[entry.session_id] = share.owner
                continue
            self.sessions += 1
            inputs = self._inputs(entry, share, rules)
            event = None if entry.assessment.get("inputs") == inputs else self._event(entry, share, project, inputs)
            self._count(event.assessment if event else entry.assessment)
            if event is not None and event.event_id != entry.event_id:
                yield event
            elif event is not None:
                self.archive.assessed(entry.session_id, event.assessment)

    def count(self, project: Project) -> int:
        """Only count -> events that there would be."""
        return sum(1 for _ in self.events(project))

    def _event(self, entry: SessionEntry, share: Shared | None, project: Project, inputs: str) -> SessionEvent | None:
        session = self.archive.transcript(entry.session_id)
        own = own_part(session, share) if session else None
        if own is None:
            return None
        judge = self.judged.get(entry.session_id)
        recorded = self.hooks.of_session(entry.session_id)
        rules = self.catalogue.rules
        assessed = assess(own, project.sources, rules, now=self.now, judge=judge, recorded=recorded)
        self.hooks.compared(entry.session_id, assessed.taking_part.agreement)
        document = assessed.event(ended_at=self.now, revision=entry.revision)
        return SessionEvent(
            session_id=entry.session_id,
            event_id=document["context"]["event_id"],
            payload=json.dumps(document, ensure_ascii=True).encode(),
            assessment=_summary(assessed) | {"inputs": inputs} | _kept(entry),
        )

    def _inputs(self, entry: SessionEntry, share: Shared | None, rules: str) -> str:
        """Changes when the same session may be assessed otherwise."""
        looks_due = sum(self.now >= (entry.started_at or self.now) + days * DAY for days in LOOKS)
        judge = self.judged.get(entry.session_id)
        judged = [f"{judge.value} {judge.weight} {judge.detail}"] if judge else []
        recorded = [repr(record) for record in self.hooks.of_session(entry.session_id)]
        lines = sorted(share.line_ids if share else ())
        return _digest([entry.digest, rules, str(looks_due), *lines, *judged, *recorded])

    def _count(self, assessment: Mapping[str, Any]) -> None:
        for learning_id, asked in assessment.get("asked", {}).items():
            self.asked.setdefault(learning_id, AskedFor()).add(**asked)
        self.known_by[assessment.get("in_force", "unknown")] += 1
        self.unknown_outcomes += assessment.get("outcome") is None


def _summary(assessed: Assessed) -> dict[str, Any]:
    """What a person is shown of a session."""
    session, outcome = assessed.session, assessed.outcome
    return {
        "harness": str(session.harness),
        "version": session.version,
        "model": session.model,
        "branch": session.branch,
        "messages": len(session.transcript.messages),
        "in_force": str(assessed.in_force.source),
        "learnings": len(assessed.in_force.learning_ids),
        **({"hook": str(agreement)} if (agreement := assessed.taking_part.agreement) != Agreement.NEITHER else {}),
        "outcome": outcome.value,
        "confidence": outcome.confidence,
        "parts": [
            {"kind": part.kind, "value": part.value, "weight": part.weight, "detail": part.detail}
            for part in outcome.parts
        ],
        "asked": {
            learning_id: {
                "calls": len(asked.calls),
                "failures": len(asked.failures),
                "quote": call_that_failed(asked.failures[0]) if asked.failures else "",
            }
            for learning_id, asked in assessed.asked.items()
        },
        "signals": dict(Counter(str(heard.kind) for heard in assessed.signals)),
    }


def _kept(entry: SessionEntry) -> dict[str, Any]:
    """What a judge said that is not asked again."""
    return {name: entry.assessment[name] for name in ("judged",) if name in entry.assessment}


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
