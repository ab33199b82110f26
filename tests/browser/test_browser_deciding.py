"""Actions in a real browser: each with its undo, by mouse and by keyboard alone."""

import pytest
from fixtures.browser import Running
from playwright.sync_api import Page, expect


@pytest.mark.parametrize(
    ("button", "told", "shows"),
    [
        ("Disable", "is disabled", "disabled"),
        ("Pin", "is pinned", "pinned"),
        ("Try: withhold it more often", "is on trial", None),
    ],
)
def test_a_decision_and_its_undo(page: Page, dashboard: Running, button: str, told: str, shows: str | None) -> None:
    """From the row's menu; the list stays as it was filtered, and undo brings back all numbers of the row."""
    page.goto(f"{dashboard.address}/learnings?q=jq&sort=sessions")
    row = page.locator("tbody tr")
    before = row.inner_text()
    page.get_by_label("Actions for jq").click()
    page.get_by_role("button", name=button).click()
    expect(page.locator(".said")).to_contain_text(f"jq {told}")
    assert "q=jq&sort=sessions" in page.url
    if shows:
        expect(row.locator(".tag", has_text=shows)).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".said")).to_contain_text("taken back")
    assert row.inner_text() == before


def test_undo_keeps_the_evidence_where_enabling_would_not(page: Page, dashboard: Running) -> None:
    """Enabling begins a new epoch; taking that back, then the disabling, brings the old one with its sessions."""
    page.goto(f"{dashboard.address}/learnings/audit")
    facts = page.locator(".facts").inner_text()
    page.get_by_role("button", name="Disable").click()
    page.get_by_role("button", name="Enable").click()
    expect(page.locator(".meta")).to_contain_text("epoch 2")
    assert page.locator(".facts").inner_text() != facts
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".meta")).to_contain_text("epoch 1")
    page.get_by_role("button", name="Take back").click()
    expect(page.locator(".meta")).to_contain_text("active")
    assert page.locator(".facts").inner_text() == facts


def test_by_keyboard_alone(page: Page, dashboard: Running) -> None:
    """Skip the navigation, go to a row by j, open its menu, decide, and take it back."""
    page.goto(f"{dashboard.address}/learnings?q=shellcheck")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    expect(page.locator("tbody th a")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("details.menu form")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("details.menu form")).to_be_hidden()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".said")).to_contain_text("shellcheck is pinned")
    page.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".said")).to_contain_text("taken back")


def test_failed_work_is_tried_again_after_a_look(page: Page, dashboard: Running) -> None:
    """From the first page: what failed, why, all of it again; then nothing is left there."""
    page.goto(f"{dashboard.address}/learnings")
    page.get_by_role("link", name="Operations").click()
    page.get_by_role("link", name="See why, and try again").click()
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name="Try the selected again …").click()
    expect(page.locator(".confirm")).to_contain_text("1 session would be processed again")
    page.get_by_role("button", name="Process 1 session again").click()
    expect(page.locator(".said")).to_contain_text("1 session processed again, as soon as the stack runs.")
    expect(page.get_by_text("Nothing failed")).to_be_visible()


def test_a_select_filters_at_once(page: Page, dashboard: Running) -> None:
    """With script there is no button to press; the address has the filter, and going back takes it away."""
    page.goto(f"{dashboard.address}/learnings")
    expect(page.get_by_role("button", name="Apply")).to_be_hidden()
    page.get_by_label("Sort").select_option("sessions")
    page.wait_for_url("**sort=sessions")
    page.go_back()
    expect(page.get_by_label("Sort")).to_have_value("value")
