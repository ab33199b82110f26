"""Every page in a real browser: accessible in both themes, whole on a phone and on a wall, usable without script, printable."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from fixtures.browser import DESK, PHONE, Running, watched
from playwright.sync_api import Browser

PAGES = (
    "/learnings",
    "/learnings/reset-database",
    "/sessions",
    "/sessions/simulated-0096?learning=check-first",
    "/experiment",
    "/operations",
    "/operations/failed",
    "/operations/dead-letters",
    "/operations/dead-letters/1",
    "/what-if?ablation.min_sessions_per_arm=5",
    "/prune",
    "/settings",
    "/nowhere",
)
#: what sticks out of the window, or is cut off inside of its own box
_CLIPPED = """() => [...document.querySelectorAll('body *')].filter((box) => {
  const place = box.getBoundingClientRect(), style = getComputedStyle(box);
  if (place.width < 2 || place.height < 2 || style.visibility === 'hidden' || box.closest('.hidden, .skip, thead')) return false;
  const sticksOut = place.right > innerWidth + 1 || place.left < -1;
  const isCut = box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 0 && style.overflowX !== 'visible';
  return sticksOut || isCut;
}).map((box) => `${box.tagName} ${box.getAttribute('class') || ''} ${box.textContent.trim().slice(0, 40)}`)"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_are_accessible(browser: Browser, dashboard: Running, login: Any, theme: Any) -> None:
    """Axe finds nothing, on a desk and on a phone; in the dark what could be other are the colours."""
    axe, found = Axe(), {}
    rules = {"runOnly": ["color-contrast"]} if theme == "dark" else {}
    with watched(browser, login, color_scheme=theme) as context:
        page = context.page()
        for path in PAGES:
            page.set_viewport_size(PHONE if PAGES.index(path) % 2 else DESK)
            page.goto(dashboard.address + path)
            for violation in axe.run(page, options=rules).response["violations"]:
                found[path, violation["id"]] = [node["html"][:120] for node in violation["nodes"][:3]]
        context.complaints = [text for text in context.complaints if "404" not in text]
    assert found == {}


def test_nothing_is_clipped(browser: Browser, dashboard: Running, login: Any) -> None:
    """Every box lies within the window and holds its own content, from a phone to a wall."""
    clipped = {}
    with watched(browser, login) as context:
        page = context.page()
        for path in PAGES:
            page.goto(dashboard.address + path)
            for width in (390, 620, 900, 1100, 1200, 2000):
                page.set_viewport_size({"width": width, "height": 900})
                if found := page.evaluate(_CLIPPED):
                    clipped[path, width] = found[:4]
        context.complaints = [text for text in context.complaints if "404" not in text]
    assert clipped == {}


def test_everything_but_news_works_without_script(browser: Browser, dashboard: Running, login: Any) -> None:
    """Filter, sort, the menu of a row, a decision and its undo."""
    with watched(browser, login, java_script_enabled=False) as context:
        page = context.page()
        page.goto(f"{dashboard.address}/learnings")
        page.get_by_placeholder("Find words or an id").fill("shellcheck")
        page.get_by_role("button", name="Apply").click()
        assert page.locator("tbody tr").count() == 1
        page.get_by_label("Actions for shellcheck").click()
        page.get_by_role("button", name="Pin").click()
        assert "shellcheck is pinned" in page.locator(".said").inner_text()
        assert page.locator("tbody .tag").all_inner_texts() == ["pinned"]
        page.get_by_role("button", name="Undo").click()
        assert page.locator("tbody .tag").count() == 0
        assert "q=shellcheck" in page.url


def test_pages_print(browser: Browser, dashboard: Running, login: Any) -> None:
    """On paper there is the content, without what can only be pressed."""
    with watched(browser, login) as context:
        page = context.page()
        page.goto(f"{dashboard.address}/learnings")
        page.emulate_media(media="print")
        assert page.locator("tbody tr").first.is_visible()
        assert not page.locator(".filters").is_visible()
        assert not page.locator(".top nav").is_visible()
        assert page.pdf()[:5] == b"%PDF-"
