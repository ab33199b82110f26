"""An environment in which others have set variables too, and people have made slips."""

import getpass
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from worker.cli.worker import worker_command
from worker.errors import ConfigurationError
from worker.event_log.opening import open_event_log
from worker.operations.connections import actor
from worker.settings import load_settings


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GROOVE_PORT", "tcp://10.0.0.1:8080"),
        ("GROOVE_SERVICE_HOST", "10.0.0.1"),
        ("GROOVE_SERVICE_PORT", "8080"),
        ("GROOVE_SERVICE_PORT_HTTP", "8080"),
        ("GROOVE_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("GROOVE_PORT_8080_TCP_PROTO", "tcp"),
        ("GROOVE_PORT_53_UDP_ADDR", "10.0.0.1"),
        ("GROOVE_STORE_PORT", "tcp://10.0.0.1:8080"),
        ("GROOVE_STORE_SERVICE_HOST", "10.0.0.1"),
        ("GROOVE_STORE_SERVICE_PORT", "8080"),
        ("GROOVE_STORE_PORT_8080_TCP_PORT", "8080"),
        ("GROOVE_EVENT_LOG_SERVICE_PORT_TCP_IGGY", "8090"),
        ("GROOVE_VERSION", "0.2.0"),
        ("GROOVE_FILES", "."),
    ],
)
def test_variables_of_others_stop_nothing(variable: str, value: str) -> None:
    """What Kubernetes tells of services that are called groove, and what our own compose file and guide use, is no setting."""
    assert load_settings({variable: value}) == load_settings({})


@pytest.mark.parametrize(
    "variable", ["GROOVE_STORE_PORT", "GROOVE_PORTS", "GROOVE_SERVICE", "GROOVE_STORE_URL", "GROOVE_BROKR"]
)
def test_a_slip_is_still_told(variable: str) -> None:
    """A variable that nobody else sets is a setting that is not there."""
    with pytest.raises(ConfigurationError, match=f"^{variable}: unknown setting"):
        load_settings({variable: "8080"})


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("GROOVE_EVENT_LOG", "iggy://u:p@h:8090?tls=true&tls=false", "given twice"),
        ("GROOVE_BROKER", "rediss://:p@h/0?ssl_cert_reqs=required&ssl_cert_reqs=none", "given twice"),
        ("GROOVE_LEDGER", "sqlite:///:memory:", "a ledger of its own"),
        ("GROOVE_STORE__URL", "http+unix://relative.sock", "whole path"),
        ("GROOVE_STORE_READ_TOKEN", "a b", "no blanks"),
        ("GROOVE_STORE_WRITE_TOKEN", "s\u00e9cret", "ASCII"),
        ("GROOVE_WEB_TOKEN", "a\x1bb", "ASCII"),
    ],
)
def test_what_would_be_taken_otherwise_than_meant_is_refused(variable: str, value: str, told: str) -> None:
    """One line names the setting, before anything is connected."""
    with pytest.raises(ConfigurationError, match=told):
        open_event_log(load_settings({variable: value}).event_log_url).close()


def test_a_token_from_a_file_ends_with_its_line() -> None:
    """As secrets of Kubernetes are often written."""
    assert load_settings({"GROOVE_STORE_READ_TOKEN": "abc\n"}).read_token() == "abc"


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Also where no shell has read it: a folder called `~` would one day be removed as such."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_settings({"GROOVE_DATA_DIR": "~/groove"}).data_dir == tmp_path / "groove"


def test_bytes_that_are_no_text_are_told() -> None:
    """A value in another encoding is one line, before anything that would have to write it."""
    with pytest.raises(ConfigurationError, match=r"^GROOVE_STREAMS__HEAVY: its value is not UTF-8 text"):
        load_settings({"GROOVE_STREAMS__HEAVY": b"caf\xe9/t".decode(errors="surrogateescape")})


@pytest.mark.parametrize(
    ("one", "other"), [("HEAVY", "LIGHTWEIGHT"), ("HEAVY", "ATTRIBUTED"), ("LIGHTWEIGHT", "ATTRIBUTED")]
)
def test_each_purpose_has_a_topic_of_its_own(one: str, other: str) -> None:
    """One topic for two purposes would make dead letters of everything in it."""
    with pytest.raises(ConfigurationError, match="name one topic") as wrong:
        load_settings({f"GROOVE_STREAMS__{one}": "s/t", f"GROOVE_STREAMS__{other}": "s/t"})
    assert f"streams.{one.lower()}" in str(wrong.value)
    assert f"streams.{other.lower()}" in str(wrong.value)


@pytest.mark.parametrize("name", ["é" * 128 + "/heavy", "s/" + "x" * 256])
def test_a_topics_name_is_one_that_every_log_takes(name: str) -> None:
    """Iggy takes 255 bytes."""
    with pytest.raises(ConfigurationError, match=r"streams\.heavy: .*255 bytes"):
        load_settings({"GROOVE_STREAMS__HEAVY": name})


@pytest.mark.parametrize("name", ["123/heavy", "groove/0"])
def test_a_topics_name_is_no_number(name: str) -> None:
    """Iggy's client takes digits for the number of another topic."""
    with pytest.raises(ConfigurationError, match=r"streams\.heavy: .*digits alone"):
        load_settings({"GROOVE_STREAMS__HEAVY": name})


@pytest.mark.parametrize("queues", ["embeddings", "attribution,embeding", "", " , ", "Attribution"])
def test_a_misspelt_queue_is_one_line_with_those_there_are(queues: str) -> None:
    """Before anything is connected."""
    done = CliRunner().invoke(worker_command, ["--queues", queues])
    assert done.exit_code == 2
    assert "there are attribution, embedding, finishing" in done.output
    assert "Traceback" not in done.output


def test_an_account_that_nobody_knows_decides_by_its_number(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A container may run under any number: no name, no home."""
    for name in ("HOME", "USER", "LOGNAME", "LNAME", "USERNAME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(getpass, "getuser", _nobody)
    monkeypatch.setattr(Path, "home", _nobody_at_home)
    assert actor() == str(os.getuid())
    settings = load_settings({"GROOVE_DATA_DIR": str(tmp_path)})
    assert settings.conversions_dir.is_relative_to(tmp_path)


def _nobody() -> str:
    raise KeyError("getpwuid(): uid not found: 12345")


def _nobody_at_home() -> Path:
    raise RuntimeError("Could not determine home directory.")
