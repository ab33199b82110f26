"""Reads a `.cozo` file: blocks of CozoScript, each under a `# name: …` line; nothing is ever formatted into them."""

import re
from importlib.resources import files

_COMMENT = re.compile(r"^#(?! name: ).*\n", re.MULTILINE)
_NAME = re.compile(r"^# name: (\S+)\n", re.MULTILINE)


def load(file_name: str) -> dict[str, str]:
    """Scripts by name, in the file's order. What stands before the first name is a comment on the file."""
    text = files(__package__).joinpath(file_name).read_text(encoding="utf-8")
    parts = _NAME.split(_COMMENT.sub("", text))[1:]
    return {name: script.strip() for name, script in zip(parts[::2], parts[1::2], strict=True)}
