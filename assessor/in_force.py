"""Which learnings were in force in a session, and how that is known: the first source that answers, file by file."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path, PurePath, PurePosixPath

from assessor.calls import calls_of
from assessor.edits import EditLog
from assessor.git_history import GitHistory
from assessor.rules.files import Family, Owner, RulesFile, as_loaded
from assessor.rules.texts import KnownTexts
from worker.formats.transcripts.session import ReadSession

#: a listing of all that was loaded, so that what it does not name was not
_COMPLETE = frozenset({"session_start", "compact"})


class Source(StrEnum):
    """From the surest to none."""

    TRANSCRIPT = "transcript"
    GIT = "git"
    EDIT = "edit"
    #: the file on disk has not changed since
    UNCHANGED = "unchanged"
    UNKNOWN = "unknown"


_ORDER = tuple(Source)


@dataclass(frozen=True, kw_only=True, slots=True)
class InForce:
    learning_ids: tuple[str, ...] = ()
    #: the weakest source that any of them rests on
    source: Source = Source.UNKNOWN
    #: per rules file that the assistant loads, as the catalogue writes its path
    files: Mapping[str, Source] = field(default_factory=dict)
    #: learnings whose text stands in a rules file that the transcript itself holds
    shown: frozenset[str] = frozenset()


def beside_a_hook(found: InForce, injected: Iterable[str], withheld: Collection[str]) -> InForce:
    """With those that a hook injected, and without those that it withheld, as the transcript shows.

    Where the transcript holds a rules file with a withheld one, it was in force all the same; where only a file's history says so, the
    learning had been moved out of the file by then.
    """
    kept = tuple(id_ for id_ in found.learning_ids if id_ in found.shown or id_ not in withheld)
    more = tuple(id_ for id_ in injected if id_ not in kept)
    source = found.source if kept or found.files or not more else Source.TRANSCRIPT
    return replace(found, learning_ids=(*kept, *more), source=source)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """All that can be asked about one project's rules files."""

    #: the project's folder; rules with a scope of its own carry it
    project: str
    files: tuple[RulesFile, ...]
    texts: KnownTexts
    git: GitHistory | None = None
    #: the project's folder from the top of the repository
    below_top: str = "."
    edits: EditLog = field(default_factory=EditLog)

    def in_force(self, session: ReadSession) -> InForce:
        """Learnings of which nobody knows whether they were in force are not named: the session gives no records for them."""
        shown = _said_in_transcript(session, self)
        found = dict.fromkeys(shown, Source.TRANSCRIPT)
        files = {str(file.path): Source.TRANSCRIPT for file in self.files if _is_told(file, session, self.project)}
        for file in self._asked(session, files):
            text, source = self._text(file, session)
            files[str(file.path)] = source
            for learning_id in self._said(text, file) if text is not None else ():
                found.setdefault(learning_id, source)
        weakest = max(found.values() or files.values(), key=_ORDER.index, default=Source.UNKNOWN)
        return InForce(learning_ids=tuple(found), source=weakest, files=files, shown=frozenset(shown))

    def _asked(self, session: ReadSession, told: Mapping[str, Source]) -> Iterable[RulesFile]:
        """Files that were loaded, or may have been, of which the transcript says nothing itself."""
        if any(text.reason in _COMPLETE for text in session.rules):
            return ()
        here = _below(session.cwd, self.project) or "."
        read = _read_files(session, here)
        return [
            file
            for file in self.files
            if str(file.path) not in told
            and file.is_loaded_by(session.harness)
            and (file.applies_from_start(here) or any(file.applies_to(path) for path in read))
        ]

    def _text(self, file: RulesFile, session: ReadSession) -> tuple[str | None, Source]:
        moment = session.started_at
        if moment is None:
            return None, Source.UNKNOWN
        if self.git is not None and file.owner is Owner.PROJECT and (path := self._git_path(file)):
            at = self.git.at(path, moment, session.branch)
            if at is not None:
                return at.text, Source.GIT
        if (text := self.edits.text_at(str(file.path), moment, file.text, file.modified_at)) is not None:
            return text, Source.EDIT
        return (file.text, Source.UNCHANGED) if 0 < file.modified_at <= moment else (None, Source.UNKNOWN)

    def _git_path(self, file: RulesFile) -> str | None:
        real = file.path.resolve()
        below = _below(str(real), self.project)
        return str(PurePosixPath(self.below_top, below)) if below else None

    def _said(self, text: str, file: RulesFile) -> tuple[str, ...]:
        loaded = text if text == file.text else as_loaded(text, file.family)
        return self.texts.said_in(
            loaded, file.family, "user" if file.owner is Owner.USER else f"project:{self.project}"
        )


def sources_of(
    project: Path, files: Iterable[RulesFile], texts: KnownTexts, *, edits: EditLog | None = None
) -> Sources:
    """Add the project's own repository, if it stands in one."""
    root = project.resolve()
    git = GitHistory(repository=root)
    top = git.top()
    return Sources(
        project=str(root),
        files=tuple(files),
        texts=texts,
        git=git if top else None,
        below_top=_below(str(root), str(top.resolve())) or "." if top else ".",
        edits=edits or EditLog(),
    )


def _said_in_transcript(session: ReadSession, sources: Sources) -> list[str]:
    """The text decides, wherever the file stood on the machine of the session."""
    scopes = (f"project:{sources.project}", "user")
    return [
        learning_id
        for rules in session.rules
        for scope in scopes
        for learning_id in sources.texts.said_in(rules.text, _family(rules.path), scope)
    ]


def _family(path: str) -> Family:
    return Family.SKILL if PurePath(path).name == "SKILL.md" else Family.CLAUDE


def _is_told(file: RulesFile, session: ReadSession, project: str) -> bool:
    """Whether the transcript holds that file's text: by its path, or by the path below the session's own folder."""
    below = _below(str(file.path), project)
    there = _slashed(session.cwd) if session.cwd else ""
    places = {str(file.path), *([below, str(PurePosixPath(there, below))] if below else [])}
    return any(_slashed(rules.path) in places for rules in session.rules)


def _slashed(path: str) -> str:
    """A Windows path with forward slashes."""
    return path.replace("\\", "/")


def _below(path: str | None, folder: str) -> str | None:
    """The path relative to the folder; None where it is not below it."""
    if path is None or not PurePath(path).is_relative_to(folder):
        return None
    return PurePath(path).relative_to(folder).as_posix()


def _read_files(session: ReadSession, here: str) -> tuple[str, ...]:
    """Files that the assistant read, relative to the project, as the session's own folder shows them."""
    paths = dict.fromkeys(call.read_path for call in calls_of(session))
    known = (
        _below(path, session.cwd) if session.cwd and PurePath(path).is_absolute() else path for path in paths if path
    )
    return tuple(PurePosixPath(here, path).as_posix() for path in known if path)
