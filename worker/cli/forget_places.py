"""Where a session or a learning is kept: each place counts what it has of them and forgets it, or says what it cannot reach."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from worker.event_log.opening import open_event_log
from worker.event_log.protocol import EventLog, TopicName
from worker.event_log.searching import find_messages
from worker.local.folder import is_owned
from worker.operations.connections import open_store, open_the_ledger
from worker.settings import Settings
from worker.store.addresses import StoreAddress
from worker.store.hooks.forgetting import forget_hook_records
from worker.task_queue.broker import broker_client
from worker.task_queue.bundle_cache import BundleCache

if TYPE_CHECKING:
    from assessor.archive import Archive
    from worker.ledger import Ledger
    from worker.store.api import StoreApi


@dataclass(frozen=True, kw_only=True, slots=True)
class Forgotten:
    """What was found, or removed, by place; and what a person has to see to."""

    places: Mapping[str, Mapping[str, int]]
    not_reached: Sequence[str] = ()

    @property
    def total(self) -> int:
        return sum(count for counts in self.places.values() for count in counts.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """All of them, opened. Embedded and not running, store and broker are started for the length of the block."""

    settings: Settings
    ledger: "Ledger"
    store: "StoreApi"
    bundles: BundleCache
    event_log: EventLog
    #: of imported sessions; None: nothing was imported
    archive: "Archive | None"
    _not_reached: list[str] = field(default_factory=list)

    def forget(self, session_ids: Sequence[str], learning_ids: Sequence[str], *, dry_run: bool) -> Forgotten:
        """First where work begins, so that nothing new comes of it; then what was made of it, and last the files."""
        rows = [self.ledger.forgetting.learning(id_, dry_run=dry_run) for id_ in learning_ids]
        results = [self.store.forget_learning(id_, dry_run=dry_run) for id_ in learning_ids]
        places: dict[str, Mapping[str, int]] = {}
        if session_ids:
            places["hooks"] = {"records": self._hook_records(session_ids, dry_run=dry_run)}
            places["archive"] = {"sessions": self._archive(session_ids, dry_run=dry_run)}
            rows.append(self.ledger.forgetting.sessions(session_ids, dry_run=dry_run))
            results += [self.store.forget_session(id_, dry_run=dry_run) for id_ in session_ids]
            places["broker"] = {"prepared sessions": self._prepared(session_ids, dry_run=dry_run)}
            places["event log"] = self._messages(session_ids, dry_run=dry_run)
        places |= {"ledger": _sum(map(asdict, rows)), "store": _sum(map(asdict, results))}
        if not dry_run:
            self._scrub()
        return Forgotten(places=places, not_reached=[*self._not_reached, *_elsewhere(session_ids, learning_ids)])

    def _archive(self, session_ids: Sequence[str], *, dry_run: bool) -> int:
        if self.archive is None:
            return 0
        known = sum(self.archive.session(id_) is not None for id_ in session_ids)
        return known if dry_run else self.archive.forget(session_ids)

    def _hook_records(self, session_ids: Sequence[str], *, dry_run: bool) -> int:
        return forget_hook_records(self.settings.data_dir, session_ids, dry_run=dry_run)

    def _prepared(self, session_ids: Sequence[str], *, dry_run: bool) -> int:
        return len(self.bundles.find(session_ids)) if dry_run else self.bundles.forget(session_ids)

    def _messages(self, session_ids: Sequence[str], *, dry_run: bool) -> dict[str, int]:
        """By topic, those that are gone; the others are not reached."""
        streams, counts = self.settings.streams, Counter[str]()
        for topic in (streams.heavy, streams.lightweight, streams.attributed):
            name, kept = TopicName.parse(topic), 0
            for partition, offsets in find_messages(self.event_log, name, frozenset(session_ids)).items():
                if dry_run or self.event_log.delete(name, partition, offsets):
                    counts[topic] += len(offsets)
                else:
                    kept += len(offsets)
            if kept:
                self._not_reached.append(
                    f"{kept} in {topic}: the event log cannot delete single messages; they go with the topic's retention"
                )
        return dict(counts)

    def _scrub(self) -> None:
        """After the last deletion: each writes its files anew."""
        for done, what in (
            (
                self.ledger.forgetting.scrub(),
                "deleted rows in the ledger's files, until it writes over them: VACUUM FULL (SQLite: VACUUM) does",
            ),
            (
                self.bundles.scrub(),
                "deleted bytes in the broker's append-only file, until it is written anew: BGREWRITEAOF does",
            ),
        ):
            if not done:
                self._not_reached.append(what)
        if self.settings.event_log is not None:
            self.event_log.scrub()


@contextmanager
def open_places(settings: Settings) -> Iterator[Places]:
    with ExitStack() as opened:
        if _is_at_rest(settings):
            from worker.local.stack import running_store

            opened.enter_context(running_store(settings, with_broker=True))
        event_log = open_event_log(settings.event_log_url)
        opened.callback(event_log.close)
        yield Places(
            settings=settings,
            ledger=opened.enter_context(open_the_ledger(settings)),
            store=opened.enter_context(open_store(settings)),
            # VACUUM, a rewrite of the broker's file: each may take a while
            bundles=BundleCache(broker_client(settings, deadline_seconds=60), keep_seconds=0),
            event_log=event_log,
            archive=_open_archive(settings, opened),
        )


def _is_at_rest(settings: Settings) -> bool:
    """Parts that are embedded do not run, be it as a stack or started by hand."""
    is_embedded = settings.broker is None or settings.store.url is None
    return is_embedded and not (is_owned(settings) or StoreAddress.parse(settings.store_url).accepts())


def _open_archive(settings: Settings, opened: ExitStack) -> "Archive | None":
    folder = settings.data_dir / "sessions"
    if not folder.is_dir():
        return None
    from assessor.archive import open_archive

    return opened.enter_context(open_archive(folder))


def _sum(counts: Iterator[dict[str, int]]) -> dict[str, int]:
    total = Counter[str]()
    for each in counts:
        total.update(each)
    return {name: count for name, count in total.items() if count}


def _elsewhere(session_ids: Sequence[str], learning_ids: Sequence[str]) -> Iterator[str]:
    yield "backups that were made before"
    if session_ids:
        yield "the assistant's own session files, and what readers of groove.attribution have kept"
    if learning_ids:
        yield "events and published messages of sessions that had the learning: they go with retention, or with groove forget --session"
