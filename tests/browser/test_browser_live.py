"""News in a real browser: told in every tab over one stream, never by a jump; streams end when the dashboard does."""

import socket
import time
from pathlib import Path
from typing import Any

from fixtures.browser import Running, running, watched
from fixtures.dashboard import copied
from fixtures.waiting import wait_until
from playwright.sync_api import Browser, expect


def test_every_tab_hears_of_a_decision_and_none_jumps(browser: Browser, dashboard: Running, login: Any) -> None:
    """Eight tabs over one stream; each shows the same rows until it is asked to show the news. The one that decided has none."""
    with watched(browser, login) as context:
        tabs = [context.page() for _ in range(8)]
        streams: list[str] = []
        context.context.on(
            "request", lambda request: streams.append(request.url) if request.url.endswith("/news") else None
        )
        for tab in tabs:
            tab.goto(f"{dashboard.address}/learnings?q=short-log")
            expect(tab.locator(".live")).to_have_text("live")
        tabs[0].get_by_label("Actions for short-log").click()
        tabs[0].get_by_role("button", name="Pin").click()
        expect(tabs[0].locator(".said")).to_contain_text("short-log is pinned")
        for tab in tabs[1:]:
            expect(tab.get_by_text("There is news: show it")).to_be_visible()
            assert tab.locator("tbody .tag").count() == 0
        tabs[1].get_by_text("There is news: show it").click()
        expect(tabs[1].locator("tbody .tag")).to_have_text("pinned")
        expect(tabs[1].locator(".live")).to_have_text("live")
        expect(tabs[0].locator(".live")).to_have_text("live")
        tabs[0].get_by_role("button", name="Undo").click()
        expect(tabs[0].locator(".said")).to_contain_text("taken back")
        assert len(streams) <= 1


def test_it_ends_at_once_with_streams_open(browser: Browser, filled: Path, tmp_path: Path) -> None:
    """Told by SIGTERM, it closes its door and every stream within two seconds, and ends by itself."""
    with running(copied(filled, tmp_path / "d")) as found:
        contexts = [browser.new_context() for _ in range(3)]
        pages = [context.new_page() for context in contexts]
        for page, link in zip(pages, [found.link, found.another_link(), found.another_link()], strict=True):
            page.goto(link)
            expect(page.locator(".live")).to_have_text("live")
        found.tell_to_end()
        told = time.monotonic()
        for page in pages:
            expect(page.locator(".live")).to_have_text("not live")
        assert time.monotonic() - told < 2
        wait_until(lambda: not is_open(found.port), "the door is closed", seconds=2)
        for context in contexts:
            context.close()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
