"""Conduct that a session shows by the order and kinds of its calls, each as a strength from 0 to 1."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from worker.formats.transcripts.tools import Purpose, purpose_of
from worker.layers.activation.conduct_asked import Conduct
from worker.layers.activation.evidence import ChunkKind, SessionChunks
from worker.layers.activation.reading import begins_by_reading

_TEST = re.compile(
    r"(?:^|[\s/`(])(?:pytest|tox|nox|jest|vitest|mocha|ava|rspec|phpunit|ctest|unittest|nextest|playwright test|cypress run)\b|"
    r"(?:^|[\s`(])(?:go|cargo|npm|pnpm|yarn|bun|mix|swift|dotnet|deno|rake|rails|make|just|mise|gradlew?|mvnw?|uv|hatch|task)\b[^|;&\n]{0,40}\btests?\b"
)
_CHECK = re.compile(
    r"(?:^|[\s/`(])(?:ruff|eslint|flake8|pylint|golangci-lint|clippy|biome|oxlint|shellcheck|rubocop|swiftlint|ktlint|mypy|pyright|tsc|vet|"
    r"prettier|gofmt|goimports|gofumpt|rustfmt|black|isort|pre-commit|fmt|lint\S*|type-?check|check|format)\b"
)
_BUILD = re.compile(
    r"(?:^|[\s`(])(?:go|cargo|npm|pnpm|yarn|bun|swift|dotnet|make|just|mise|docker|gradlew?|mvnw?|xcodebuild|cmake|tsc)\b[^|;&\n]{0,30}\b(?:build|compile|assemble|package)\b|^(?:make|tsc|xcodebuild|ninja)\s*$"
)
_COMMIT = re.compile(r"\bgit (?:-\S+ \S+ )*commit\b")
_PUSH = re.compile(r"\bgit (?:-\S+ \S+ )*push\b|\bgh pr (?:create|edit)\b")
_BRANCH = re.compile(r"\bgit (?:checkout -b|switch -c|branch \w|worktree add)")
_TEST_FILE = re.compile(
    r"(?:^|[/_.\- ])(?:tests?|specs?|__tests__|e2e)(?:[/_.\-]|$)|_test\.|\.(?:test|spec)\.|test_\w+\.|Tests?\.\w+$"
)
_TEST_CODE = re.compile(
    r"^\s*(?:def test_|func Test[A-Z]|it\(|test\(|describe\(|@Test\b|#\[test\]|async def test_)", re.MULTILINE
)
_DOCUMENT = re.compile(r"\.(?:mdx?|rst|adoc|txt)\b|(?:^|[/ ])docs?/|README|CHANGELOG")

#: in lower case: words of which one stands in every match, and the pattern
_CLAIMS: dict[Conduct, tuple[tuple[str, ...], re.Pattern[str]]] = {
    Conduct.TESTS: (
        ("test",),
        re.compile(r"\btests?\b[^.]{0,30}\bpass|\bran\b[^.]{0,30}\btests?\b|\brun(?:ning)?\b[^.]{0,25}\btests?\b"),
    ),
    Conduct.CHECKS: (
        ("lint", "format", "check"),
        re.compile(r"\b(?:run|ran|running|passes|clean)\b[^.]{0,30}\b(?:lint\w*|type ?check\w*|format\w*)\b"),
    ),
    Conduct.WRITES_TESTS: (
        ("test",),
        re.compile(r"\b(?:add|creat|writ|wrote|updat)\w*\b[^.]{0,40}\btests?\b"),
    ),
    Conduct.DOCUMENTS: (
        (".md", "doc", "readme", "changelog"),
        re.compile(
            r"\b(?:add|creat|writ|wrote|updat|document)\w*\b[^.]{0,60}"
            r"(?:\.md\b|\bdocs?\b|\bdocumentation\b|\breadme\b|\bchangelog\b)"
        ),
    ),
    Conduct.PLANS: (
        ("plan", "outline"),
        re.compile(r"\b(?:plan|outline)\b[^.]{0,30}:|\b(?:here['’]s|my) (?:the |my )?plan\b|\bimplementation plan\b"),
    ),
}
#: strength of what prose alone tells, and of what was done at another time than asked
_TOLD, _AT_ALL = 0.5, 0.7


@dataclass(slots=True)
class _Events:
    """Places in the session's order."""

    edits: list[int] = field(default_factory=list)
    test_edits: list[int] = field(default_factory=list)
    document_edits: list[int] = field(default_factory=list)
    looks: list[int] = field(default_factory=list)
    plans: list[int] = field(default_factory=list)
    asks: list[int] = field(default_factory=list)
    done: dict[Conduct, list[int]] = field(default_factory=dict)
    told: set[Conduct] = field(default_factory=set)
    #: transcripts may hold no calls: then they say nothing about git
    has_commands: bool = False

    def call(self, place: int, text: str) -> None:
        tool, _, named = text.partition(" ")
        match purpose_of(tool):
            case Purpose.EDIT if _TEST_FILE.search(named):
                self.test_edits.append(place)
            case Purpose.EDIT if _DOCUMENT.search(named):
                self.document_edits.append(place)
            case Purpose.EDIT:
                self.edits.append(place)
            case Purpose.READ | Purpose.SEARCH:
                self.looks.append(place)
            case Purpose.PLAN:
                self.plans.append(place)
                if tool.lower().startswith("exitplan"):
                    self.asks.append(place)
            case Purpose.ASK:
                self.asks.append(place)

    def command(self, place: int, text: str) -> None:
        self.has_commands = True
        if begins_by_reading(text):
            self.looks.append(place)
            return
        for kind, pattern in _COMMANDS.items():
            if pattern.search(text):
                self.done.setdefault(kind, []).append(place)

    def code(self, place: int, text: str) -> None:
        if _TEST_CODE.search(text):
            self.done.setdefault(Conduct.WRITES_TESTS, []).append(place)
        if "\n" not in text:
            self.command(place, text)

    def prose(self, text: str) -> None:
        lowered = text.lower()
        self.told |= {
            kind
            for kind, (words, pattern) in _CLAIMS.items()
            if kind not in self.told and any(word in lowered for word in words) and pattern.search(lowered)
        }


_OF_GIT = frozenset({Conduct.COMMITS, Conduct.PUSHES, Conduct.BRANCHES})
_COMMANDS = {
    Conduct.TESTS: _TEST,
    Conduct.CHECKS: _CHECK,
    Conduct.BUILDS: _BUILD,
    Conduct.COMMITS: _COMMIT,
    Conduct.PUSHES: _PUSH,
    Conduct.BRANCHES: _BRANCH,
}


@lru_cache(maxsize=4)
def conduct_shown(chunks: SessionChunks) -> dict[Conduct, float]:
    """How strongly a session shows each, from 0 to 1; without those of which it can tell nothing."""
    events = _Events()
    last_of: dict[int, str] = {}
    for place, (message, row, kind) in enumerate(
        zip(chunks.messages.tolist(), chunks.rows.tolist(), chunks.kinds.tolist(), strict=True)
    ):
        text = chunks.texts[row]
        match kind:
            case ChunkKind.CALL:
                events.call(place, text)
            case ChunkKind.COMMAND:
                events.command(place, text)
            case ChunkKind.CODE:
                events.code(place, text)
            case ChunkKind.PROSE:
                events.prose(text)
                last_of[message] = text
    known = {kind: measure(events) for kind, measure in _MEASURES.items() if events.has_commands or kind not in _OF_GIT}
    return known | {Conduct.ASKS: 1.0 if events.asks else 0.8 * any(text.endswith("?") for text in last_of.values())}


def _after_change(kind: Conduct) -> Callable[[_Events], float]:
    def measure(events: _Events) -> float:
        done = events.done.get(kind, [])
        changes = events.edits + events.test_edits
        if done and (not changes or max(done) > min(changes)):
            return 1.0
        return _AT_ALL if done else _TOLD * (kind in events.told)

    return measure


def _ever(kind: Conduct) -> Callable[[_Events], float]:
    return lambda events: 1.0 if events.done.get(kind) else 0.0


def _writes_tests(events: _Events) -> float:
    if events.test_edits:
        return 1.0
    return _AT_ALL if events.done.get(Conduct.WRITES_TESTS) else _TOLD * (Conduct.WRITES_TESTS in events.told)


def _documents(events: _Events) -> float:
    return 1.0 if events.document_edits else _TOLD * (Conduct.DOCUMENTS in events.told)


def _explores(events: _Events) -> float:
    first = min(events.edits + events.test_edits, default=None)
    before = sum(first is None or place < first for place in events.looks)
    return min(1.0, before / 3)


def _plans(events: _Events) -> float:
    first = min(events.edits + events.test_edits, default=None)
    if events.plans:
        return 1.0 if first is None or min(events.plans) < first else _AT_ALL
    return _TOLD * (Conduct.PLANS in events.told)


_MEASURES: dict[Conduct, Callable[[_Events], float]] = {
    Conduct.TESTS: _after_change(Conduct.TESTS),
    Conduct.CHECKS: _after_change(Conduct.CHECKS),
    Conduct.BUILDS: _after_change(Conduct.BUILDS),
    Conduct.WRITES_TESTS: _writes_tests,
    Conduct.DOCUMENTS: _documents,
    Conduct.COMMITS: _ever(Conduct.COMMITS),
    Conduct.PUSHES: _ever(Conduct.PUSHES),
    Conduct.BRANCHES: _ever(Conduct.BRANCHES),
    Conduct.EXPLORES: _explores,
    Conduct.PLANS: _plans,
}
