"""Types and scopes of commit messages, listed one by one in a rules file."""

from collections.abc import Callable

import pytest

from worker.attribution.bundle import SessionBundle
from worker.domain import Learning
from worker.layers.activation.conduct_asked import conduct_asked
from worker.layers.activation.detector import HybridDetector

Bundle = Callable[..., SessionBundle]
Make = Callable[..., Learning]

_LINES = {
    "feat": "`feat` - a new feature",
    "test": "`test` - adding or updating tests",
    "api": "A scope is mandatory. Use the nearest one: `api` - the API and its routes",
    "npm": "A scope is mandatory. Use the nearest one: `npm` - the npm client",
}


def features(bundle: Bundle, learning: Make, said: str) -> dict[str, dict[str, float]]:
    session = bundle(
        [("user", "go on"), ("assistant", said)], {id_: learning(text, id_) for id_, text in _LINES.items()}
    )
    return {id_: HybridDetector().detect(id_, session.insights, session.evidence).features for id_ in _LINES}


def test_a_type_or_a_scope_is_used_by_a_commit_of_it(bundle: Bundle, learning: Make) -> None:
    """The word alone, elsewhere, is no use of it; tests that were written are none of the type `test`."""
    found = features(
        bundle,
        learning,
        "[tool:Write] tests/test_routes.py def test_route(): ...\n[tool:Bash] npm ci\n[tool:Bash] git commit -m 'feat(api): add a route'",
    )
    assert {id_: each["code_written"] > 0 for id_, each in found.items()} == {
        "feat": True,
        "test": False,
        "api": True,
        "npm": False,
    }
    assert {id_: each["nothing_found"] for id_, each in found.items()} == {"feat": 0, "test": 1, "api": 0, "npm": 1}


@pytest.mark.parametrize("text", _LINES.values())
def test_what_a_type_describes_is_not_asked_for(text: str) -> None:
    """Its words say what such a commit is about."""
    assert conduct_asked(text) == ()
