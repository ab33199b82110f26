"""Imported sessions through the same pipeline as any event: learnings into the store, events into the log, followed to their end."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from rich.progress import track

from assessor.importing import Importer, SessionEvent
from assessor.learnings import learning_of
from assessor.rules.catalogue import Rule
from worker.cli.import_hooks import keep_managed, recorded_by_hooks
from worker.cli.publish import publish_lines
from worker.cli.run_files import failures, follow
from worker.cli.support.jsonl import Line
from worker.cli.support.output import console
from worker.domain import DecisionKind, LearningStatus
from worker.errors import Unavailable
from worker.event_log.opening import open_event_log
from worker.layers.aggregation.observed import Observed
from worker.local.folder import is_owned
from worker.local.stack import running_stack
from worker.operations.connections import open_store, open_the_ledger
from worker.settings import Settings
from worker.store.api import StoreApi
from worker.store.hooks.keeper import HookKeeper
from worker.store.shapes.changes import ImportReport
from worker.store.shapes.learnings import ListedLearning
from worker.system.clock import now_micros

#: who decides, in the decision log
_ACTOR = "import"
#: there while events are on their way: an import that was cut short is finished by the next
_MARK = "unfinished"


@dataclass(kw_only=True, slots=True)
class Sent:
    """What went into the event log, and what it does not take."""

    events: int = 0
    #: session -> why it was not sent
    refused: dict[str, str]
    #: learnings and messages that gave up
    failures: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Worth:
    """What the store knows once all is processed."""

    learnings: ImportReport
    sent: Sent
    observed: dict[str, Observed]
    listed: dict[str, ListedLearning]


def process(settings: Settings, importer: Importer) -> Worth:
    with recorded_by_hooks(settings, importer.archive) as importer.hooks:
        return _process(settings, importer)


def _process(settings: Settings, importer: Importer) -> Worth:
    mark = settings.data_dir / "sessions" / _MARK
    events = (event for project in importer.projects for event in importer.events(project))
    first = list(islice(events, 1))  # no stack is started for nothing
    is_busy = bool(first) or mark.exists()
    sent = Sent(refused={})
    with (
        _working_stack(settings) if is_busy else contextlib.nullcontext(_nothing) as look_after,
        open_store(settings) as store,
    ):
        report = import_rules(store, importer)
        keep_managed(settings, importer.projects)
        HookKeeper(settings.data_dir, store).look(patient=True)
        if is_busy:
            mark.touch()
            _send(settings, importer, chain(first, events), sent, look_after)
            mark.unlink(missing_ok=True)
            store.refresh()
        return Worth(
            learnings=report,
            sent=sent,
            observed={each.learning_id: each for each in store.observed()},
            listed={each.learning.learning_id: each for each in store.learnings().learnings},
        )


def import_rules(store: StoreApi, importer: Importer) -> ImportReport:
    """New words for a rule begin a new epoch; a rule that is gone from its files is disabled, and enabled when it is back."""
    rules = [rule for rule in importer.catalogue.rules.values() if rule.unit == importer.unit]
    moment = now_micros()
    present = [learning_of(rule, now=moment) for rule in rules if not rule.is_disabled]
    report = store.import_learnings(present, actor=_ACTOR)
    status = {each.learning.learning_id: each.value.status for each in store.learnings().learnings}
    for rule in rules:
        _decide(store, rule, status.get(rule.learning_id))
    return report


def _decide(store: StoreApi, rule: Rule, status: LearningStatus | None) -> None:
    """What a person decided stands."""
    is_off = status is LearningStatus.DISABLED
    if status is None or is_off == rule.is_disabled:
        return
    if rule.is_disabled:
        store.decide(rule.learning_id, DecisionKind.DISABLED, actor=_ACTOR, reason="gone from its rules files")
    elif store.history(rule.learning_id)[-1].actor == _ACTOR:
        store.decide(rule.learning_id, DecisionKind.ENABLED, actor=_ACTOR, reason="back in a rules file")


def _send(
    settings: Settings, importer: Importer, events: Iterable[SessionEvent], sent: Sent, look_after: Callable[[], None]
) -> None:
    with (
        contextlib.closing(open_event_log(settings.event_log_url)) as event_log,
        open_the_ledger(settings) as ledger,
    ):
        on_the_way: dict[str, SessionEvent] = {}
        lines = _lines(_shown(events, importer), settings.bridge.max_message_bytes, on_the_way, sent)
        for portion in publish_lines(settings, event_log, lines):
            for line in portion:
                event = on_the_way.pop(line.event_id)
                importer.archive.published(event.session_id, event_id=event.event_id, assessment=event.assessment)
            sent.events += len(portion)
        follow(settings, ledger, event_log, look_after=look_after)
        sent.failures = failures(ledger.counts.count())


def _lines(
    events: Iterable[SessionEvent], most: int, on_the_way: dict[str, SessionEvent], sent: Sent
) -> Iterator[Line]:
    for event in events:
        if len(event.payload) > most:
            sent.refused[event.session_id] = f"{len(event.payload)} bytes, more than bridge.max_message_bytes"
            continue
        on_the_way[event.event_id] = event
        yield Line(payload=event.payload, session_id=event.session_id, event_id=event.event_id)


def _shown(events: Iterable[SessionEvent], importer: Importer) -> Iterator[SessionEvent]:
    total = sum(len(importer.archive.sessions(str(project.root))) for project in importer.projects)
    yield from track(events, "assessing sessions", total=total, console=console(to_stderr=True))


@contextlib.contextmanager
def _working_stack(settings: Settings) -> Iterator[Callable[[], None]]:
    """One that works on this data already, or one of our own for the length of the block."""
    if is_owned(settings):
        yield lambda: _still_there(settings)
    elif settings.store.url is not None:
        yield _nothing
    else:
        with running_stack(settings, log_to_files=True) as stack:
            yield stack.look_after


def _still_there(settings: Settings) -> None:
    if not is_owned(settings):
        raise Unavailable("the running stack ended before all was processed: run `groove import` again")


def _nothing() -> None:
    pass
