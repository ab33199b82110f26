"""Experiment, what if, prune, settings: pages that show what others computed."""

import re
from pathlib import Path

import pytest
from fixtures.dashboard import Opened, copied, form_token, opened, settings_of
from fixtures.store import learning, record, version
from starlette.testclient import TestClient

from worker.domain import DecisionKind
from worker.operations.what_if import what_if
from worker.settings.reference import described_settings
from worker.store.cozo.store import CozoStore


def test_the_next_verdicts_come_first(dashboard: Opened, ada: TestClient) -> None:
    """Every forecast that the store has, the soonest first, with what it needs."""
    lines = [line for line in dashboard.sources.store.overview().forecasts if line.sessions_needed]
    rows = re.findall(
        r'href="/learnings/([^"]+)">(?:(?!</tr>).)*?data-label="Needs">([\d\u202f]+) sessions',
        ada.get("/experiment").text,
    )
    assert rows
    assert [(id_, int(number.replace("\u202f", ""))) for id_, number in rows] == [
        (line.learning_id, line.sessions_needed) for line in lines[:12]
    ]


def test_what_if_shows_what_the_store_says(dashboard: Opened, ada: TestClient) -> None:
    """The same learnings as `groove shadow`; empty fields stay as they are, and nothing is written."""
    values = dashboard.sources.store.values()
    page = ada.get("/what-if?ablation.min_sessions_per_arm=5&temporal.decay_rate=").text
    expected = what_if(dashboard.sources.store, dashboard.settings, ["ablation.min_sessions_per_arm=5"])
    shown = re.findall(r'<th scope="row" class="c-text"><a href="/learnings/([^"]+)"', page)
    assert sorted(shown) == sorted(change.now.learning_id for change in expected)
    assert expected
    assert dashboard.sources.store.values() == values
    assert "Change something" in ada.get("/what-if").text


@pytest.mark.parametrize("asked", ["ablation.salt=x", "web.port=1", "activation.detector=os:system"])
def test_what_if_tries_nothing_else(ada: TestClient, asked: str) -> None:
    """Neither other settings nor what would load code."""
    assert ada.get(f"/what-if?{asked}").status_code == 400


def test_what_if_tells_an_impossible_value(ada: TestClient) -> None:
    """By its name, on the page with the fields as they were given."""
    page = ada.get("/what-if?ablation.rate=7").text
    assert "ablation.rate" in page.partition('role="alert"')[2].partition("</p>")[0]
    assert 'value="7"' in page


def test_settings_are_all_there_and_secrets_are_not(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With their source; no token stands on the page."""
    monkeypatch.setenv("GROOVE_WEB_TOKEN", "very-secret")
    monkeypatch.setenv("GROOVE_BRIDGE__BATCH", "77")
    with opened(copied(filled, tmp_path / "d"), WEB_TOKEN="very-secret") as found:
        page = found.visitor().get("/settings").text
    for setting in described_settings():
        assert f">{setting.name}</code>" in page
    assert "very-secret" not in page
    assert "GROOVE_BRIDGE__BATCH" in page
    assert settings_of(tmp_path).bridge.batch == 200


def test_nothing_is_pruned_before_a_verdict(ada: TestClient, dashboard: Opened) -> None:
    """Only what is decided against may go."""
    decided = [value for value in dashboard.sources.store.values() if value.verdict.kind in ("harmful", "harmless")]
    page = ada.get("/prune").text
    assert bool(re.search("Nothing (else )?may go yet", page)) == (not decided)
    withdrawn = sum(value.status == "Deprecated" for value in dashboard.sources.store.values())
    assert ("withdrawn already" in page) == bool(withdrawn)


def test_pruned_together_and_brought_back_together(tmp_path: Path) -> None:
    """What is decided against is chosen beforehand; undo brings back status, epoch and evidence of each, once."""
    store = CozoStore(tmp_path / "store")
    store.import_learnings([learning("harms"), learning("idle"), learning("pinned")], actor="Ada", now=1)
    for number in range(700):
        was_withheld, session_id = number % 2 == 0, f"session-{number}"
        outcomes = {"harms": 0.15 if was_withheld else 0.0, "idle": 0.1, "pinned": 0.15 if was_withheld else 0.0}
        records = [
            record(id_, session_id, was_withheld=was_withheld, withhold_probability=0.5, session_outcome=outcome)
            for id_, outcome in outcomes.items()
        ]
        store.open_session(session_id, version(), list(outcomes))
        store.finish_session(session_id, version(), records=records)
    store.decide("pinned", DecisionKind.PINNED, actor="Ada", reason="", now=1000)
    store.close()
    with opened(tmp_path) as found:
        api, ada = found.sources.store, found.visitor()
        before = {value.learning_id: value for value in api.values()}
        page = ada.get("/prune").text
        chosen = re.findall(r'name="chosen" value="([^"]+)"[^>]* checked', page)
        assert chosen == ["harms", "idle"]
        form = {"form_token": form_token(page), "back": "/prune", "chosen": chosen}
        ada.post("/prune/apply", data=form)
        assert [value.learning_id for value in api.values() if value.status == "Disabled"] == ["idle", "harms"]
        told = ada.get("/prune").text
        assert "2 learnings disabled: about" in told
        batch = re.search(r'name="batch" value="([^"]+)"', told)
        assert batch is not None
        ada.post("/learnings/undo", data={"form_token": form_token(told), "batch": batch[1]})
        assert {value.learning_id: value for value in api.values()} == before
        ada.post("/learnings/undo", data={"form_token": form_token(told), "batch": batch[1]})
        assert "taken back already" in ada.get("/prune").text
