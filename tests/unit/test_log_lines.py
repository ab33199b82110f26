"""What a log line says of an exception."""

import io
import json
import logging

import pytest
import structlog

from worker.logs import configure_logs
from worker.settings.groups import LogSettings
from worker.store.server.tokens import Tokens


@pytest.fixture
def lines(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is logged in the form that the test names."""
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    configure_logs(LogSettings(format=request.param))
    return written


def fail(transcript: str, tokens: Tokens) -> None:
    raise RuntimeError(f"boom {len(transcript)} {tokens}")


@pytest.mark.parametrize("lines", ["console", "json"], indirect=True)
@pytest.mark.parametrize("logger", ["ours", "theirs"])
def test_an_exception_is_told_without_the_values_around_it(lines: io.StringIO, logger: str) -> None:
    """Its type, message and place, and none of the local variables, which hold transcripts and tokens."""
    log = structlog.get_logger("ours") if logger == "ours" else logging.getLogger("theirs")
    try:
        fail("a private " + "transcript", Tokens(read="SECRET" + "-read", write="SECRET" + "-write"))
    except RuntimeError:
        log.exception("it failed")
    told = lines.getvalue()
    assert "RuntimeError: boom 20 Tokens()" in told
    assert "in fail" in told
    assert "private transcript" not in told
    assert "SECRET-" not in told


@pytest.mark.parametrize("lines", ["json"], indirect=True)
def test_an_exception_in_json_is_one_line(lines: io.StringIO) -> None:
    """With its traceback as text."""
    try:
        fail("", Tokens())
    except RuntimeError:
        structlog.get_logger("ours").exception("it failed", session_id="s")
    (line,) = lines.getvalue().splitlines()
    told = json.loads(line)
    assert (told["event"], told["session_id"], told["level"]) == ("it failed", "s", "error")
    assert told["exception"].endswith("RuntimeError: boom 0 Tokens()")


def test_the_level_debug_is_ours_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other libraries write their requests then: a language model's are sessions, word by word."""
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    configure_logs(LogSettings(level="debug"), is_final=False)
    for name in ("worker.tasks.attribute", "celery.bootsteps", "openai._base_client", "LiteLLM", "httpcore.http11"):
        logging.getLogger(name).debug(name)
    structlog.get_logger("bridge.consumer").debug("bridge.consumer")
    told = [line.split("] ")[1].strip() for line in written.getvalue().splitlines()]
    assert told == ["worker.tasks.attribute", "celery.bootsteps", "bridge.consumer"]
