"""Every setting is explained, and the page that explains them is the one that the code would write now."""

from pathlib import Path

import pytest

from worker.settings import Settings
from worker.settings.loading import leaves, shown
from worker.settings.reference import Described, described_settings, reference

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.mark.parametrize("setting", described_settings(), ids=lambda setting: setting.name)
def test_every_setting_says_what_it_means(setting: Described) -> None:
    """Each has a description of whole sentences."""
    assert setting.meaning.endswith("."), f"{setting.name}: Field(description=...) is missing or no sentence"


def test_no_setting_is_left_out() -> None:
    """What the reference explains is what can be set."""
    assert [setting.name for setting in described_settings()] == [".".join(key) for key, _ in leaves(shown(Settings()))]


def test_the_page_is_up_to_date() -> None:
    """`docs/settings.md` is what the models say now."""
    assert PAGE.read_text(encoding="utf-8") == reference(), "run `groove config reference > docs/settings.md`"
