"""Every line of a spool is taken in once, whatever hooks do at the same time and whoever is killed; its decisions are in the store."""

import multiprocessing
import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fixtures.hooks import append, append_bytes, decided
from fixtures.store import WRITE, learning, store_server, version
from fixtures.waiting import wait_until

from worker.domain import DecisionKind
from worker.errors import StoreUnavailable
from worker.formats.hook_folder import HookFolder
from worker.formats.hook_spool import HookEvent, SpoolRecord, spool_line
from worker.store.api import StoreApi
from worker.store.client import HttpStore
from worker.store.cozo.store import CozoStore
from worker.store.hooks.delivery import deliver
from worker.store.hooks.keeper import HookKeeper
from worker.store.hooks.records import HookRecords, RecordState
from worker.store.hooks.seam import OwnStore
from worker.store.hooks.spool import LAST_WRITE_AFTER, drain, the_spool
from worker.store.shapes.assignments import PublishedPolicy
from worker.system.clock import DAY, now_micros

A, B = "learning-a", "learning-b"
WRITERS, LINES = 4, 150
NOW = LONG_AGO = 1_790_000_000_000_000


@pytest.fixture
def folder(tmp_path: Path) -> HookFolder:
    found = HookFolder(tmp_path / "data")
    found.path.mkdir(parents=True)
    return found


@pytest.fixture
def records(folder: HookFolder) -> Iterator[HookRecords]:
    with closing(HookRecords(folder)) as found:
        yield found


@pytest.fixture
def store() -> Iterator[CozoStore]:
    with closing(CozoStore(None)) as found:
        found.import_learnings([learning(A), learning(B)], actor="alex", now=1)
        yield found


def taken(folder: HookFolder, records: HookRecords, *, now: int = NOW) -> int:
    with the_spool(folder, patient=True) as is_ours:
        assert is_ours
        return drain(folder, records, now=now)


def renamed(folder: HookFolder) -> list[Path]:
    return sorted(folder.path.glob("spool-*.jsonl"))


def test_lines_come_in_and_their_decisions_too(folder: HookFolder, records: HookRecords, store: CozoStore) -> None:
    """Those that hold none are kept all the same; a second look finds nothing new."""
    policy = store.publish_policy([A, B], now=2)
    for number in range(20):
        append(folder.spool, decided(policy, f"s{number}"))
    append(folder.spool, SpoolRecord(at=NOW, event=HookEvent.SESSION_END, session_id="s0", conversation_id="s0"))
    append(folder.spool, decided(policy, "wrong", policy_version="7-none"))
    append(folder.spool, decided(policy, "clock-not-set", at=0))
    assert taken(folder, records) == 23
    assert (taken(folder, records), folder.spool.exists()) == (0, False)
    assert deliver(records, OwnStore(store, lambda: NOW), now=NOW) == 22
    assert deliver(records, OwnStore(store, lambda: NOW), now=NOW) == 0
    assert records.counts() == {
        RecordState.WAITING: 0,
        RecordState.STORED: 21,
        RecordState.REFUSED: 1,
        RecordState.NOTHING: 1,
    }
    (wrong,) = records.of_session("wrong")
    assert wrong.reason == f"{A}: policy 7-none was never given out; {B}: policy 7-none was never given out"
    (start, end) = records.of_session("s0")
    assert (start.record, end.record.event) == (decided(policy, "s0"), HookEvent.SESSION_END)
    logged = store.open_session("s0", version(), []).assignments
    assert {id_ for id_, each in logged.items() if each.was_withheld} == set(start.record.withheld)
    assert set(logged) == {A, B}


def test_a_late_hook_s_line_is_not_lost(folder: HookFolder, records: HookRecords, store: CozoStore) -> None:
    """It had opened the spool before that was renamed away; the file goes when nobody can have it open any more."""
    policy = store.publish_policy([A], now=2)
    append(folder.spool, decided(policy, "first"))
    late = os.open(folder.spool, os.O_WRONLY | os.O_APPEND)
    assert taken(folder, records) == 1
    os.write(late, spool_line(decided(policy, "late")))
    os.close(late)
    append(folder.spool, decided(policy, "next"))
    assert taken(folder, records, now=NOW + 1) == 2
    assert records.sessions() == ["first", "late", "next"]
    assert len(renamed(folder)) == 2
    assert taken(folder, records, now=NOW + LAST_WRITE_AFTER + 1) == 0
    assert renamed(folder) == []


@pytest.mark.parametrize("cut", [1, 30, 300])
def test_a_torn_line_waits_for_its_end(folder: HookFolder, records: HookRecords, store: CozoStore, cut: int) -> None:
    """While a hook may still write; then it is counted as damaged. What comes after it is read at once."""
    policy = store.publish_policy([A], now=2)
    whole = spool_line(decided(policy, "torn"))
    append_bytes(folder.spool, spool_line(decided(policy, "before")) + whole[:cut])
    assert (taken(folder, records), records.damaged()) == (1, 0)
    (file,) = renamed(folder)
    append_bytes(file, whole[cut:] + whole[:40])
    assert (taken(folder, records), records.damaged()) == (1, 0)
    append_bytes(file, spool_line(decided(policy, "after")))
    assert (taken(folder, records), records.damaged()) == (1, 1)
    append_bytes(file, whole[:50])
    assert taken(folder, records, now=NOW + LAST_WRITE_AFTER + 1) == 0
    assert (records.damaged(), renamed(folder)) == (2, [])
    assert records.sessions() == ["after", "before", "torn"]


@pytest.mark.parametrize("what", ["folder", "link", "pipe"])
def test_what_is_no_spool_is_left_alone(folder: HookFolder, records: HookRecords, what: str, tmp_path: Path) -> None:
    """Nothing is read through it, and nobody waits at it."""
    (tmp_path / "private").write_bytes(b'{"format":1}\n')
    if what == "folder":
        folder.spool.mkdir()
    elif what == "link":
        folder.spool.symlink_to(tmp_path / "private")
    else:
        os.mkfifo(folder.spool)
    assert taken(folder, records) == 0
    assert (renamed(folder), records.damaged()) == ([], 0)


def test_while_the_store_is_away_all_waits(folder: HookFolder, store: CozoStore) -> None:
    """And is there in the end, the same as with a store that always answered."""

    class Away(OwnStore):
        def take_decisions(self, decisions: object) -> list[object]:  # type: ignore[override]
            raise StoreUnavailable("away")

    policy = store.publish_policy([A], now=2)
    for number in range(10):
        append(folder.spool, decided(policy, f"s{number}"))
        if number % 2:
            with pytest.raises(StoreUnavailable, match="away"):
                HookKeeper(folder.data_dir, Away(store)).look()
        else:
            HookKeeper(folder.data_dir, OwnStore(store)).look()
    HookKeeper(folder.data_dir, OwnStore(store)).look()
    with closing(HookRecords(folder)) as records:
        assert records.counts()[RecordState.STORED] == 10
    assert all(set(store.open_session(f"s{n}", version(), []).assignments) == {A} for n in range(10))


def test_a_record_that_no_store_reads_does_not_stop_the_others(folder: HookFolder, socket_address: str) -> None:
    """It is refused with the reason; a clock that is set to another age does no harm."""
    with store_server(socket_address) as (address, _):
        api = StoreApi(address, token=WRITE)
        api.import_learnings([learning(A)], actor="alex")
        policy = api.publish_policy([A])
        append(folder.spool, decided(policy, "before"))
        append(folder.spool, decided(policy, "endless", policy_version="9" * 300))
        append(folder.spool, decided(policy, "late", at=250_000_000_000_000_000))
        append(folder.spool, decided(policy, "after"))
        HookKeeper(folder.data_dir, api).look()
        with closing(HookRecords(folder)) as records:
            found = {session_id: records.of_session(session_id)[0] for session_id in records.sessions()}
        api.close()
    assert {session_id: kept.state for session_id, kept in found.items()} == {
        "after": RecordState.STORED,
        "before": RecordState.STORED,
        "endless": RecordState.REFUSED,
        "late": RecordState.STORED,
    }
    assert found["endless"].reason.startswith("decisions.0.policy_version: ")


def test_one_reader_has_the_spool(folder: HookFolder) -> None:
    """A second one passes it over, or waits."""
    with the_spool(folder, patient=False) as first, the_spool(folder, patient=False) as second:
        assert (first, second) == (True, False)
    with the_spool(folder, patient=False) as again:
        assert again


def test_what_is_forgotten_does_not_come_back(folder: HookFolder, records: HookRecords, store: CozoStore) -> None:
    """A session's records go, down to the file's bytes; of lines that come later nothing is kept."""
    policy = store.publish_policy([A], now=2)
    append(folder.spool, decided(policy, "mine", cwd="/secret-project"))
    append(folder.spool, decided(policy, "other"))
    taken(folder, records)
    assert records.forget(["mine", "nobody"], dry_run=True) == 1
    assert records.forget(["mine", "nobody"], dry_run=False) == 1
    assert b"secret-project" not in (folder.path / "records.sqlite").read_bytes()
    append(folder.spool, decided(policy, "mine"))
    assert taken(folder, records, now=NOW + 1) == 0
    assert records.sessions() == ["other"]


def _write(spool: Path, policy: PublishedPolicy, writer: int) -> None:
    for number in range(LINES):
        append(spool, decided(policy, f"w{writer}-{number}", at=now_micros()))


def _keep(data_dir: Path, address: str) -> None:
    keeper = HookKeeper(data_dir, StoreApi(address, token=WRITE))
    while True:
        keeper.look(patient=True)


def test_nothing_is_lost_or_twice_over_kills(folder: HookFolder, socket_address: str, tmp_path: Path) -> None:
    """Hooks write without a pause while two readers are killed at any point, again and again; then one reads to the end."""
    fork, chance = multiprocessing.get_context("spawn"), random.Random(7)
    with store_server(socket_address, folder=tmp_path / "db") as (address, _):
        api = StoreApi(address, token=WRITE)
        api.import_learnings([learning(A), learning(B)], actor="alex")
        policy = api.publish_policy([A, B])
        writers = [fork.Process(target=_write, args=(folder.spool, policy, number)) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        kills = 0
        while kills < 12 or any(writer.is_alive() for writer in writers):
            readers = [fork.Process(target=_keep, args=(folder.data_dir, address)) for _ in range(2)]
            for reader in readers:
                reader.start()
            _wait_for_progress(folder)
            for _ in range(chance.randrange(20_000)):
                pass
            for reader in readers:
                reader.kill()
                reader.join()
                kills += 1
        assert all(writer.exitcode == 0 for writer in writers)
        HookKeeper(folder.data_dir, api).look(patient=True)
        with closing(HookRecords(folder)) as records:
            found = Counter(kept.record.session_id for kept in records.all())
            assert found == Counter(f"w{writer}-{number}" for writer in range(WRITERS) for number in range(LINES))
            assert records.counts()[RecordState.STORED] == WRITERS * LINES
            assert records.damaged() == 0
        assert api.status().counts["assignments"] == 2 * WRITERS * LINES
        sessions = HttpStore(address, token=WRITE)
        for session_id in ("w0-0", "w3-149"):
            logged = sessions.open_session(session_id, version(), []).assignments
            assert {i for i, each in logged.items() if each.was_withheld} == set(decided(policy, session_id).withheld)
        sessions.close()
        api.decide(A, DecisionKind.DISABLED, actor="alex")
        api.close()


def _progress(folder: HookFolder) -> int:
    """What readers change."""
    wal = folder.path / "records.sqlite-wal"
    return (wal.stat().st_size if wal.exists() else 0) + len(renamed(folder))


def _wait_for_progress(folder: HookFolder) -> None:
    before = _progress(folder)
    wait_until(lambda: _progress(folder) != before or not folder.spool.exists(), "a reader reads")


def _look(folder: HookFolder, store: CozoStore, now: int) -> None:
    HookKeeper(folder.data_dir, OwnStore(store, lambda: now), clock=lambda: now).look(patient=True)


def test_records_of_sessions_that_nobody_imports_go(folder: HookFolder, records: HookRecords, store: CozoStore) -> None:
    """After 90 days, with torn lines of then; what was imported stays, and what the store has not taken yet."""
    policy = store.publish_policy([A, B], now=2)
    for session_id in ("imported", "never", "both-ways"):
        append(folder.spool, decided(policy, session_id, at=LONG_AGO))
    append(folder.spool, decided(policy, "young", at=LONG_AGO + 60 * DAY))
    append_bytes(folder.spool, b"\n{torn\n")
    taken(folder, records, now=LONG_AGO)
    for path in renamed(folder):
        path.unlink()
    records.note_comparison("imported", "agrees")
    records.note_comparison("both-ways", "neither")
    records.forget_unmatched(before=LONG_AGO + DAY)
    assert records.sessions() == ["both-ways", "imported", "never", "young"], "all of them wait for the store"
    _look(folder, store, LONG_AGO + 90 * DAY)
    assert len(records.sessions()) == 4
    _look(folder, store, LONG_AGO + 91 * DAY)
    assert records.sessions() == ["imported", "young"]
    assert records.comparisons() == {"agrees": 1}
    assert records.damaged() == 0
