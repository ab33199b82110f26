"""Settings come from one file and the environment, and what is wrong is said in one line."""

from pathlib import Path

import pytest
import structlog

from worker.errors import ConfigurationError
from worker.settings import load_settings
from worker.settings.loading import settings_origins, shown
from worker.settings.masking import masked


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    """A value in the environment replaces the one in the file, and both know where they come from."""
    file = tmp_path / "groove.toml"
    file.write_text('data_dir = "/srv/groove"\n[bridge]\nbatch = 7\n')
    settings = load_settings({"GROOVE_BRIDGE__BATCH": "9"}, path=file)
    assert (settings.bridge.batch, str(settings.data_dir)) == (9, "/srv/groove")
    assert settings_origins({"GROOVE_BRIDGE__BATCH": "9"}, path=file) == {
        "data_dir": str(file),
        "bridge.batch": "GROOVE_BRIDGE__BATCH",
    }


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"GROOVE_BRIDGE__BTCH": "1"}, "GROOVE_BRIDGE__BTCH: unknown setting bridge.btch"),
        ({"GROOVE_BRIDGE__BATCH": "many"}, "GROOVE_BRIDGE__BATCH: bridge.batch"),
        ({"GROOVE_BRIDGE__BATCH": "0"}, "GROOVE_BRIDGE__BATCH: bridge.batch"),
        ({"GROOVE_ABLATION__RATE": "nan"}, "ablation.rate"),
        ({"GROOVE_ACTIVATION__CALIBRATION": "rough"}, "activation.calibration"),
        (
            {"GROOVE_SWEEPER__INTERVAL_SECONDS": "11", "GROOVE_SWEEPER__SILENCE_SECONDS": "20"},
            "sweeper.interval_seconds must be at most half",
        ),
        ({"GROOVE_BRIDGE": "1", "GROOVE_BRIDGE__BATCH": "1"}, "both a setting and a group"),
    ],
)
def test_wrong_settings_are_named(environ: dict[str, str], named: str, tmp_path: Path) -> None:
    """What is unknown, of the wrong type or impossible stops the start with one line that names it."""
    with pytest.raises(ConfigurationError) as wrong:
        load_settings(environ, path=_empty(tmp_path))
    assert named in str(wrong.value)
    assert "\n" not in str(wrong.value)


def test_a_setting_of_an_earlier_release_is_a_warning(tmp_path: Path) -> None:
    """The program starts as if it were not set, and one line says where it stands and what holds instead."""
    file = tmp_path / "groove.toml"
    file.write_text('[ablation]\nuntil = "confidence"\nuncertainty_threshold = 0.8\n[bridge]\nbatch = 7\n')
    environ = {"GROOVE_TEMPORAL__WINDOW": "both", "GROOVE_STREAMS__SHOW_POSITIONS": "true"}
    with structlog.testing.capture_logs() as lines:
        settings = load_settings(environ, path=file)
    assert settings == load_settings({}, path=_empty(tmp_path)).model_copy(update={"bridge": settings.bridge})
    assert settings.bridge.batch == 7
    assert [(line["event"], line["setting"], line["set_in"]) for line in lines] == [
        ("removed_setting", "ablation.uncertainty_threshold", str(file)),
        ("removed_setting", "ablation.until", str(file)),
        ("removed_setting", "streams.show_positions", "GROOVE_STREAMS__SHOW_POSITIONS"),
        ("removed_setting", "temporal.window", "GROOVE_TEMPORAL__WINDOW"),
    ]


@pytest.mark.parametrize("named", ["GROOVE_ABLATION__RATE", "GROOVE_ABLATION__ABLATION_RATE"])
def test_a_former_name_goes_on_being_read(named: str, tmp_path: Path) -> None:
    """`ablation.ablation_rate` is `ablation.rate` now: either is read, and the environment wins over the file as ever."""
    file = tmp_path / "groove.toml"
    file.write_text("[ablation]\nablation_rate = 0.3\n")
    assert load_settings({}, path=file).ablation.rate == 0.3
    assert load_settings({named: "0.2"}, path=file).ablation.rate == 0.2
    assert settings_origins({named: "0.2"}, path=file) == {"ablation.rate": named}
    with pytest.raises(ConfigurationError, match=f"{named}: ablation.rate: "):
        load_settings({named: "2"}, path=file)


def test_the_rate_in_force_is_zero_without_experiments(tmp_path: Path) -> None:
    """Whoever notes the chance of being withheld notes what is in force, not what is merely set."""
    assert load_settings({}, path=_empty(tmp_path)).ablation.rate_in_force == 0.1
    off = load_settings({"GROOVE_ABLATION__ENABLED": "false"}, path=_empty(tmp_path)).ablation
    assert (off.rate, off.rate_in_force) == (0.1, 0.0)


def test_tokens_are_not_taken_from_the_file(tmp_path: Path) -> None:
    """A token in the file is refused: files get copied, mailed and committed."""
    file = tmp_path / "groove.toml"
    file.write_text('store_write_token = "secret"\n')
    with pytest.raises(ConfigurationError, match="set GROOVE_STORE_WRITE_TOKEN instead"):
        load_settings({}, path=file)


@pytest.mark.parametrize(
    "key",
    [
        "store.url",
        "store.host",
        "store.hosts",
        "broker",
        "event_log",
        "ledger",
        "metrics.host",
        "web.host",
        "web.hosts",
        "activation.judge",
        "embedder.model",
    ],
)
def test_a_file_that_is_not_named_directs_nothing_outside(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in somebody's clone: a file that was named, or the environment, says who gets secrets or sessions and who may come in."""
    group, _, name = key.rpartition(".")
    addresses = {"broker": "redis://h", "event_log": "redis://h", "ledger": "sqlite:////tmp/x", "url": "http://h:1"}
    line = f'{name} = "{addresses.get(name, "h")}"\n'
    (tmp_path / "groove.toml").write_text(f"[{group}]\n{line}" if group else line)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=rf"^groove\.toml: {key} .*--config groove\.toml") as refused:
        load_settings({})
    assert "\n" not in str(refused.value)
    assert key in settings_origins({"GROOVE_CONFIG": "groove.toml"})
    assert key in settings_origins({}, path=tmp_path / "groove.toml")


def test_a_file_that_is_not_named_may_name_a_models_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path asks nobody."""
    (tmp_path / "groove.toml").write_text('[embedder]\nmodel = "./e5"\n')
    monkeypatch.chdir(tmp_path)
    assert load_settings({}).embedder.model == "./e5"


def test_missing_named_file_is_an_error(tmp_path: Path) -> None:
    """A settings file that is named has to be there."""
    with pytest.raises(ConfigurationError, match="no such settings file"):
        load_settings({"GROOVE_CONFIG": str(tmp_path / "none.toml")})


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    """Passwords and tokens are masked wherever settings are shown."""
    environ = {"GROOVE_EVENT_LOG": "iggy://iggy:s3cret@log:8090", "GROOVE_STORE_WRITE_TOKEN": "t0ken"}
    text = str(shown(load_settings(environ, path=_empty(tmp_path))))
    assert "s3cret" not in text
    assert "t0ken" not in text
    assert masked("redis://:s3cret@h:1/0") == "redis://:***@h:1/0"
    assert masked("iggy://iggy:a@b/c?d#e@h:8090") == "iggy://iggy:***@h:8090"


@pytest.mark.parametrize("line", ['data_dir = "a\\u0000"', '[bridge]\ntranscript_root = "\\u0000"'])
def test_a_path_that_no_system_knows_is_refused(line: str, tmp_path: Path) -> None:
    """Only a file can hold it."""
    file = tmp_path / "groove.toml"
    file.write_text(line)
    with pytest.raises(ConfigurationError, match="no path holds a NUL character"):
        load_settings({}, path=file)


def test_long_data_folders_get_a_short_place_for_sockets(tmp_path: Path) -> None:
    """A unix socket's path has a limit that a deep data folder may exceed."""
    deep = tmp_path.joinpath(*["a-rather-long-name"] * 8)
    settings = load_settings({"GROOVE_DATA_DIR": str(deep)}, path=_empty(tmp_path))
    assert len(str(settings.run_dir / "broker.sock")) <= 100


def _empty(folder: Path) -> Path:
    file = folder / "groove.toml"
    file.write_text("")
    return file


def test_the_store_s_own_address_is_a_name_that_it_is_asked_under() -> None:
    """Beside those that are configured, so that a stack whose parts reach it by a name needs no further setting."""
    assert load_settings({}).store_hosts == set()
    named = {"GROOVE_STORE__URL": "http://store:8077", "GROOVE_STORE__HOSTS": "groove.internal,wiki"}
    assert load_settings(named).store_hosts == {"store", "groove.internal", "wiki"}
