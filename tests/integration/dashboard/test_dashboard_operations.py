"""What failed and could not be read, tried again from the browser: nothing is done before it was shown."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtures.dashboard import Opened, copied, form_token, opened
from starlette.testclient import TestClient

from dashboard.words import of_them
from worker.operations.examining import examine

FAILED, LETTERS = "/operations/failed", "/operations/dead-letters"


@pytest.fixture
def changing(filled: Path, tmp_path: Path) -> Iterator[Opened]:
    with opened(copied(filled, tmp_path / "d")) as found:
        yield found


def post(visitor: TestClient, page: str, to: str, *fields: tuple[str, str]) -> str:
    """A form of this page sent -> what comes, followed to the page that it leads to."""
    token = form_token(visitor.get(page).text)
    body = [("form_token", token), ("back", page), *fields]
    answer = visitor.post(to, content="&".join(f"{name}={value}" for name, value in body))
    return visitor.get(answer.headers["location"]).text if answer.status_code == 303 else answer.text


def test_the_findings_are_the_doctors(dashboard: Opened, ada: TestClient) -> None:
    """Each that is not well stands as a card with what to do, before the facts."""
    page = ada.get("/operations").text
    for finding in examine(dashboard.settings, is_thorough=False):
        if not finding.is_well:
            is_number = finding.detail.isdecimal()
            told = of_them(int(finding.detail), finding.what) if is_number else finding.what
            assert told in page.partition("<dl")[0]
    assert f'href="{FAILED}"' in page


def test_a_dry_run_says_what_is_then_done(changing: Opened) -> None:
    """The sessions that would be processed again are those that are; they leave the list, and are at work."""
    ada = changing.visitor()
    [failed] = changing.sources.ledger.retries.failed_entries()
    shown = post(ada, FAILED, f"{FAILED}/ask", ("which", "filtered"))
    assert re.findall(r"<li>session (\S+)</li>", shown) == [failed.session_id]
    assert changing.sources.ledger.retries.failed_entries() == [failed]
    done = post(ada, FAILED, f"{FAILED}/retry", ("which", "filtered"))
    assert "1 session processed again, as soon as the stack runs." in done
    assert "Nothing failed" in done
    assert changing.sources.ledger.history.session_detail(failed.session_id).version.attempt == 2


def test_only_what_is_selected_is_tried_again(changing: Opened) -> None:
    """Nothing selected: nothing can be done, and nothing is."""
    ada = changing.visitor()
    assert "Nothing can be done here" in post(ada, FAILED, f"{FAILED}/ask", ("which", "selected"))
    [failed] = changing.sources.ledger.retries.failed_entries()
    chosen = ("chosen", failed.session_id)
    assert failed.session_id in post(ada, FAILED, f"{FAILED}/ask", ("which", "selected"), chosen)
    assert "1 session processed again" in post(ada, FAILED, f"{FAILED}/retry", ("which", "selected"), chosen)


def test_a_session_is_processed_again_from_its_page(changing: Opened) -> None:
    """A finished one, too."""
    ada = changing.visitor()
    assert "1 session processed again" in post(ada, "/sessions/simulated-0001", "/sessions/simulated-0001/retry")
    assert changing.sources.ledger.history.session_detail("simulated-0001").state == "received"


def test_letters_are_listed_with_their_reasons(dashboard: Opened, ada: TestClient) -> None:
    """Each reason is a filter; a letter's bytes are shown as text, whatever they are."""
    page = ada.get(LETTERS).text
    letters = dashboard.sources.ledger.dead_letters.find()
    assert all(letter.reason.replace("'", "&#39;") in page for letter in letters)
    assert page.count('name="chosen"') == len(letters) == 3
    script = next(letter for letter in letters if letter.reason == "not JSON: Expecting value at character 0")
    shown = ada.get(f"{LETTERS}/{script.id}").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "<script>alert" not in shown
    assert ada.get(f"{LETTERS}/999").status_code == 404
    assert ada.get(f"{LETTERS}/x").status_code == 404


def test_letters_that_still_cannot_be_read_stay(changing: Opened) -> None:
    """The dry run says so for each; doing it all the same changes nothing."""
    ada = changing.visitor()
    shown = post(ada, LETTERS, f"{LETTERS}/ask", ("which", "filtered"), ("what", "retry"))
    assert shown.count("still cannot be read") == 3
    assert "0 letters read again. 3 letters still cannot be read." in post(
        ada, LETTERS, f"{LETTERS}/do", ("which", "filtered"), ("what", "retry")
    )
    assert len(changing.sources.ledger.dead_letters.find()) == 3


def test_letters_are_given_up_one_by_one(changing: Opened) -> None:
    """Dropped ones leave the list and are found under their state."""
    ada = changing.visitor()
    assert "1 letter would be given up" in post(ada, LETTERS, f"{LETTERS}/ask", ("what", "drop"), ("chosen", "2"))
    assert "1 letter dropped" in post(ada, LETTERS, f"{LETTERS}/do", ("what", "drop"), ("chosen", "2"))
    assert [letter.id for letter in changing.sources.ledger.dead_letters.find()] == [3, 1]
    assert f'href="{LETTERS}/2"' in ada.get(f"{LETTERS}?state=dropped").text


def test_what_rests_is_told_in_words(ada: TestClient) -> None:
    """Between two runs of the embedded stack nothing is wrong with its broker, its parts and its event log."""
    page = ada.get("/operations").text
    assert page.count('not running: <code class="short">groove up</code> starts it') == 3
    assert "Error 2" not in page


@pytest.mark.parametrize(
    ("number", "what", "told"),
    [
        (1, "sessions open for more than an hour", "1 session open for more than an hour"),
        (2, "sessions open for more than an hour", "2 sessions open for more than an hour"),
        (1, "dead letters", "1 dead letter"),
        (1, "learnings failed", "1 learning failed"),
    ],
)
def test_one_of_them_is_told_as_one(number: int, what: str, told: str) -> None:
    """As a heading of a finding."""
    assert of_them(number, what) == told
