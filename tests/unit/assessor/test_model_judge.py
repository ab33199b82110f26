"""A model as a judge: real LiteLLM against a server on this machine that speaks OpenAI's chat protocol."""

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from fixtures.language_models import Provider
from unit.assessor.homes import Home, make_home
from unit.assessor.told_sessions import replies, says, session

from assessor.archive import Archive, open_archive
from assessor.belonging import Scope
from assessor.judges.excerpt import excerpt
from assessor.judges.hearing import Hearing, hear
from assessor.judges.model import Model
from assessor.places import own_sessions
from assessor.reading import read_files
from worker.errors import ConfigurationError

#: the library loads slowly on a busy machine
pytestmark = pytest.mark.timeout(300)
TOKEN = "ghp_" + "a1B2" * 9


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home", sessions=8)


@pytest.fixture
def archive(tmp_path: Path, home: Home) -> Iterator[Archive]:
    with open_archive(tmp_path / "archive") as opened:
        read_files(own_sessions({}, home.folder), opened, Scope(project=str(home.project)))
        yield opened


def heard(home: Home, archive: Archive) -> Hearing:
    if find_spec("litellm") is None:  # to import it here would fetch its list of prices
        pytest.skip("needs LiteLLM")
    return hear(Model("openai/local"), archive, [str(home.project)], None)


def test_each_session_is_one_request_and_asked_about_once(provider: Provider, home: Home, archive: Archive) -> None:
    """A second run asks nothing; a session that changed is asked about again."""
    first = heard(home, archive)
    assert {id_: said.value for id_, said in first.judgements.items()} == {f"s{number}": 0.5 for number in range(8)}
    assert len(provider.asked) == 8
    assert provider.asked[0]["model"] == "local"
    assert "fix issue 0" in provider.asked[0]["messages"][1]["content"]
    again = heard(home, archive)
    assert (again.judgements, len(provider.asked)) == (first.judgements, 8)


@pytest.mark.parametrize(
    "content",
    [
        "It went well.",
        '{"outcome": 2, "reason": ""}',
        '{"outcome": "1", "reason": ""}',
        '{"outcome": 1}',
        '{"outcome": NaN, "reason": ""}',
        '```json\n{"outcome": 1, "reason": ""}\n```',
        "",
    ],
)
def test_an_answer_that_is_not_the_asked_json_leaves_the_session_as_it_was(
    provider: Provider, home: Home, archive: Archive, content: str
) -> None:
    """Nothing is guessed from it, and after five in a row no more is asked."""
    provider.content = content
    hearing = heard(home, archive)
    assert (hearing.judgements, hearing.failures.total(), hearing.not_asked) == ({}, 5, 3)
    assert all("not the JSON" in reason for reason in hearing.failures)
    assert all(not entry.assessment for entry in archive.sessions())


def test_a_provider_that_fails_leaves_the_session_as_it_was(provider: Provider, home: Home, archive: Archive) -> None:
    """One request each, no retries; the next run asks again and gets an unknown outcome."""
    provider.status = 500
    hearing = heard(home, archive)
    assert (hearing.judgements, len(provider.asked)) == ({}, 5)
    assert all("gave no answer" in reason for reason in hearing.failures)
    provider.status, provider.content = 200, '{"outcome": null, "reason": "It ends early."}'
    after = heard(home, archive)
    assert (len(after.judgements), after.values) == (8, {})


def test_without_the_library_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's way to say that a package is not installed."""
    monkeypatch.setitem(sys.modules, "litellm", None)
    with pytest.raises(ConfigurationError, match=r"LiteLLM is not installed.*groove-attribution\[judge\]"):
        Model("openai/local")


def test_what_a_model_reads_is_short_and_without_secrets() -> None:
    """Beginning and end of a long session; a token is gone also where the text is not cut."""
    long = session(says(f"begin with {TOKEN}"), *[replies("x" * 5_000) for _ in range(40)], says("the end"))
    text = excerpt(long)
    assert len(text) < 24_100
    assert text.startswith("person: begin with ")
    assert text.endswith("person: the end")
    assert "a1B2a1B2" not in text
    short = excerpt(session(says(f"my token is {TOKEN}"), replies("noted")))
    assert "a1B2a1B2" not in short
    assert short.endswith("assistant: noted")
    assert "ghp_" not in excerpt(session(says("y" * 1_990 + " " + TOKEN)))
