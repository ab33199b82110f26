"""What other sites and hostile texts try in a real browser, and do not reach."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fixtures.browser import Running, running, watched
from fixtures.store import attribute, learning
from playwright.sync_api import Browser, expect

from worker.store.cozo.store import CozoStore

SCRIPT = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
NAMES = ("a/b?c#d%2F", '"><script>document.title=1</script>', "\u202egnirts", "' onfocus=alert(1) '", "..", "{{7*7}}")


_FORM = '<form method="post" action="URL"><input name="action" value="disable"><button>go</button></form>'
_FETCH = """<script>
fetch("URL", {method: "POST", mode: "no-cors", credentials: "include", body: "action=disable"})
  .finally(() => document.title = "sent")
</script>"""


@contextmanager
def another_site(html: str) -> Iterator[str]:
    """A page on another port of this machine."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("how", ["form", "fetch"])
def test_a_page_on_another_port_decides_nothing(browser: Browser, dashboard: Running, login: Any, how: str) -> None:
    """Though the browser sends the cookie along: cookies know no ports."""
    url = f"{dashboard.address}/learnings/format/decide"
    html = (_FORM if how == "form" else _FETCH).replace("URL", url)
    context = browser.new_context(storage_state=login)
    with another_site(html) as site:
        page = context.new_page()
        page.goto(site)
        if how == "form":
            with page.expect_response(url) as answered:
                page.get_by_role("button").click()
            assert answered.value.status == 403
        else:
            page.wait_for_function("document.title === 'sent'")
    page.goto(f"{dashboard.address}/learnings?q=format")
    expect(page.locator("tbody .is-disabled")).to_have_count(0)
    context.close()


def test_no_page_frames_the_dashboard(browser: Browser, dashboard: Running, login: Any) -> None:
    """So that nobody presses its buttons without seeing them."""
    context = browser.new_context(storage_state=login)
    with another_site(f'<iframe src="{dashboard.address}/learnings"></iframe>') as site:
        page = context.new_page()
        page.goto(site)
        assert "Learnings" not in page.frames[1].content()
    context.close()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A store whose ids and texts mean harm, one learning a name."""
    folder = tmp_path_factory.mktemp("hostile")
    store = CozoStore(folder / "store")
    store.import_learnings([learning(name, insight=SCRIPT, description=SCRIPT) for name in NAMES], actor=SCRIPT, now=1)
    for name in NAMES:
        attribute(store, f"session {name}", name)
    store.close()
    with running(folder) as found:
        yield found


def test_ids_and_texts_are_inert(browser: Browser, hostile: Running) -> None:
    """Every learning's and session's page shows them as text, under an address that leads there; nothing runs."""
    with watched(browser, None) as context:
        page = context.page()
        page.goto(hostile.link)
        expect(page.locator("tbody tr")).to_have_count(len(NAMES))
        addresses = page.locator("tbody th a").evaluate_all("links => links.map((link) => link.href)")
        for address in addresses:
            page.goto(address)
            expect(page.locator("h1")).to_contain_text("<script>")
            with page.expect_navigation():
                page.locator("tbody th a").first.click()
            expect(page.locator("h1")).to_contain_text("Session session")
            assert "taken" not in page.title()
        assert len(set(addresses)) == len(NAMES)


def test_decisions_reach_hostile_ids(browser: Browser, hostile: Running) -> None:
    """Also those with slashes, quotes and dots."""
    with watched(browser, None) as context:
        page = context.page()
        page.goto(hostile.another_link())
        for place in range(len(NAMES)):
            row = page.locator("tbody tr").nth(place)
            row.locator("summary").click()
            row.get_by_role("button", name="Pin", exact=True).click()
            expect(page.locator("tbody tr").nth(place).locator(".tag")).to_have_text("pinned")


def test_a_hostile_address_is_only_text(browser: Browser, dashboard: Running, login: Any) -> None:
    """What a query holds stands in its field and nowhere as markup."""
    with watched(browser, login) as context:
        page = context.page()
        page.goto(f"{dashboard.address}/learnings?q=%22%3E%3Cscript%3Edocument.title='taken'%3C/script%3E")
        expect(page.get_by_placeholder("Find words or an id")).to_have_value(
            "\"><script>document.title='taken'</script>"
        )
        assert "taken" not in page.title()


def test_a_transcript_is_inert(browser: Browser, tmp_path: Path, filled: Path) -> None:
    """A dead letter's bytes and a session's words are text."""
    from fixtures.dashboard import copied

    with running(copied(filled, tmp_path / "d")) as found, watched(browser, None) as context:
        page = context.page()
        page.goto(found.link)
        page.goto(f"{found.address}/operations/dead-letters/3")
        expect(page.locator("main pre")).to_have_text("<script>alert(1)</script>")
