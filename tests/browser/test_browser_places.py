"""Where the dashboard stands: behind a proxy that keeps or strips a prefix, behind tokens, over ten thousand learnings."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtures.browser import Running, running, watched
from fixtures.dashboard import copied
from fixtures.reverse_proxy import proxy
from fixtures.store import learning
from playwright.sync_api import Browser, expect

from worker.store.cozo.store import CozoStore


@pytest.fixture(scope="module")
def prefixed(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One for every proxy before it."""
    with running(copied(filled, tmp_path_factory.mktemp("prefixed") / "d"), WEB__PREFIX="/team/groove") as found:
        yield found


@pytest.mark.parametrize("strips", [True, False], ids=["stripped", "kept"])
def test_behind_a_proxy_with_a_prefix(browser: Browser, prefixed: Running, *, strips: bool) -> None:
    """Login, pages, files, spreadsheets, redirects of actions and the stream all stay below the prefix."""
    with (
        proxy(prefixed.port, "/team/groove", strips=strips) as outside,
        watched(browser, None) as context,
    ):
        page = context.page()
        page.goto(f"{outside}/team/groove/login?{prefixed.another_link().partition('?')[2]}")
        assert page.url == f"{outside}/team/groove/learnings"
        expect(page.locator(".live")).to_have_text("live")
        assert page.locator("header").evaluate("(header) => getComputedStyle(header).position") == "sticky"
        page.get_by_label("Actions for jq").click()
        page.get_by_role("button", name="Pin").click()
        expect(page.locator(".said")).to_contain_text("jq is pinned")
        assert page.url == f"{outside}/team/groove/learnings"
        page.get_by_role("button", name="Undo").click()
        expect(page.locator(".said")).to_contain_text("jq: taken back")
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV").click()
        assert download.value.url.startswith(f"{outside}/team/groove/learnings.csv")
        page.locator("tbody th a").first.click()
        expect(page.locator(".facts")).to_be_visible()
        context.page().goto(f"{outside}/team/groove/")


def test_in_by_a_token_and_out_again(browser: Browser, filled: Path, tmp_path: Path) -> None:
    """A deep link leads to the form and, with the token, to where it meant; a wrong one is told; after logging out nothing is seen."""
    environ = {"STORE_READ_TOKEN": "look-only", "STORE_WRITE_TOKEN": "may-act"}
    with running(copied(filled, tmp_path / "d"), **environ) as found, watched(browser, None) as context:
        assert found.link == f"{found.address}/"
        page = context.page()
        page.goto(f"{found.address}/learnings?q=jq")
        page.get_by_label("Token").fill("guess")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_have_text("This token is not known.")
        page.get_by_label("Token").fill("look-only")
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("tbody tr")).to_have_count(1)
        assert "q=jq" in page.url
        expect(page.locator("details.menu")).to_have_count(0)
        page.get_by_role("button", name="Log out").click()
        page.goto(f"{found.address}/learnings")
        expect(page.get_by_label("Token")).to_be_visible()
        context.complaints = [text for text in context.complaints if "403" not in text]


def test_ten_thousand_learnings(browser: Browser, tmp_path: Path) -> None:
    """Page by page, found by words, and all of them in the spreadsheet."""
    store = CozoStore(tmp_path / "store")
    store.import_learnings(
        [learning(f"rule-{number:05}", insight=f"Run `tool-{number}` first.") for number in range(10_000)],
        actor="Ada",
        now=1,
    )
    store.close()
    with running(tmp_path) as found, watched(browser, None) as context:
        page = context.page()
        page.goto(found.link)
        expect(page.get_by_text("1 to 50 of 10\u202f000 learnings")).to_be_visible()
        assert page.locator("tbody tr").count() == 50
        page.get_by_role("link", name="Next").click()
        expect(page.get_by_text("51 to 100 of 10\u202f000 learnings")).to_be_visible()
        page.get_by_placeholder("Find words or an id").fill("tool-7777")
        page.keyboard.press("Enter")
        expect(page.locator("tbody tr")).to_have_count(1)
        page.goto(f"{found.address}/learnings?sort=id&offset=9950")
        expect(page.locator("tbody tr").last).to_contain_text("rule-09999")
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV").click()
        rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8"))))
        assert len({row["learning_id"] for row in rows}) == 10_000
