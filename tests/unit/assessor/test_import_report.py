"""What the table of an import says of one rule."""

import pytest

from assessor.importing import AskedFor
from worker.cli.import_report import failed_in
from worker.layers.aggregation.observed import Observed

#: uses were found by similar words, and another call failed after them
_SEEN = Observed(
    learning_id="l", in_force=98, used=33, sessions_with_named_failures=23, quote="Bash: rtk bun run test → error"
)


@pytest.mark.parametrize(
    ("rule", "asked", "expected"),
    [
        ("List providers: `bun run cli evaluate --help`", AskedFor(), (0, "")),
        ("Run the tests with `rtk bun test`", AskedFor(calls=9, sessions=4), (0, "")),
        ("Look before you leap", AskedFor(), (23, "Bash: rtk bun run test → error")),
    ],
)
def test_calls_of_others_are_not_the_rules_own(rule: str, asked: AskedFor, expected: tuple[int, str]) -> None:
    """A rule that names a command has failed where that command did; only of one that names none its uses tell."""
    assert failed_in(rule, asked, _SEEN) == expected


def test_the_call_that_failed_in_most_sessions_is_the_quote() -> None:
    """Of the rule's own calls."""
    asked = AskedFor()
    for quote in ("a → b", "c → d", "c → d"):
        asked.add(calls=2, failures=1, quote=quote)
    assert failed_in("Run `rtk bun test`", asked, _SEEN) == (3, "c → d")
