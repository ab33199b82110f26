"""Fenced blocks are told apart."""

import pytest

from worker.layers.activation.fences import stretches


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one\ntwo", [(None, "one\ntwo")]),
        ("say\n```python\nx = 1\n```\ndone", [(None, "say"), ("python", "x = 1"), (None, "done")]),
        ("```\na\n```", [(None, ""), ("", "a"), (None, "")]),
        ("````\n```\na\n```\n````", [(None, ""), ("", "```\na\n```"), (None, "")]),
        ("~~~sh\n```\n~~~\nb", [(None, ""), ("sh", "```"), (None, "b")]),
        ("```md\nrule\n```sh\nmake\n```\nmore\n```\nb", [(None, ""), ("md", "rule\nmake\nmore"), (None, "b")]),
        ("```go\nnever closed", [(None, ""), ("go", "never closed")]),
        ("inline ```code``` stays", [(None, "inline ```code``` stays")]),
    ],
)
def test_stretches_in_order(text: str, expected: list[tuple[str | None, str]]) -> None:
    """Longer fences hold shorter ones, documents hold code, and what is never closed reaches to the end."""
    assert list(stretches(text)) == expected
