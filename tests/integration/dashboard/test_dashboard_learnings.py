"""The leaderboard and the page of one learning."""

import csv
import io
import re
from pathlib import Path

from fixtures.dashboard import Opened, copied, form_token, opened, settings_of
from fixtures.store import learning
from starlette.testclient import TestClient

from dashboard.words import signed
from worker.store.cozo.store import CozoStore


def ids_of(page: str) -> list[str]:
    return re.findall(r'<th scope="row" class="c-text"><a href="/learnings/([^"]+)"', page)


def test_the_leaderboard_has_what_the_api_has(dashboard: Opened, ada: TestClient) -> None:
    """Every learning once, best first, each with its verdict in words and its interval as a picture and in digits."""
    page = ada.get("/learnings").text
    values = dashboard.sources.store.values()
    assert ids_of(page) == [value.learning_id for value in values]
    assert page.count('class="chart row"') == len(values)
    for value in values:
        assert f'<span class="verdict of-{value.verdict.kind}">' in page


def test_filters_and_order_are_in_the_address(dashboard: Opened, ada: TestClient) -> None:
    """Words, order and verdict together, whatever the words' case; every other link of the list keeps them."""
    page = ada.get("/learnings?q=RUN+%60&sort=sessions").text
    values = [value for value in dashboard.sources.store.values() if value.learning_id in _RUN]
    values.sort(key=lambda value: -value.session_count)
    assert ids_of(page) == [value.learning_id for value in values]
    assert 'href="/learnings?q=RUN+%60&amp;sort=sessions&amp;verdict=keep"' in page
    assert "/learnings.csv?q=RUN+%60&amp;sort=sessions" in page


#: their texts begin with "Run `"
_RUN = {"reset-database", "check-first", "failed-first"}


def test_nothing_that_matches_is_told(ada: TestClient) -> None:
    """With the way back to all."""
    assert "Nothing matches" in ada.get("/learnings?q=no-such-words").text


def test_the_csv_has_the_pages_learnings(ada: TestClient) -> None:
    """Same filter, same order; every column has a name."""
    page, answer = ada.get("/learnings?q=check"), ada.get("/learnings.csv?q=check")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["learning_id"] for row in rows] == ids_of(page.text)
    assert None not in rows[0]
    assert "attachment" in answer.headers["content-disposition"]


def test_an_empty_store_says_what_to_do(tmp_path: Path) -> None:
    """The first thing that a new user sees."""
    CozoStore(tmp_path / "store").close()
    with opened(tmp_path) as found:
        page = found.visitor().get("/learnings").text
        assert "No learnings yet" in page
        assert "groove import" in page
        assert settings_of(tmp_path) == found.settings


def test_one_learning_tells_its_numbers(dashboard: Opened, ada: TestClient) -> None:
    """The sentence of the verdict, every decision, and sessions that used it first."""
    shown = dashboard.sources.store.show("check-first")
    page = ada.get("/learnings/check-first").text
    assert shown.value.verdict.reason[:20] in page
    assert "imported</b> by simulation" in page
    used = [cell == "yes" for cell in re.findall(r'data-label="Used">(?:<[^>]+>)?(yes|no)', page)]
    assert used == sorted(used, reverse=True)
    assert len(used) == 25


def test_the_interval_over_time_ends_at_todays(dashboard: Opened, ada: TestClient) -> None:
    """Its last line in the table is the learning's own interval, and the arms are as large as the store says."""
    page = ada.get("/learnings/check-first").text
    last = dashboard.sources.store.over_time("check-first").points[-1]
    assert last.result is not None
    rows = re.findall(
        r'<tr><td class="n">([\d\u202f]+)</td><td class="n">([^<]+)</td>(?:<td.*?</td>)<td class="n">([^<]+)</td>', page
    )
    ends = [float(text.replace("−", "-")) for text in rows[-1][1:]]
    assert ends == [round(last.result.interval_low, 3), round(last.result.interval_high, 3)]
    assert f"{last.sessions_with} sessions, mean" in page
    assert f"{last.sessions_without} sessions, mean" in page


def test_a_learnings_sessions_are_filtered(dashboard: Opened, ada: TestClient) -> None:
    """By arm and use, page by page; each leads to the session with this learning's uses marked."""
    page = ada.get("/learnings/check-first?arm=without&used=false&sort=newest").text
    found = dashboard.sources.store.lean_records("check-first", arm="without", used=False, sort="newest", limit=25)
    shown = re.findall(r'href="/sessions/([^"?]+)\?learning=check-first"', page)
    assert shown == [record.session_id for record in found.records]
    assert found.total


def test_a_decision_is_told_and_in_the_log(filled: Path, tmp_path: Path) -> None:
    """Who and why stand in the decision log; the next page says what was done, once."""
    with opened(copied(filled, tmp_path / "d")) as found:
        ada = found.visitor()
        token = form_token(ada.get("/learnings").text)
        form = {"action": "pin", "reason": "we like it", "form_token": token, "back": "/learnings?sort=sessions"}
        answer = ada.post("/learnings/jq/decide", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/learnings?sort=sessions")
        assert "jq is pinned" in ada.get("/learnings?sort=sessions").text
        assert "jq is pinned" not in ada.get("/learnings?sort=sessions").text
        last = found.sources.store.history("jq")[-1]
        assert (last.kind, last.actor, last.reason) == ("pinned", "Ada", "we like it")


def test_where_it_helps_and_hurts(dashboard: Opened, ada: TestClient) -> None:
    """By project, as the store says: together they have all its randomised sessions; flags and a warning stand beside them."""
    page = ada.get("/learnings/check-first").text
    rows = re.findall(
        r'<th scope="row" class="wide">(\S+) <small>project</small></th><td class="n" data-label="With">(\d+)</td>'
        r'<td class="n" data-label="Without">(\d+)</td>',
        page,
    )
    assert {name for name, _, _ in rows} == {"shop", "billing"}
    last = dashboard.sources.store.over_time("check-first").points[-1]
    assert sum(int(number) for _, number, _ in rows) == last.sessions_with
    assert sum(int(number) for _, _, number in rows) == last.sessions_without
    groups = dashboard.sources.store.groups("check-first")
    for group in groups:
        assert f"{signed(group.effect)}: {signed(group.low)} … {signed(group.high)}" in page
    assert f"{len(groups)} comparisons:" in page
    assert page.count("differs from the rest</span>") == sum(group.differs for group in groups)


def test_a_sections_verdict_is_told_on_every_page_of_it(filled: Path, tmp_path: Path) -> None:
    """In the words of `groove show`, with links from each to the others; no other learning hears of it."""
    with opened(copied(filled, tmp_path / "d")) as found:
        ada, store = found.visitor(), found.sources.store
        store.import_learnings([learning("whole"), learning("part")], actor="Ada")
        store.draw_together({"jq": "whole", "part": "whole"}, actor="Ada")
        pages = {id_: ada.get(f"/learnings/{id_}").text for id_ in ("whole", "jq", "part", "failed-first")}
        for id_, others in (("whole", ["jq", "part"]), ("jq", ["part", "whole"])):
            section = store.show(id_).section
            assert section is not None
            assert section.sentence in pages[id_]
            told = pages[id_].partition('<section id="section">')[2].partition("</section>")[0]
            assert sorted(re.findall(r'href="/learnings/([^"]+)"', told)) == sorted(others)
            for each in section.members:
                assert f"{signed(each.temporal_value, 3)} after its uses" in told
        assert "this one may be better or worse" in pages["part"]
        assert ["goes without it with a chance" in page for page in pages.values()] == [True, False, False, True]
        assert ["the interval is" in page for page in pages.values()] == [False, False, True, False], (
            "jq was drawn alone before"
        )
        assert 'id="section"' not in pages["failed-first"]


def test_several_are_decided_about_at_once_and_taken_back(filled: Path, tmp_path: Path) -> None:
    """One notice with one undo; without a choice nothing happens."""
    with opened(copied(filled, tmp_path / "d")) as found:
        ada, store = found.visitor(), found.sources.store
        page = ada.get("/learnings").text
        before = {value.learning_id: value for value in store.values()}
        chosen = ids_of(page)[:3]
        form = {"form_token": form_token(page), "back": "/learnings?sort=id"}
        assert ada.post("/learnings/decide", data=form | {"action": "disable"}).status_code == 303
        assert "Nothing was chosen" in ada.get("/learnings").text
        answer = ada.post("/learnings/decide", data=form | {"action": "disable", "chosen": chosen})
        assert answer.headers["location"] == "/learnings?sort=id"
        told = ada.get("/learnings?sort=id").text
        assert "3 learnings disabled." in told
        disabled = {id_ for id_, value in before.items() if value.status == "Disabled"}
        assert {value.learning_id for value in store.values() if value.status == "Disabled"} == disabled | set(chosen)
        batch = re.search(r'name="batch" value="([^"]+)"', told)
        assert batch is not None
        ada.post("/learnings/undo", data=form | {"batch": batch[1]})
        assert {value.learning_id: value for value in store.values()} == before
        assert "3 learnings as before" in ada.get("/learnings").text
