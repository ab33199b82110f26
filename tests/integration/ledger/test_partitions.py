"""Positions and leases of the event log's partitions."""

import threading
from collections.abc import Iterable

import pytest
from fixtures.ledger import TOPIC, StepClock, at, heavy, lease

from worker.errors import LostLease
from worker.ledger import DeadLetterReceived, Lease, Ledger, Topic, open_ledger

TOPICS = [Topic(stream="in", topic="heavy", partitions=4), Topic(stream="in", topic="lightweight", partitions=2)]


def deal(ledger: Ledger, replica: str) -> list[Lease]:
    return ledger.partitions.share_out(replica, TOPICS, lease_seconds=30)


def places(leases: Iterable[Lease]) -> set[tuple[str, int]]:
    return {(one.topic, one.partition) for one in leases}


def record(ledger: Ledger, mine: Lease, *, position: int = 5, last_id: str | None = "id", gap: bool = False) -> None:
    at(ledger, 1).intake.record(mine, position=position, last_id=last_id, gap=gap, ablation_rate=0.1)


def test_one_replica_gets_everything(ledger: Ledger) -> None:
    """A replica on its own holds every partition, from the start of each."""
    leases = deal(ledger, "one")
    assert len(leases) == 6
    assert {(one.position, one.last_id, one.epoch) for one in leases} == {(0, None, 1)}


def test_no_topics_no_leases(ledger: Ledger) -> None:
    """A log without topics is nothing to share."""
    assert ledger.partitions.share_out("one", [], lease_seconds=30) == []


def test_one_that_joins_gets_its_share(ledger: Ledger) -> None:
    """The one that held everything gives half up at its next turn, and the newcomer takes it at its own."""
    deal(ledger, "one")
    assert deal(ledger, "two") == []
    kept = deal(ledger, "one")
    taken = deal(ledger, "two")
    assert len(kept) == len(taken) == 3
    assert not places(kept) & places(taken)
    assert {one.epoch for one in taken} == {2}


def test_a_dead_one_is_replaced_within_its_lease(ledger: Ledger, clock: StepClock) -> None:
    """Nobody takes a partition before its lease is over; after it the living share it."""
    deal(ledger, "dead")
    clock.step(29)
    assert deal(ledger, "alive") == []
    clock.step(2)
    assert len(deal(ledger, "alive")) == 6


def test_renewing_keeps_the_lease_and_its_epoch(ledger: Ledger, clock: StepClock) -> None:
    """A replica that comes back in time keeps what it has, however long it lives."""
    for _ in range(5):
        clock.step(20)
        assert {one.epoch for one in deal(ledger, "one")} == {1}


def test_leaving_frees_at_once(ledger: Ledger) -> None:
    """What a replica gives back on its way out is taken without waiting, all of it by the one that stays."""
    deal(ledger, "one")
    ledger.partitions.leave("one")
    assert len(deal(ledger, "two")) == 6


def test_a_frozen_one_cannot_move_what_another_owns(ledger: Ledger, clock: StepClock) -> None:
    """Woken after its lease, a replica's batch is refused whole, and its rewind too."""
    old = lease(ledger, "frozen")
    clock.step(31)
    new = lease(ledger, "awake")
    with pytest.raises(LostLease):
        at(ledger, 1).intake.record(old, heavy=[heavy()], position=1, last_id="x", gap=False, ablation_rate=0.1)
    with pytest.raises(LostLease):
        ledger.partitions.rewind(old)
    assert ledger.counts.count().events == 0
    record(ledger, new)


def test_a_frozen_one_that_nobody_replaced_goes_on(ledger: Ledger, clock: StepClock) -> None:
    """Nobody took the partition: the epoch is still its own, and its batch counts."""
    mine = lease(ledger)
    clock.step(100)
    record(ledger, mine)
    assert ledger.partitions.states()[0].position == 5


def test_the_position_is_read_back(ledger: Ledger) -> None:
    """The next lease starts where the last batch ended, whoever holds it."""
    record(ledger, lease(ledger, "one"), position=42, last_id="of 41")
    ledger.partitions.leave("one")
    taken = lease(ledger, "two")
    assert (taken.position, taken.last_id, taken.epoch) == (42, "of 41", 2)


def test_a_rewind_reads_again_and_is_counted(ledger: Ledger) -> None:
    """The partition starts over; the events that come again are no new ones."""
    mine = lease(ledger)
    event = heavy()
    for position in (3, 3):
        at(ledger, 1).intake.record(mine, heavy=[event], position=position, last_id="x", gap=False, ablation_rate=0.1)
        ledger.partitions.rewind(mine)
    state = ledger.partitions.states()[0]
    assert (state.position, state.last_id, state.rewinds) == (0, None, 2)
    assert ledger.counts.count().events == 1


def test_a_gap_is_counted(ledger: Ledger) -> None:
    """Retention took messages that nobody had read: the partition remembers how often."""
    mine = lease(ledger)
    record(ledger, mine, gap=True)
    record(ledger, mine, gap=False)
    assert ledger.partitions.states()[0].gaps == 1


def test_dead_letters_come_with_the_position(ledger: Ledger) -> None:
    """A message that cannot be read is kept with its place and reason, once, whatever bytes they hold."""
    mine = lease(ledger)
    letter = DeadLetterReceived(kind="heavy", payload=b"\x00\xff", reason="not UTF-8\x00\ud800", offset=9)
    for _ in range(2):
        at(ledger, 5).intake.record(mine, dead=[letter], position=10, last_id="x", gap=False, ablation_rate=0.1)
    [kept] = ledger.dead_letters.find()
    assert (kept.stream, kept.topic, kept.partition, kept.offset) == (TOPIC.stream, TOPIC.topic, 0, 9)
    assert kept.reason == "not UTF-8\N{REPLACEMENT CHARACTER}?"
    assert ledger.dead_letters.get(kept.id).payload == b"\x00\xff"


def test_more_partitions_later(ledger: Ledger) -> None:
    """Partitions that are added to a topic are dealt like the others."""
    assert len(ledger.partitions.share_out("one", [Topic(stream="s", topic="t", partitions=1)], lease_seconds=30)) == 1
    assert len(ledger.partitions.share_out("one", [Topic(stream="s", topic="t", partitions=3)], lease_seconds=30)) == 3


def test_a_clock_set_back_blocks_nobody(ledger: Ledger, clock: StepClock) -> None:
    """A lease that ends in a far future was given before the clock was set back: it is over."""
    deal(ledger, "one")
    clock.step(-3600)
    assert len(deal(ledger, "two")) == 6


def test_many_replicas_at_once_share_without_overlap(ledger: Ledger, ledger_url: str, clock: StepClock) -> None:
    """Six replicas dealing at the same moment, again and again: every partition ends with exactly one of them."""
    ledgers = [open_ledger(ledger_url, clock=clock) for _ in range(6)]
    held: dict[int, list[Lease]] = {}

    def take_turns(number: int) -> None:
        for _ in range(6):
            held[number] = deal(ledgers[number], f"replica {number}")

    threads = [threading.Thread(target=take_turns, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(6):
        held[number] = deal(ledgers[number], f"replica {number}")
    for number in range(6):
        held[number] = deal(ledgers[number], f"replica {number}")
    assert [len(leases) for leases in held.values()] == [1] * 6
    assert len(set().union(*(places(leases) for leases in held.values()))) == 6
    for one in ledgers:
        one.dispose()
