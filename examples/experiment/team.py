"""A simulated team, nothing here is real: twenty learnings whose effects are known, and sessions that follow from what was injected.

A session has an expected outcome, lower where the task is troublesome. A learning moves it only where it was injected and used. Two
things mislead whoever only watches: signals follow the outcome whatever caused it, and one learning without effect is used mostly in
troublesome sessions.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

SEED = 7
START = datetime(2026, 1, 5, 8, tzinfo=UTC)

#: share of troublesome sessions, and the expected outcome of both kinds with no learning at work
_TROUBLESOME = 0.3
_EASY_OUTCOME, _TROUBLED_OUTCOME = -0.15, -0.4
#: a good session is a full success this often, a bad one abandoned this often
_FULL, _ABANDONED = 0.65, 0.4
_GOOD, _BAD = 0.825, -0.7
#: chance that the assistant does it without having been told
_ANYWAY = 0.08


@dataclass(frozen=True, kw_only=True)
class Simulated:
    learning_id: str
    insight: str
    #: what the assistant does where it uses the learning
    command: str
    #: on a session's outcome where it is used
    effect: float = 0.0
    #: chance of use where injected, in easy and in troublesome sessions
    use: float = 0.7
    use_in_trouble: float = 0.7
    #: share of sessions in which it is eligible
    share: float = 0.35


def _learning(learning_id: str, insight: str, command: str, **more: float) -> Simulated:
    return Simulated(learning_id=learning_id, insight=insight, command=command, **more)


LEARNINGS = (
    _learning(
        "reset-database",
        "Run `make reset-db` before each test run.",
        "make reset-db",
        effect=-0.7,
        use=0.9,
        use_in_trouble=0.9,
        share=0.8,
    ),
    _learning(
        "push-unchecked",
        "Push with `git push --no-verify` to save time.",
        "git push --no-verify",
        effect=-0.3,
        share=0.6,
    ),
    _learning(
        "check-first",
        "Run `make check` before you commit.",
        "make check",
        effect=0.6,
        use=0.9,
        use_in_trouble=0.9,
        share=0.8,
    ),
    _learning(
        "failed-first",
        "Run `pytest --last-failed` after every change.",
        "pytest --last-failed",
        effect=0.4,
        use=0.9,
        use_in_trouble=0.9,
        share=0.8,
    ),
    _learning("search-with-rg", "Search the code with `rg --hidden`.", "rg --hidden", effect=0.15, share=0.6),
    _learning(
        "bisect",
        "Use `git bisect run` to find the commit that broke it.",
        "git bisect run",
        use=0.1,
        use_in_trouble=0.95,
    ),
    _learning("format", "Format the code with `ruff format`.", "ruff format"),
    _learning("type-check", "Check the types with `mypy --strict`.", "mypy --strict"),
    _learning("frozen-lock", "Install packages with `uv sync --frozen`.", "uv sync --frozen"),
    _learning("short-log", "Read the history with `git log --oneline`.", "git log --oneline"),
    _learning("word-diff", "Review changes with `git diff --word-diff`.", "git diff --word-diff"),
    _learning("compose-logs", "Look at the services with `docker compose logs`.", "docker compose logs"),
    _learning("jq", "Read JSON answers with `jq --raw-output`.", "jq --raw-output"),
    _learning("shellcheck", "Check shell scripts with `shellcheck --severity`.", "shellcheck --severity"),
    _learning("audit", "Look for known holes with `pip-audit --strict`.", "pip-audit --strict"),
    _learning("profile", "Find slow code with `py-spy record`.", "py-spy record"),
    _learning("migrate", "Change the schema with `alembic revision`.", "alembic revision"),
    _learning("render-docs", "Build the manual with `mkdocs build`.", "mkdocs build"),
    _learning("changelog", "Write the release notes with `towncrier create`.", "towncrier create"),
    _learning("open-request", "Open the pull request with `gh pr create`.", "gh pr create"),
)
_BY_ID = {learning.learning_id: learning for learning in LEARNINGS}

_ASKS = (
    "The login page forgets the user after a minute, please repair it.",
    "Add a column for the delivery date to the orders table.",
    "The nightly export fails since Tuesday.",
    "Please make the search results load faster.",
    "Rename the billing module and keep its tests green.",
    "Customers see yesterday's prices, find out why.",
)
_THANKS = "Thank you, that is what I wanted."
_COMPLAINT = "No, that is not right, it is still broken."


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A session before it starts: all chance is drawn, only what will be injected is open."""

    number: int
    session_id: str
    is_troublesome: bool
    eligible: tuple[str, ...]
    #: those that would be used if injected, and those that would be used anyway
    uses: frozenset[str]
    uses_anyway: frozenset[str]
    #: where in [0, 1) the session's luck lies, for the outcome, its size and the reaction
    luck: tuple[float, float, float]
    ask: str


def draft_session(number: int) -> Draft:
    random = np.random.default_rng([SEED, number])
    is_troublesome = bool(random.random() < _TROUBLESOME)
    draws = random.random((len(LEARNINGS), 3))
    eligible = [
        (learning, used, anyway)
        for learning, (chosen, used, anyway) in zip(LEARNINGS, draws, strict=True)
        if chosen < learning.share
    ]
    outcome, size, reaction = random.random(3)
    return Draft(
        number=number,
        session_id=f"simulated-{number:04}",
        is_troublesome=is_troublesome,
        eligible=tuple(learning.learning_id for learning, _, _ in eligible),
        uses=frozenset(one.learning_id for one, used, _ in eligible if used < _use(one, is_troublesome)),
        uses_anyway=frozenset(one.learning_id for one, _, anyway in eligible if anyway < _ANYWAY),
        luck=(outcome, size, reaction),
        ask=_ASKS[int(random.integers(len(_ASKS)))],
    )


def _use(learning: Simulated, is_troublesome: bool) -> float:
    return learning.use_in_trouble if is_troublesome else learning.use


class Truth:
    """What the experiment is to find: by how much injecting a learning moved the expected outcome, on average over its sessions."""

    def __init__(self) -> None:
        self._effects: dict[str, list[float]] = defaultdict(list)

    def note(self, draft: Draft, injected: Collection[str], withheld: Collection[str]) -> None:
        """Exact, the other learnings being as they were: use is averaged over, and so is luck."""
        for learning_id in (*injected, *withheld):
            rest = _hidden(draft, set(injected) - {learning_id})
            learning = _BY_ID[learning_id]
            moved = _expected(rest + learning.effect) - _expected(rest)
            self._effects[learning_id].append(_use(learning, draft.is_troublesome) * moved)

    def effect(self, learning_id: str) -> float:
        return float(np.mean(self._effects[learning_id]))


def heavy_event(draft: Draft, injected: Collection[str], withheld: Collection[str]) -> dict[str, Any]:
    """The finished session, as an assessor reports it."""
    used = [one for one in draft.eligible if one in draft.uses_anyway or (one in draft.uses and one in injected)]
    outcome = _outcome(draft, injected)
    is_good = outcome in {"success", "partial"}
    is_pleased = is_good if draft.luck[2] < 0.85 else not is_good
    messages = [
        {"role": "user", "content": draft.ask},
        *({"role": "assistant", "content": f"[tool:Bash] command={_BY_ID[one].command}"} for one in used),
        {"role": "assistant", "content": "That is done."},
        {"role": "user", "content": _THANKS if is_pleased else _COMPLAINT},
    ]
    heard = {"type": "positive" if is_pleased else "negative", "pattern": "reaction", "confidence": 0.9}
    return {
        "event_id": f"{draft.session_id}-ended",
        "session_id": draft.session_id,
        "timestamp": f"{START + timedelta(minutes=20 * draft.number):%Y-%m-%dT%H:%M:%SZ}",
        "outcome": outcome,
        "active_learnings": list(injected),
        "withheld_learnings": list(withheld),
        "transcript": {"messages": messages},
        "lightweight_events": [{"message_idx": len(messages) - 1, "signals": [heard]}],
        "source": "simulated",
    }


def _outcome(draft: Draft, injected: Collection[str]) -> str:
    """The expectation is `_expected` of what is hidden."""
    chance, size, _ = draft.luck
    if chance < (_expected(_hidden(draft, injected)) - _BAD) / (_GOOD - _BAD):
        return "success" if size < _FULL else "partial"
    return "abandoned" if size < _ABANDONED else "failure"


def _hidden(draft: Draft, injected: Collection[str]) -> float:
    base = _TROUBLED_OUTCOME if draft.is_troublesome else _EASY_OUTCOME
    return base + sum(_BY_ID[one].effect for one in draft.eligible if one in injected and one in draft.uses)


def _expected(hidden: float) -> float:
    """Outcomes saturate: no session is better than good or worse than bad."""
    return min(max(hidden, _BAD), _GOOD)
