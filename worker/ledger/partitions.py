"""How far each partition of the event log was read, and which replica of the bridge may read it.

A partition is leased to one replica at a time. Its epoch rises with every change of owner, and every move of the position names the epoch
that it was read under: a replica that was slow or frozen cannot move what another now owns.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, delete, false, func, or_, select, text, update

from worker.errors import LostLease
from worker.ledger.database import Database, insert_into, insert_new
from worker.ledger.schema import LogPartition, Replica
from worker.system.clock import SECOND

#: one replica deals partitions at a time (PostgreSQL; SQLite has one writer anyway)
DEALING_LOCK = 0x67726F6F7666


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    stream: str
    topic: str
    partitions: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """The right to move one partition's position, for as long as nobody else has taken it."""

    stream: str
    topic: str
    partition: int
    epoch: int
    #: the offset to read next, and the id of the message before it
    position: int
    last_id: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PartitionState:
    stream: str
    topic: str
    partition: int
    position: int
    last_id: str | None
    owner: str | None
    epoch: int
    #: 0 when nobody holds it
    lease_until: int
    #: how often the log was found to have lost its tail
    rewinds: int
    #: how often retention took messages that nobody had read
    gaps: int


class Partitions:
    def __init__(self, database: Database) -> None:
        self._database = database

    def share_out(self, replica: str, topics: Sequence[Topic], *, lease_seconds: float) -> list[Lease]:
        """Show that this replica lives, renew its leases, give up what is above its fair share, take what is free -> its leases.

        To be called several times within `lease_seconds`; a lease that was not renewed by then is anybody's.
        """
        with self._database.write() as connection:
            if not self._database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": DEALING_LOCK})
            deal = _Deal(
                connection, replica, topics, now=self._database.clock(connection), length=int(lease_seconds * SECOND)
            )
            return deal.leases()

    def rewind(self, lease: Lease) -> None:
        """The log lost what was read: read the partition again from its start; event ids make the repeats harmless."""
        with self._database.write() as connection:
            move(connection, lease, {"position": 0, "last_id": None, "rewinds": LogPartition.rewinds + 1})

    def leave(self, replica: str) -> None:
        """Give everything back at once, so that nobody has to wait for the leases to run out."""
        with self._database.write() as connection:
            connection.execute(
                update(LogPartition).where(LogPartition.owner == replica).values(owner=None, lease_until=0)
            )
            connection.execute(delete(Replica).where(Replica.name == replica))

    def states(self) -> list[PartitionState]:
        columns = [getattr(LogPartition, name) for name in PartitionState.__dataclass_fields__]
        with self._database.single() as connection:
            rows = connection.execute(select(*columns).order_by(*columns[:3])).mappings()
            return [PartitionState(**row) for row in rows]


def move(connection: Connection, lease: Lease, change: Mapping[str, object]) -> None:
    """Change the partition's row within the caller's transaction. Raises `LostLease` when the epoch is another by now."""
    moved = connection.execute(
        update(LogPartition)
        .where(
            LogPartition.stream == lease.stream,
            LogPartition.topic == lease.topic,
            LogPartition.partition == lease.partition,
            LogPartition.epoch == lease.epoch,
        )
        .values(**change)
    )
    if not moved.rowcount:
        raise LostLease(f"{lease.stream}/{lease.topic} {lease.partition}: another replica took it over")


class _Deal:
    """One replica's turn at sharing out, within one transaction."""

    def __init__(self, connection: Connection, replica: str, topics: Sequence[Topic], *, now: int, length: int) -> None:
        self._connection = connection
        self._replica = replica
        self._topics = topics
        self._now = now
        self._until = now + length
        # one that ends later than any lease may was given before the clock was set back: it is free
        self._holds = LogPartition.lease_until.between(now, now + 2 * length)
        self._mine = and_(LogPartition.owner == replica, self._holds)
        self._dead = or_(Replica.seen < now - length, Replica.seen > now + length)

    def leases(self) -> list[Lease]:
        self._show_life()
        self._add_partitions()
        share = self._fair_share()
        mine = self._numbers(self._mine)
        self._release(mine[share:])
        self._hold(mine[:share])
        free = self._numbers(~self._holds)
        self._take(free[: max(0, share - len(mine))])
        return self._read()

    def _show_life(self) -> None:
        insert = insert_into(self._connection, Replica).values(name=self._replica, seen=self._now)
        self._connection.execute(
            insert.on_conflict_do_update(index_elements=[Replica.name], set_={"seen": insert.excluded.seen})
        )
        self._connection.execute(delete(Replica).where(self._dead))

    def _add_partitions(self) -> None:
        known = set(self._numbers(self._asked_for()))
        wanted = [(t.stream, t.topic, number) for t in self._topics for number in range(t.partitions)]
        rows = [
            {"stream": stream, "topic": topic, "partition": number, "position": 0, "epoch": 0, "lease_until": 0}
            | {"rewinds": 0, "gaps": 0}
            for stream, topic, number in wanted
            if (stream, topic, number) not in known
        ]
        if rows:
            self._connection.execute(insert_new(self._connection, LogPartition), rows)

    def _fair_share(self) -> int:
        partitions = len(self._numbers(self._asked_for()))
        replicas = self._connection.scalar(select(func.count()).select_from(Replica)) or 1
        return math.ceil(partitions / replicas)

    def _asked_for(self) -> ColumnElement[bool]:
        return or_(
            false(),
            *(
                and_(
                    LogPartition.stream == topic.stream,
                    LogPartition.topic == topic.topic,
                    LogPartition.partition < topic.partitions,
                )
                for topic in self._topics
            ),
        )

    def _numbers(self, condition: ColumnElement[bool]) -> list[tuple[str, str, int]]:
        key = (LogPartition.stream, LogPartition.topic, LogPartition.partition)
        rows = self._connection.execute(select(*key).where(condition, self._asked_for()).order_by(*key))
        return [(row.stream, row.topic, row.partition) for row in rows]

    def _release(self, keys: list[tuple[str, str, int]]) -> None:
        self._change(keys, self._mine, {"owner": None, "lease_until": 0})

    def _hold(self, keys: list[tuple[str, str, int]]) -> None:
        self._change(keys, self._mine, {"lease_until": self._until})

    def _take(self, keys: list[tuple[str, str, int]]) -> None:
        taken = {"owner": self._replica, "epoch": LogPartition.epoch + 1, "lease_until": self._until}
        self._change(keys, ~self._holds, taken)

    def _change(
        self, keys: list[tuple[str, str, int]], condition: ColumnElement[bool], change: dict[str, object]
    ) -> None:
        for stream, topic, partition in keys:
            self._connection.execute(
                update(LogPartition)
                .where(
                    LogPartition.stream == stream,
                    LogPartition.topic == topic,
                    LogPartition.partition == partition,
                    condition,
                )
                .values(**change)
            )

    def _read(self) -> list[Lease]:
        columns = [getattr(LogPartition, name) for name in Lease.__dataclass_fields__]
        rows = self._connection.execute(select(*columns).where(self._mine, self._asked_for()).order_by(*columns[:3]))
        return [Lease(**row) for row in rows.mappings()]
