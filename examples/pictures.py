"""Pictures of every page of the dashboard, from the simulated team's sessions, into docs/pictures/.

    python examples/pictures.py [FOLDER]        (`make pictures`; needs Chromium)

FOLDER: a data folder to show instead, such as the one of `make demo-experiment`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click
from PIL import Image
from playwright.sync_api import Browser, StorageState, ViewportSize, sync_playwright

sys.path.insert(0, str(Path(__file__).parent / "experiment"))

from quick import fill

from worker.settings import load_settings

_OUT = Path(__file__).parents[1] / "docs" / "pictures"
_DESK: ViewportSize = {"width": 1200, "height": 820}
_TALL: ViewportSize = {"width": 1200, "height": 1900}
_PHONE: ViewportSize = {"width": 390, "height": 820}
_PAGES = {
    "learnings": "/learnings",
    "learning": "/learnings/reset-database",
    "sessions": "/sessions",
    "session": "/sessions/simulated-1380?learning=check-first",
    "experiment": "/experiment",
    "operations": "/operations",
    "failed": "/operations/failed",
    "dead-letters": "/operations/dead-letters",
    "what-if": "/what-if?ablation.verdict_margin=0.2",
    "prune": "/prune",
    "settings": "/settings",
}


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(scratch)
        if len(sys.argv) == 1:
            click.echo("1,500 simulated sessions …")
            fill(load_settings({"GROOVE_DATA_DIR": str(folder)}), sessions=1500)
        environ = {**os.environ, "GROOVE_DATA_DIR": str(folder), "GROOVE_LOG__LEVEL": "warning"}
        command = [sys.executable, "-m", "worker.cli", "web", "--port", "0"]
        with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                _take(process.stdout.readline().strip())
            finally:
                process.terminate()


def _take(link: str) -> None:
    _OUT.mkdir(parents=True, exist_ok=True)
    path = os.environ.get("GROOVE_TEST_BROWSER") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        sys.exit("no Chromium here: apt-get install chromium, or set GROOVE_TEST_BROWSER")
    address = link.partition("/login")[0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        state = _logged_in(browser, link)
        for name, page in _PAGES.items():
            _picture(browser, state, address + page, name, _TALL if name == "learning" else _DESK)
        _picture(browser, state, address + _PAGES["learnings"], "learnings-phone", _PHONE)
        _picture(browser, state, address + _PAGES["learning"], "learning-dark", _DESK, is_dark=True)
        browser.close()


def _logged_in(browser: Browser, link: str) -> StorageState:
    context = browser.new_context()
    context.new_page().goto(link)
    state = context.storage_state()
    context.close()
    return state


def _picture(
    browser: Browser, state: StorageState, url: str, name: str, size: ViewportSize, *, is_dark: bool = False
) -> None:
    context = browser.new_context(
        storage_state=state, viewport=size, color_scheme="dark" if is_dark else "light", reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(url)
    page.locator(".live[data-state=open]").wait_for()
    file = _OUT / f"{name}.png"
    page.screenshot(path=file)
    context.close()
    # a palette: a third of the bytes, and nobody sees it; rare colours keep their place in it
    Image.open(file).convert("RGB").quantize(
        256, method=Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE
    ).save(file, optimize=True)
    click.echo(f"{file.relative_to(_OUT.parents[1])}: {file.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
