"""Whatever happens to a hook: status 0, nothing on standard error, all learnings or none, and nobody takes part who was not noted."""

from pathlib import Path

import pytest
from assistant_standin.faults import FAULTS, Fault, start
from assistant_standin.hook_files import HookedProject, hooked_project

from worker.formats.hook_trace import traces_in

#: benchmarks/hook.py does 200 of each
_STARTS = 2
LEARNINGS = [(f"rule-{number:02}", f"- In this repository fact number {number} holds", 0.5) for number in range(12)]


def judged(project: HookedProject, fault: Fault, number: int) -> bool:
    """Start it once, assert all that must hold -> whether its session takes part."""
    with fault.hurt(project):
        done = start(project, fault, number)
    assert (done.status, done.stderr) == (0, "")
    shown = [id_ for id_, text, _ in LEARNINGS if f"{text}\n" in done.context]
    traces = traces_in([done.context])
    if not traces:
        assert len(shown) in {0, len(LEARNINGS)}
        return False
    (trace,) = traces
    assert tuple(shown) == trace.injected
    assert sorted(shown + list(trace.withheld)) == [id_ for id_, _, _ in LEARNINGS]
    records = [record for record in project.spool_lines() if record.session_id == trace.conversation_id]
    assert [(record.injected, record.withheld) for record in records] == [(trace.injected, trace.withheld)]
    return True


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_hook_does_no_harm(fault: Fault, tmp_path: Path) -> None:
    """Each fault, some times over; the spool stays readable for the start that comes after."""
    project = hooked_project(tmp_path)
    project.install()
    project.snapshot(LEARNINGS)
    project.write_managed(LEARNINGS)
    taken = [judged(project, fault, number * 10) for number in range(_STARTS)]
    assert fault.may_take_part or not any(taken)
    if fault.name == "nothing wrong":
        assert all(taken)
    assert judged(project, FAULTS[0], 1)
