"""Who gets into the dashboard: by a one-time link, by a token, and who does not."""

from pathlib import Path

import pytest
from fixtures.dashboard import Opened, copied, form_token, opened

from dashboard.doors.attempts import MOST
from dashboard.doors.keys import Keys, link_token
from dashboard.doors.secret import signing_key
from dashboard.serving import check_address
from worker.errors import ConfigurationError
from worker.settings import load_settings

TOKENS = {"STORE_READ_TOKEN": "look-only", "STORE_WRITE_TOKEN": "may-act"}


def test_nobody_sees_anything_without_a_login(dashboard: Opened) -> None:
    """Pages lead to the login and back, streams and actions are refused; nothing of the data is in any answer."""
    stranger = dashboard.visitor(is_logged_in=False)
    page = stranger.get("/learnings?verdict=keep")
    assert (page.status_code, page.headers["location"]) == (303, "/login?next=%2Flearnings%3Fverdict%3Dkeep")
    assert stranger.get("/news").status_code == 401
    assert stranger.post("/learnings/check-first/decide", data={"action": "disable"}).status_code == 401
    assert "check-first" not in stranger.get("/login").text


def test_a_link_lets_in_once(dashboard: Opened) -> None:
    """The cookie is for HTTP alone and for this site alone; the second one who has the link stays outside."""
    link = link_token(signing_key(dashboard.settings), "Ada")
    first = dashboard.visitor(is_logged_in=False).get("/login", params={"link": link, "next": "/sessions"})
    assert (first.status_code, first.headers["location"]) == (303, "/sessions")
    cookie = first.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    second = dashboard.visitor(is_logged_in=False).get("/login", params={"link": link})
    assert second.status_code == 403
    assert "set-cookie" not in second.headers


@pytest.mark.parametrize("away", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_the_login_leads_nowhere_else(dashboard: Opened, away: str) -> None:
    """A way back that leaves the dashboard is not taken."""
    link = link_token(signing_key(dashboard.settings), "Ada")
    answer = dashboard.visitor(is_logged_in=False).get("/login", params={"link": link, "next": away})
    assert answer.headers["location"] == "/"


def test_a_link_made_with_another_key_is_none(dashboard: Opened) -> None:
    """Nor is a cookie."""
    stranger = dashboard.visitor(is_logged_in=False)
    assert stranger.get("/login", params={"link": link_token(b"x" * 32, "Eve")}).status_code == 403
    stranger.cookies.set("groove_login", Keys(b"x" * 32, hours=1).cookie_for("Eve", may_act=True))
    assert stranger.get("/learnings").status_code == 303


def test_tokens_let_in_and_the_read_token_only_looks(filled: Path, tmp_path: Path) -> None:
    """The write token lets act, the read token shows no button and has its form refused; a wrong one is told so."""
    with opened(copied(filled, tmp_path / "d"), **TOKENS) as found:
        reader, wrong = found.visitor(is_logged_in=False), found.visitor(is_logged_in=False)
        assert wrong.post("/login", data={"token": "guess"}).status_code == 403
        assert reader.post("/login", data={"token": "look-only", "name": "Rea"}).status_code == 303
        page = reader.get("/learnings").text
        assert "check-first" in page
        assert "/decide" not in page
        form = {"action": "disable", "form_token": form_token(page)}
        assert reader.post("/learnings/check-first/decide", data=form).status_code == 403
        assert reader.post("/logout", data={"form_token": form_token(page)}).status_code == 303
        assert reader.get("/learnings").status_code == 303
        writer = found.visitor(is_logged_in=False)
        assert writer.post("/login", data={"token": "may-act", "name": "Wim"}).status_code == 303
        assert "/decide" in writer.get("/learnings").text


def test_guessing_is_slowed_down(filled: Path, tmp_path: Path) -> None:
    """After five wrong tokens in a minute not even the right one is looked at."""
    with opened(copied(filled, tmp_path / "d"), **TOKENS) as found:
        guesser = found.visitor(is_logged_in=False)
        for _ in range(MOST):
            assert guesser.post("/login", data={"token": "guess"}).status_code == 403
        assert guesser.post("/login", data={"token": "may-act"}).status_code == 429


def test_another_token_logs_everybody_out(filled: Path, tmp_path: Path) -> None:
    """The key of cookies is made from the tokens, too."""
    folder = copied(filled, tmp_path / "d")
    settings = load_settings({"GROOVE_DATA_DIR": str(folder), "GROOVE_WEB_TOKEN": "one"})
    other = load_settings({"GROOVE_DATA_DIR": str(folder), "GROOVE_WEB_TOKEN": "two"})
    cookie = Keys(signing_key(settings), hours=1).cookie_for("Ada", may_act=True)
    assert Keys(signing_key(settings), hours=1).visitor_of(cookie) is not None
    assert Keys(signing_key(other), hours=1).visitor_of(cookie) is None
    assert (folder / "web.key").stat().st_mode & 0o077 == 0


def test_beyond_loopback_a_token_is_needed(tmp_path: Path) -> None:
    """Else it does not start."""
    environ = {"GROOVE_DATA_DIR": str(tmp_path), "GROOVE_WEB__HOST": "0.0.0.0"}
    with pytest.raises(ConfigurationError, match="GROOVE_WEB_TOKEN"):
        check_address(load_settings(environ))
    check_address(load_settings(environ | {"GROOVE_WEB_TOKEN": "secret"}))
