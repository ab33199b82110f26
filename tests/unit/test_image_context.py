"""What the images are built from reaches the builder: `.dockerignore` lets through what the Dockerfile copies, and only that."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_builder_is_sent_what_is_copied() -> None:
    """Each source of a COPY from the folder stands in the list of what is let through."""
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
        for source in line.split()[:-1]
    }
    let_through = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    assert copied == let_through
