"""A person has sessions and learnings forgotten, and nothing brings them back."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from fixtures.ledger import at, heavy, lease, signal
from sqlalchemy import func, select, text

from worker.errors import NotFound
from worker.ledger import DeadLetterReceived, ForgottenRows, Ledger, OutboxMessage, SessionRef, open_ledger
from worker.ledger.schema import Base

Attributing = Callable[..., SessionRef]
Receive = Callable[..., list[SessionRef]]


def rows(ledger: Ledger) -> dict[str, int]:
    with ledger._database.single() as connection:
        tables = [table for table in Base.metadata.sorted_tables if table.name not in ("forgotten", "log_partition")]
        found = {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables}
    return {name: count for name, count in found.items() if count}


@pytest.fixture
def full(ledger: Ledger, attributing: Attributing, receive: Receive) -> SessionRef:
    """A session that has a row everywhere."""
    ref = attributing("s", ["a", "b"])
    receive(signal("s"))
    ledger.work.save_transcript("s", b"{}")
    at(ledger, 1).work.fail_entry("s", ref.version, "a", "no a", max_tries=1, retry_seconds=0)
    ledger.work.complete_entries("s", ref.version, {"b": b"record"})
    message = OutboxMessage(message_id=UUID(int=1), stream="o", topic="t", key="s", payload=b"result")
    assert ledger.work.finish("s", ref.version, message=message)
    unread = DeadLetterReceived(kind="heavy", payload=b'{"session_id": "s", "outcome": 7}', reason="no", offset=1)
    other = DeadLetterReceived(kind="heavy", payload=b'{"session_id": "sss"', reason="no", offset=2)
    mine = lease(ledger)
    ledger.intake.record(mine, dead=[unread, other], position=3, last_id=None, gap=False, ablation_rate=0)
    ledger.partitions.leave("one")
    return ref


def test_nothing_of_a_session_stays(ledger: Ledger, full: SessionRef, attributing: Attributing) -> None:
    """Its rows go from every table, those of others stay; a dry run counts the same rows and leaves them."""
    before = rows(ledger)
    would = ledger.forgetting.sessions(["s"], dry_run=True)
    assert rows(ledger) == before
    assert would == ForgottenRows(
        sessions=1, events=1, lightweight=1, transcripts=1, entries=2, steps=4, outbox=1, dead_letters=1
    )
    assert ledger.forgetting.sessions(["s"]) == would
    assert rows(ledger) == {"dead_letter": 1}
    assert ledger.forgetting.sessions(["s"]) == ForgottenRows()


def test_a_rewound_log_brings_nothing_back(ledger: Ledger, full: SessionRef, receive: Receive) -> None:
    """Neither its event, nor a newer one, nor a late signal, nor a transcript is stored; other sessions in the same batch are."""
    ledger.forgetting.sessions(["s"])
    begun = receive(heavy("s"), heavy("s", "newer", at=99), heavy("t"), signal("s", 9), signal("t", 9))
    assert [ref.session_id for ref in begun] == ["t"]
    assert ledger.work.save_transcript("s", b"{}") is None
    assert rows(ledger) == {"dead_letter": 1, "event": 1, "lightweight_event": 1, "payload": 1} | {
        "session": 1,
        "session_step": 1,
    }


def test_a_worker_in_the_middle_of_it(ledger: Ledger, attributing: Attributing) -> None:
    """Whatever a task does next with a forgotten session ends as unknown and leaves no row."""
    ref = attributing("s", ["a"])
    ledger.forgetting.sessions(["s"])
    work, known = ledger.work, ("s", ref.version)
    for step in (
        lambda: work.load_work(*known),
        lambda: work.load_ended(*known),
        lambda: work.start_session(*known),
        lambda: work.start_entries(*known, ["a"]),
        lambda: work.expect(*known, ["a"], signals_seen=0),
        lambda: work.complete_entries(*known, {"a": b"record"}),
        lambda: work.fail_entry(*known, "a", "no", max_tries=1, retry_seconds=0),
        lambda: work.fail_preparation(*known, "no", max_tries=1, retry_seconds=0),
    ):
        with pytest.raises(NotFound):
            step()
    assert not work.finish(*known, message=None)
    assert not work.fail_session(*known, "no")
    assert not work.prepare_again(*known)
    assert rows(ledger) == {}


def test_a_learning_leaves_the_sessions_that_had_it(ledger: Ledger, full: SessionRef) -> None:
    """Its entries and the steps that tell of its failure go; the session and its other learnings stay."""
    assert ledger.forgetting.learning("a", dry_run=True) == ForgottenRows(entries=1, steps=1)
    assert ledger.forgetting.learning("a") == ForgottenRows(entries=1, steps=1)
    detail = ledger.history.session_detail("s")
    assert [entry.learning_id for entry in detail.entries] == ["b"]
    assert [step.step for step in detail.steps] == ["received", "prepared", "finished"]


def test_a_learning_takes_no_others_steps_with_it(ledger: Ledger, attributing: Attributing) -> None:
    """Also where the other's id begins alike, or where a sign in it means anything in a pattern."""
    names = ["a", "ab", "a_", "axb", "a%"]
    ref = attributing("s", names)
    for name in names:
        at(ledger, 1).work.fail_entry("s", ref.version, name, f"no {name}", max_tries=1, retry_seconds=0)
    for forgotten in ("a", "a_", "a%"):
        assert ledger.forgetting.learning(forgotten) == ForgottenRows(entries=1, steps=1)
    detail = ledger.history.session_detail("s")
    assert [entry.learning_id for entry in detail.entries] == ["ab", "axb"]
    told = [step.detail for step in detail.steps if step.step.startswith("learning ")]
    assert [detail.partition(":")[0] for detail in told] == ["ab", "axb"]


def test_no_byte_stays_in_the_file(tmp_path: Path) -> None:
    """SQLite's file and its log hold nothing of what was deleted once they are scrubbed."""
    marker = "quarkstrudel"
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    ledger.intake.receive(heavy=[heavy(f"s-{marker}")], ablation_rate=0)
    assert holding(tmp_path, marker)
    ledger.forgetting.sessions([f"s-{marker}"])
    assert ledger.forgetting.scrub()
    assert holding(tmp_path, marker) == []
    ledger.dispose()


def test_a_ledger_of_the_revision_before(ledger_url: str) -> None:
    """One without the table of forgotten sessions gets it when it is opened, and keeps its rows."""
    old = open_ledger(ledger_url)
    old.intake.receive(heavy=[heavy("s")], ablation_rate=0)
    with old._database.write() as connection:
        connection.execute(text("DROP TABLE forgotten"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0002'"))
    old.dispose()
    ledger = open_ledger(ledger_url)
    assert ledger.forgetting.sessions(["s"]).sessions == 1
    ledger.dispose()


def holding(folder: Path, marker: str) -> list[str]:
    return [path.name for path in folder.iterdir() if marker.encode() in path.read_bytes()]
