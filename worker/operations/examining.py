"""Is everything well, and if not, what to do: every part and every promise looked at."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from worker.errors import ConfigurationError, EventLogUnavailable, GrooveError, Unavailable
from worker.ledger import Ledger
from worker.operations.agreement import compare
from worker.operations.connections import open_store, open_the_ledger
from worker.operations.findings import (
    NAMED,
    Finding,
    about_experiments,
    about_hooks,
    about_the_ledger,
    about_the_outlook,
)
from worker.operations.sampling import about_the_sampling
from worker.operations.status import lags, living_parts, queue_lengths
from worker.operations.wording import counted
from worker.settings import Settings
from worker.settings.addresses import socket_path
from worker.store.api import StoreApi
from worker.store.hooks.agreement import hook_agreement
from worker.task_queue.messages import ATTRIBUTION, FINISHING

#: seconds; other learnings the next time, and `groove rebuild` looks at all
_PROVING = 0.5
#: bytes; the embedded broker and the store write files of some ten megabytes anew
_LEAST_ROOM = 100_000_000


def examine(settings: Settings, *, is_thorough: bool = True) -> Iterator[Finding]:
    """One by one, as they are found.

    `is_thorough`: sums are recomputed too, of as many learnings as half a second allows.
    """
    yield _versions()
    if settings.store.url is None:
        yield _checked(
            "room on the disk", lambda: about_the_room(settings.data_dir), "make room, or move the data folder"
        )
    rests = is_at_rest(settings)
    yield from _at_rest() if rests else _running(settings)
    try:
        with open_the_ledger(settings) as ledger:
            yield from _ledger(ledger)
            if not (rests and settings.event_log is None):
                yield _checked("event log", lambda: _event_log(settings, ledger), "check GROOVE_EVENT_LOG")
    except GrooveError as error:
        yield Finding(what="ledger", is_well=False, detail=str(error), advice="check GROOVE_LEDGER")
    try:
        with open_store(settings) as store:
            yield from _store(store, is_thorough=is_thorough)
            yield compare(settings, store)
    except GrooveError as error:
        yield Finding(
            what="store",
            is_well=False,
            detail=str(error),
            advice="start it: `groove up`, or in compose `docker compose up -d store`",
        )
    yield from _hooks(settings)
    yield _checked("model", lambda: _model(settings), "install groove-attribution[embedder], or set embedder.model")


def _hooks(settings: Settings) -> Iterator[Finding]:
    try:
        agreement = hook_agreement(settings.data_dir)
    except GrooveError as error:
        yield Finding(what="hooks", is_well=False, detail=str(error), advice="move that file away: it is made anew")
        return
    if agreement is not None:
        yield from about_hooks(agreement)


def about_the_room(folder: Path, *, least: int = _LEAST_ROOM) -> str:
    """How much the disk of `folder` still takes. Raises `Unavailable` below `least` bytes."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    free = shutil.disk_usage(there).free
    told = f"{free / 1e6:,.0f} MB are free where {folder} lies"
    if free < least:
        raise Unavailable(told)
    return told


def about_the_parts(settings: Settings) -> str:
    """Who lives. Raises `Unavailable` where somebody is missing, runs another version, or leaves a queue alone."""
    found = living_parts(settings)
    if "bridge" not in found or len(found) == 1:
        raise Unavailable(f"no {'worker' if 'bridge' in found else 'bridge'} shows life")
    versions = {version for numbers in found.values() for version in numbers}
    if len(versions) > 1:
        raise Unavailable(f"several versions run: {', '.join(sorted(versions))}")
    if left := _left_alone(found, queue_lengths(settings)):
        raise Unavailable(left)
    return ", ".join(f"{sum(numbers.values())} {kind}" for kind, numbers in found.items())


def is_at_rest(settings: Settings) -> bool:
    """The embedded stack, between two runs."""
    path = socket_path(settings.broker_url)
    return settings.broker is None and path is not None and not Path(path).exists()


def _at_rest() -> Iterator[Finding]:
    yield Finding(
        what="embedded stack",
        is_well=True,
        is_note=True,
        detail="not running, so its broker, its parts and its event log were not looked at",
        advice="`groove up` starts it",
    )


def _running(settings: Settings) -> Iterator[Finding]:
    broker = _checked("broker", lambda: _broker(settings), "start it, or the whole stack with `groove up`")
    yield broker
    if broker.is_well:
        yield _checked(
            "parts",
            lambda: about_the_parts(settings),
            "`groove status` shows who lives; start what is missing, in compose `docker compose logs` says why it ended",
        )


def _checked(what: str, examine: Callable[[], str], advice: str) -> Finding:
    try:
        return Finding(what=what, is_well=True, detail=examine())
    except GrooveError as error:
        return Finding(what=what, is_well=False, detail=str(error), advice=advice)


def _versions() -> Finding:
    names = ("groove-attribution", "celery", "redis", "pycozo", "apache-iggy", "sqlalchemy")
    known = {}
    for name in names:
        try:
            known[name] = version(name)
        except PackageNotFoundError:
            known[name] = "missing"
    return Finding(
        what="versions",
        is_well="missing" not in known.values(),
        detail=", ".join(f"{name} {number}" for name, number in known.items()),
        advice="install the package with its requirements",
    )


def _broker(settings: Settings) -> str:
    return ", ".join(f"{length} queued for {queue}" for queue, length in queue_lengths(settings).items())


def _left_alone(found: Mapping[str, object], queued: Mapping[str, int]) -> str:
    """What waits in a queue that no living worker is there for; a worker that is named after a queue serves that one alone."""
    serves_all = found.keys() - queued.keys() - {"bridge"}
    served_by = {name: ATTRIBUTION if name == FINISHING else name for name in queued}
    alone = [
        f"{length} queued for {name}"
        for name, length in queued.items()
        if length and not {name, served_by[name]} & found.keys()
    ]
    return f"{', '.join(alone)}, and no worker takes them" if alone and not serves_all else ""


def _event_log(settings: Settings, ledger: Ledger) -> str:
    found = lags(settings, ledger)
    known = {lag.name.rpartition("/")[0] for lag in found}
    if missing := [topic for topic in (settings.streams.heavy, settings.streams.lightweight) if topic not in known]:
        raise EventLogUnavailable(f"it has no topic {', '.join(missing)}: the bridge makes them when it starts")
    rewinds, gaps = sum(lag.rewinds for lag in found), sum(lag.gaps for lag in found)
    if gaps:
        raise EventLogUnavailable(
            f"{counted(gaps, 'gaps')}: retention threw away messages before they were read; `groove lag` shows where"
        )
    to_read = counted(sum(lag.lag for lag in found), "messages")
    return f"{counted(len(found), 'partitions')}, {to_read} to read, {counted(rewinds, 'rewinds')}, no gaps"


def _ledger(ledger: Ledger) -> Iterator[Finding]:
    ledger.ping()
    yield from about_the_ledger(ledger.counts.count())
    heard = ledger.counts.heard()
    if not all(one.is_assessed for one in heard):
        yield about_the_sampling(heard)


def _store(store: StoreApi, *, is_thorough: bool) -> Iterator[Finding]:
    counts = store.status().counts
    yield Finding(
        what="store", is_well=True, detail=", ".join(counted(number, name) for name, number in counts.items())
    )
    if is_thorough:
        yield _sums(store)
    yield from about_experiments(store.overview(limit=NAMED), store.learning_ids())
    yield about_the_outlook(store.outlook())


def _sums(store: StoreApi) -> Finding:
    proof = store.proof(seconds=_PROVING)
    is_partial = proof.looked_at < proof.of
    some = f", of {proof.looked_at:,} of {proof.of:,} learnings; others the next time" if is_partial else ""
    return Finding(
        what="sums that differ from a recomputation",
        is_well=not proof.differences,
        detail=f"{len(proof.differences)}{some}",
        advice="`groove rebuild --repair` writes the recomputed ones of all; please report it",
    )


def _model(settings: Settings) -> str:
    if find_spec("sentence_transformers") is None:
        if settings.broker is not None:
            return "not installed here; only embedding workers need it"
        raise ConfigurationError("sentence-transformers is not installed")
    return settings.embedder.model or "all-MiniLM-L6-v2"
