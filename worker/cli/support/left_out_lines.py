"""What a person is told of lines that were not taken as learnings."""

from collections import Counter
from collections.abc import Iterator, Sequence

from assessor.rules.left_out import LeftOut
from worker.cli.support.output import plain
from worker.operations.wording import counted

#: shown one by one
_NAMED = 10


def left_out_lines(found: Sequence[LeftOut]) -> Iterator[str]:
    """How many lines were not taken as learnings and why, and the first of those that look like one."""
    if not found:
        return
    kinds = ", ".join(f"{number} {why}" for why, number in Counter(str(each.why) for each in found).most_common())
    yield f"left out, as asking for nothing: {counted(len(found), 'passages')} ({kinds})"
    shown = [each for each in found if each.is_shown]
    if shown:
        first = f"; the first {_NAMED} of them" if len(shown) > _NAMED else ""
        yield f"{len(shown)} of these may have been meant as rules{first}:"
    for each in shown[:_NAMED]:
        yield f"  {plain(each.shown)} ({each.why})"
    if len(shown) > _NAMED:
        yield f"  {len(shown) - _NAMED} more of this kind: --json names each"
    if shown:
        yield '  whichever of these you mean as a rule: begin it with an order, or say "must" or "always" in it'
