"""JSON on a terminal steers nothing, and a program reads the same from it."""

import json
import unicodedata

import pytest

from worker.cli.support.output import escaped, print_json

TEXT = "\x9b31m \x7f \u202egpj.exe\u202c \u2066x\u2069 \u200b \ufeff \U000e0001 é 🙂 שלום\n"


def test_nothing_of_it_is_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    """Controls of both kinds, directions and what nobody sees are escapes; letters and pictures stay."""
    print_json({"text": TEXT})
    shown = capsys.readouterr().out
    assert not [
        character for character in shown if character != "\n" and unicodedata.category(character) in ("Cc", "Cf")
    ]
    assert "é 🙂 שלום" in shown
    assert json.loads(shown) == {"text": TEXT}


def test_whatever_is_written_is_escaped_alike() -> None:
    """Also where the JSON library left it as it is."""
    document = json.dumps([TEXT, {TEXT: 1}], ensure_ascii=False, indent=1)
    assert json.loads(escaped(document)) == [TEXT, {TEXT: 1}]
    assert escaped("{}") == "{}"
