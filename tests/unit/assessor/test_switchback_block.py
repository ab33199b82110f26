"""A switchback's block in a rules file: in and out of it to the byte, and an edit between its marks is seen."""

from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from unit.assessor.test_adopting import OFTEN, TEXTS, adopted, recorded

from assessor.managed.adopting import restoration
from assessor.managed.records import keep
from assessor.rules.files import Family, as_loaded
from assessor.rules.units import lines_of
from worker.formats.learnings_file import PLACE, LearningsFile, with_pointer
from worker.formats.switchback_block import BlockState, block_in, digest_of, with_block, without_block

BODIES = st.lists(
    st.sampled_from(["- Use `rg` 🦀", "", "## Tests", "<!-- groove {} -->", "a\u2028b", "\\1 \\g<0>", "-->"]),
    max_size=6,
).map("\n".join)


@OFTEN
@given(TEXTS, BODIES, BODIES)
def test_in_and_out_again(text: str, body: str, other: str) -> None:
    """Whatever the file and its line ends: written twice and taken out, it has the same bytes, and says nothing of the block to others."""
    pointed = with_pointer(text, text)
    written = with_block(with_block(pointed, other), body)
    found = block_in(written)
    assert (found.state, found.body) == (BlockState.WHOLE, body)
    assert without_block(written) == pointed == as_loaded(written, Family.AGENTS)
    assert with_block(written, body) == written
    assert block_in(pointed).state is BlockState.POINTER
    if "\r\n" in text:
        assert "\n" not in written.replace("\r\n", "")


@OFTEN
@given(TEXTS, BODIES, st.data())
def test_an_edit_between_the_marks_is_seen(text: str, body: str, data: st.DataObject) -> None:
    """A line added there, changed or taken out; the block then stays in the file until a person says otherwise."""
    written = with_block(with_pointer(text, text), body)
    lines = lines_of(written)
    first = next(number for number, line in enumerate(lines) if "groove:switchback begins" in line)
    last = next(number for number, line in enumerate(lines) if "groove:switchback ends" in line)
    at = data.draw(st.integers(first + 1, last))
    edited = "".join([*lines[:at], "- Mine\n", *lines[at:]])
    assert block_in(edited).state is BlockState.EDITED
    assert without_block(edited) == edited
    assert without_block(edited, even_edited=True) == with_pointer(text, text)
    assert block_in(with_block(edited, body)).state is BlockState.WHOLE
    assert block_in(written.replace(f"ends {digest_of(body)}", "ended")).state is BlockState.EDITED
    assert block_in(written + "\n" + written).state is BlockState.EDITED
    assert block_in(text).state is BlockState.GONE


@settings(OFTEN, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(TEXTS, BODIES, st.sampled_from(["bullet", "section"]), st.booleans())
def test_restore_sees_through_it(tmp_path: Path, text: str, body: str, unit: "str", is_edited: bool) -> None:
    """The rules file is as it was before the adoption, byte for byte; an edited block is a contradiction, and nothing changes."""
    done, record, learnings = adopted(text, unit)  # type: ignore[arg-type]
    assume(done.moved)
    for path in tmp_path.rglob("*.json"):
        path.unlink()
    keep(tmp_path, recorded(done, file="AGENTS.md"))
    (tmp_path / PLACE).write_bytes(str(learnings).encode())
    written = with_block(done.after, body)
    if is_edited:
        written = written.replace("<!-- groove:switchback ends", "- Mine\n<!-- groove:switchback ends")
    (tmp_path / "AGENTS.md").write_bytes(written.encode())
    back = restoration(tmp_path, tmp_path / "AGENTS.md")
    assert back.before == written.encode()
    if is_edited:
        assert "between the marks" in back.conflicts[0]
    else:
        assert (back.after, back.conflicts) == (record.before, ())
        assert back.managed == LearningsFile()
