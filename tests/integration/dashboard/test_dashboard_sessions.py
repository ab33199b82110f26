"""The list of sessions and the page of one."""

import json
import re
from pathlib import Path

import pytest
from fixtures.dashboard import Opened, copied, opened
from fixtures.team import SESSIONS
from starlette.testclient import TestClient

from worker.store.shapes.sessions import Ending

FIRST_FINISHED = f"simulated-{SESSIONS - 4:04}"


def test_sessions_are_listed_newest_first(ada: TestClient) -> None:
    """Page by page, with the way to older ones; those at work are told from those that are finished."""
    page = ada.get("/sessions").text
    found = re.findall(r'href="/sessions/(simulated-\d+)"', page)
    assert found == [f"simulated-{number:04}" for number in range(SESSIONS - 1, SESSIONS - 31, -1)]
    assert "offset=30" in page
    assert re.findall(r'href="/sessions/(simulated-\d+)"', ada.get("/sessions?state=attributing").text) == found[:3]
    assert re.findall(r'href="/sessions/(simulated-\d+)"', ada.get("/sessions?q=simulated-0007").text) == [
        "simulated-0007"
    ]


def test_uses_are_highlighted_where_they_stand(dashboard: Opened, ada: TestClient) -> None:
    """Each quote of each used learning, in its message, with the learning's number; and no other text."""
    page = ada.get(f"/sessions/{FIRST_FINISHED}").text
    used = [r for r in dashboard.sources.store.records(FIRST_FINISHED) if r.was_activated]
    marks = re.findall(r"<mark>([^<]*)<sup>", page)
    assert sorted(marks) == sorted(signal.span for record in used for signal in record.activation_signals)
    for record in used:
        assert all(f'id="m{point}"' in page for point in record.activation_points)


def test_the_parts_add_up_on_the_page(dashboard: Opened, ada: TestClient) -> None:
    """The sum of all attributed values is the records' sum, and each learning's parts are its own."""
    page = ada.get(f"/sessions/{FIRST_FINISHED}").text
    records = dashboard.sources.store.records(FIRST_FINISHED)
    total = sum(record.attributed_value for record in records)
    shown = re.search(r"All together</span> <b>([^<]+)</b>", page)
    assert shown is not None
    assert float(shown[1].replace("−", "-")) == pytest.approx(total, abs=6e-5)
    for card in re.findall(r'<div class="card used.*?</div>', page, re.DOTALL):
        parts = [float(cell.replace("−", "-")) for cell in re.findall(r'<td class="n">([+−]?[\d.]+)</td></tr>', card)]
        if parts:
            assert sum(parts[:-1]) == pytest.approx(parts[-1], abs=1e-4 * len(parts))


def test_the_event_can_be_had_as_it_came(ada: TestClient) -> None:
    """Byte by byte; on the page it stands without what was said."""
    assert json.loads(ada.get(f"/sessions/{FIRST_FINISHED}/event.json").text)["session_id"] == FIRST_FINISHED
    assert "&#34;transcript&#34;: &#34;…&#34;" in ada.get(f"/sessions/{FIRST_FINISHED}").text


@pytest.mark.parametrize(
    ("transcripts", "token", "sees_all", "sees_quotes"),
    [
        ("shown", "may-act", True, True),
        ("shown", "look", False, True),
        ("quotes", "may-act", False, True),
        ("hidden", "may-act", False, False),
    ],
)
def test_who_sees_what_was_said(
    filled: Path, tmp_path: Path, transcripts: str, token: str, *, sees_all: bool, sees_quotes: bool
) -> None:
    """By the setting, and never more than quotes for who may only look; the event follows the same rule."""
    environ = {"STORE_READ_TOKEN": "look", "STORE_WRITE_TOKEN": "may-act", "WEB__TRANSCRIPTS": transcripts}
    with opened(copied(filled, tmp_path / "d"), **environ) as found:
        visitor = found.visitor(is_logged_in=False)
        visitor.post("/login", data={"token": token})
        page = visitor.get(f"/sessions/{FIRST_FINISHED}").text
        assert ("That is done." in page) is sees_all
        assert ("<mark>" in page) is sees_quotes
        assert (visitor.get(f"/sessions/{FIRST_FINISHED}/event.json").status_code == 200) is sees_all


def test_sessions_are_chosen_by_ending_project_and_state_together(dashboard: Opened, ada: TestClient) -> None:
    """As the store has them, those that are not in the state left out; links to older ones keep every filter."""
    store = dashboard.sources.store
    bad, facets = store.find_sessions(outcome="bad", limit=10_000), store.find_sessions(limit=1)
    page = ada.get("/sessions?outcome=bad&state=finished").text
    found = re.findall(r'href="/sessions/(simulated-\d+)"', page)
    assert found == sorted(bad.session_ids[:30], reverse=True)
    assert f'<option value="bad" selected>bad ({facets.outcomes[Ending.BAD]})</option>' in page
    assert "/sessions?state=attributing&amp;outcome=bad" in page
    assert ("outcome=bad&amp;offset=30" in page) == (bad.total > 30)
    second = re.findall(
        r'href="/sessions/(simulated-\d+)"', ada.get("/sessions?outcome=bad&state=finished&offset=30").text
    )
    assert second == list(bad.session_ids[30:60])
    assert "Nothing matches" in ada.get("/sessions?outcome=bad&project=/nowhere").text
