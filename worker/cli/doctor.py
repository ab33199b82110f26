"""`groove doctor`, `groove rebuild`: is everything well, and if not, what to do."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from worker.cli.support.findings import Finding, about_experiments
from worker.cli.support.output import counted
from worker.errors import GrooveError, Unavailable


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True)
def doctor_command(*, as_json: bool) -> None:
    """Check every part and every promise; the status is 0 only when all is well."""
    from worker.cli.support.output import print_hanging

    findings = list(_examine())
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1))
    else:
        for finding in findings:
            for lead, line in finding.lines():
                print_hanging(lead, line)
    sys.exit(0 if all(finding.is_well for finding in findings) else 1)


def _examine() -> Iterator[Finding]:
    from worker.cli.support.agreement import compare
    from worker.cli.support.connections import open_store, open_the_ledger
    from worker.settings import load_settings

    settings = load_settings()
    yield _versions()
    is_at_rest = _is_at_rest(settings)
    yield from _at_rest() if is_at_rest else _running(settings)
    try:
        with open_the_ledger(settings) as ledger:
            yield from _ledger(ledger)
            if not (is_at_rest and settings.event_log is None):
                yield _checked("event log", lambda: _event_log(settings, ledger), "check GROOVE_EVENT_LOG")
    except GrooveError as error:
        yield Finding(what="ledger", is_well=False, detail=str(error), advice="check GROOVE_LEDGER")
    try:
        with open_store(settings) as store:
            yield from _store(store)
            yield compare(settings, store)
    except GrooveError as error:
        yield Finding(
            what="store",
            is_well=False,
            detail=str(error),
            advice="start it: `groove up`, or in compose `docker compose up -d store`",
        )
    yield _checked("model", lambda: _model(settings), "install groove-attribution[embedder], or set embedder.model")


def _is_at_rest(settings: object) -> bool:
    """The embedded stack, between two runs."""
    from worker.settings import Settings
    from worker.settings.addresses import socket_path

    assert isinstance(settings, Settings)
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


def _running(settings: object) -> Iterator[Finding]:
    broker = _checked("broker", lambda: _broker(settings), "start it, or the whole stack with `groove up`")
    yield broker
    if broker.is_well:
        yield _checked("parts", lambda: _parts(settings), "`groove status` shows who lives; start what is missing")


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


def _broker(settings: object) -> str:
    from worker.settings import Settings
    from worker.task_queue.queues import Queues

    assert isinstance(settings, Settings)
    lengths = Queues(settings).lengths()
    return ", ".join(f"{length} queued for {queue}" for queue, length in lengths.items())


def _parts(settings: object) -> str:
    from worker.cli.status import living_parts
    from worker.settings import Settings
    from worker.task_queue.queues import Queues

    assert isinstance(settings, Settings)
    found = living_parts(settings)
    if "bridge" not in found or len(found) == 1:
        raise Unavailable(f"no {'worker' if 'bridge' in found else 'bridge'} shows life")
    versions = {version for numbers in found.values() for version in numbers}
    if len(versions) > 1:
        raise Unavailable(f"several versions run: {', '.join(sorted(versions))}")
    if left := _left_alone(found, Queues(settings).lengths()):
        raise Unavailable(left)
    return ", ".join(f"{sum(numbers.values())} {kind}" for kind, numbers in found.items())


def _left_alone(found: Mapping[str, object], queued: Mapping[str, int]) -> str:
    """What waits in a queue that no living worker is there for; a worker that is named after a queue serves that one alone."""
    from worker.task_queue.app import ATTRIBUTION, FINISHING

    serves_all = found.keys() - queued.keys() - {"bridge"}
    served_by = {name: ATTRIBUTION if name == FINISHING else name for name in queued}
    alone = [
        f"{length} queued for {name}"
        for name, length in queued.items()
        if length and not {name, served_by[name]} & found.keys()
    ]
    return f"{', '.join(alone)}, and no worker takes them" if alone and not serves_all else ""


def _event_log(settings: object, ledger: object) -> str:
    from worker.errors import EventLogUnavailable
    from worker.event_log.opening import open_event_log
    from worker.lag import partition_lags
    from worker.ledger import Ledger
    from worker.settings import Settings

    assert isinstance(settings, Settings)
    assert isinstance(ledger, Ledger)
    event_log = open_event_log(settings.event_log_url)
    try:
        lags = partition_lags(settings, ledger, event_log)
    finally:
        event_log.close()
    rewinds, gaps = sum(lag.rewinds for lag in lags), sum(lag.gaps for lag in lags)
    if gaps:
        raise EventLogUnavailable(
            f"{counted(gaps, 'gaps')}: retention threw away messages before they were read; `groove lag` shows where"
        )
    to_read = counted(sum(lag.lag for lag in lags), "messages")
    return f"{counted(len(lags), 'partitions')}, {to_read} to read, {counted(rewinds, 'rewinds')}, no gaps"


def _ledger(ledger: object) -> Iterator[Finding]:
    from worker.cli.support.connections import now
    from worker.ledger import Ledger

    assert isinstance(ledger, Ledger)
    ledger.ping()
    counts = ledger.counts.count(now())
    yield Finding(
        what="ledger",
        is_well=True,
        detail=f"{counted(counts.events, 'events')}, {counted(sum(counts.sessions.values()), 'sessions')}",
    )
    hour = 3600 * 1_000_000
    stuck_outbox = counts.outbox_unsent if counts.outbox_oldest and counts.outbox_oldest < now() - hour else 0
    for what, number, advice in (
        (
            "sessions open for more than an hour",
            counts.overdue,
            "are workers and bridge running? `groove sessions show` tells a session's story",
        ),
        (
            "sessions waiting for a transcript",
            counts.sessions.get("waiting", 0),
            "`groove transcripts import SESSION FILE`",
        ),
        (
            "learnings failed",
            counts.entries.get("failed", 0),
            "`groove tasks failed` says why, `groove tasks retry --all` tries again",
        ),
        ("dead letters", counts.dead_letters, "`groove dead-letters list` says why"),
        (
            "messages unsent for more than an hour",
            stuck_outbox,
            "does the event log answer? the sweeper sends them as soon as it does; the bridge's log tells which it refuses",
        ),
    ):
        yield Finding(what=what, is_well=not number, detail=str(number), advice=advice)


def _store(store: object) -> Iterator[Finding]:
    from worker.store.client import HttpStore

    assert isinstance(store, HttpStore)
    counts = store.counts()
    yield Finding(
        what="store", is_well=True, detail=", ".join(counted(number, name) for name, number in counts.items())
    )
    differences = store.rebuild(repair=False)
    yield Finding(
        what="sums that differ from a recomputation",
        is_well=not differences,
        detail=str(len(differences)),
        advice="`groove rebuild --repair` writes the recomputed ones; please report it",
    )
    yield from about_experiments(store.list_health())


def _model(settings: object) -> str:
    from importlib.util import find_spec

    from worker.errors import ConfigurationError
    from worker.settings import Settings

    assert isinstance(settings, Settings)
    if find_spec("sentence_transformers") is None:
        if settings.broker is not None:
            return "not installed here; only embedding workers need it"
        raise ConfigurationError("sentence-transformers is not installed")
    return settings.embedder.model or "all-MiniLM-L6-v2"


@click.command("rebuild")
@click.option("--repair", is_flag=True, help="Write the recomputed sums and values where they differ.")
@click.option("--json", "as_json", is_flag=True)
def rebuild_command(*, repair: bool, as_json: bool) -> None:
    """Recompute sums and values from the records alone and report every difference; there must be none."""
    from worker.cli.support.connections import open_store

    with open_store() as store:
        differences = store.rebuild(repair=repair)
    if as_json:
        click.echo(json.dumps([asdict(difference) for difference in differences], ensure_ascii=False, indent=1))
        sys.exit(1 if differences and not repair else 0)
    for difference in differences:
        where = difference.learning_id or "all learnings"
        click.echo(f"{where}: {difference.name}: stored {difference.stored}, recomputed {difference.recomputed}")
    click.echo(counted(len(differences), "differences") + (", repaired" if repair and differences else ""))
    sys.exit(1 if differences and not repair else 0)
