"""What the dashboard refuses at the door, and what it tells browsers to refuse."""

import pytest
from fixtures.dashboard import Opened, form_token
from starlette.testclient import TestClient

DISABLE = "/learnings/check-first/decide"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "null"},
        {"Host": "evil.example"},
    ],
    ids=lambda headers: "-".join(next(iter(headers.items()))),
)
def test_an_action_from_elsewhere_is_refused(ada: TestClient, headers: dict[str, str]) -> None:
    """Also with the cookie and the right form token: another port of this host is another site's page."""
    form = {"action": "disable", "form_token": form_token(ada.get("/learnings").text)}
    assert ada.post(DISABLE, data=form, headers=headers).status_code == 403
    assert "is-disabled" not in ada.get("/learnings?q=check-first").text


@pytest.mark.parametrize("token", ["", "0" * 64, "ä"])
def test_an_action_without_the_forms_token_is_refused(ada: TestClient, token: str) -> None:
    """A cookie alone decides nothing."""
    assert ada.post(DISABLE, data={"action": "disable", "form_token": token}).status_code == 403


def test_the_token_of_another_login_is_refused(dashboard: Opened, ada: TestClient) -> None:
    """Each login has its own."""
    other = form_token(dashboard.visitor().get("/learnings").text)
    assert ada.post(DISABLE, data={"action": "disable", "form_token": other}).status_code == 403


@pytest.mark.parametrize("path", ["/learnings", "/login", "/no-such-page", "/static/x/style.css"])
def test_every_answer_forbids_what_is_not_ours(ada: TestClient, path: str) -> None:
    """Nothing inline, nothing from elsewhere, no frame around it."""
    headers = ada.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "word"),
    [("/learnings?sort=nonsense", "sort"), ("/learnings?nonsense=1", "nonsense"), ("/learnings?offset=-1", "offset")],
)
def test_a_filter_that_is_not_understood_is_told(ada: TestClient, path: str, word: str) -> None:
    """Rather than left out: a list that looks filtered and is not deceives."""
    answer = ada.get(path)
    assert answer.status_code == 400
    assert word in answer.text


@pytest.mark.parametrize("path", ["/learnings/unheard-of", "/sessions/unheard-of", "/learnings/%ff", "/nowhere"])
def test_what_is_not_there_is_told(ada: TestClient, path: str) -> None:
    """A page that says so, with the way back."""
    answer = ada.get(path)
    assert answer.status_code == 404
    assert 'href="/learnings"' in answer.text


def test_a_form_that_is_too_large_is_refused(ada: TestClient) -> None:
    """Before it is read whole."""
    assert ada.post(DISABLE, data={"reason": "x" * 3_000_000}).status_code == 413
