"""Commands and calls that only read or search: what they name was looked for, not written."""

import re

from worker.formats.transcripts.tools import Purpose, purpose_of
from worker.layers.activation.evidence import ChunkKind

_READS = re.compile(
    r"(?:cat|ls|sed -n|head|tail|rg|grep|find|tree|nl|less|wc|open|find_file|search_\w+|git (?:log|show|diff|status|grep|blame))\b"
)
#: behind a pipe
_SIFTS = re.compile(r"(?:sort|uniq|cut|awk|tr|column|jq|sed)\b")
_ACTS = re.compile(r" -(?:exec|execdir|delete|ok)\b")
#: nothing is kept of what goes there
_THROWN_AWAY = re.compile(r"\d?>(?:&\d|\s*/dev/null)")


def begins_by_reading(command: str) -> bool:
    """Whether its first program reads or searches, whatever becomes of that."""
    return _READS.match(command) is not None


def only_reads(kind: int, text: str) -> bool:
    """A command without a redirection, or a call of a tool for reading or searching. `kind` is a `ChunkKind`."""
    if kind == ChunkKind.COMMAND:
        first, *others = text.split(" | ")
        return (
            begins_by_reading(first)
            and not _ACTS.search(text)
            and ">" not in _THROWN_AWAY.sub("", text)
            and all(_READS.match(part.strip()) or _SIFTS.match(part.strip()) for part in others)
        )
    return kind == ChunkKind.CALL and purpose_of(text.partition(" ")[0]) in (Purpose.READ, Purpose.SEARCH)
