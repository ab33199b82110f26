"""The three tasks: load, call, save. What they mean for a session's state is the ledger's business.

prepare_session      the transcript's vectors, once a session
attribute_learning   layers 1 to 3 over one learning (or a few) of one session
finish_session       layer 4, values, and the message to `groove.attribution`

A part that cannot be reached is waited for a little and then left to the sweeper: nothing is wrong with the work, so no try is counted.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import structlog
from celery import Celery, Task, current_app, shared_task
from celery.exceptions import SoftTimeLimitExceeded
from kombu.utils.functional import retry_over_time

from worker import canvas
from worker.attribution import settle_assignments
from worker.bundle import SessionContext
from worker.canvas import WireVersion, from_wire
from worker.domain import AttributionRecord, SessionVersion
from worker.errors import BundleGone, InvalidEvent, NotFound, Superseded, Unavailable
from worker.events import HeavyEvent, attempt_id, read_heavy_event, read_lightweight_event, session_attributed
from worker.ledger import OutboxMessage, SessionWork
from worker.publishing import drain_outbox
from worker.resources import Resources, resources
from worker.transcripts import Transcript, parse_transcript, read_transcript

log = structlog.get_logger()

_Answer = TypeVar("_Answer")
#: what a task answers: shown in Flower
Outcome = dict[str, Any]


def now() -> int:
    return time.time_ns() // 1000


# ---------------------------------------------------------------- prepare


@shared_task(name=canvas.PREPARE)
def prepare_session(session_id: str, version: WireVersion) -> Outcome:
    """Embed the transcript, keep the bundle, expect the learnings, start the chord."""
    return _Preparation(resources(), session_id, from_wire(version)).run()


class _Preparation:
    def __init__(self, parts: Resources, session_id: str, version: SessionVersion) -> None:
        self.parts, self.session_id, self.version = parts, session_id, version

    def run(self) -> Outcome:
        try:
            return self._prepare()
        except (Superseded, NotFound) as reason:
            return {"state": "dropped", "reason": str(reason)}
        except Unavailable as reason:
            return _left_to_sweeper(reason, session_id=self.session_id)
        except (Exception, SoftTimeLimitExceeded) as error:  # noqa: BLE001 - whatever it was, it is this session's failure alone
            return self._failed(_reason(error))

    def _prepare(self) -> Outcome:
        parts = self.parts
        work = self._patiently(parts.ledger.work.load_work, self.session_id, self.version)
        event = read_heavy_event(work.payload, logged_at=work.logged_at)
        self._patiently(parts.ledger.work.start_session, self.session_id, self.version, now())
        transcript = _transcript(event, work)
        if transcript is None:
            return self._wait_for_transcript(event)
        opened = self._patiently(
            parts.store.open_session, self.session_id, self.version, list(event.expected_learnings)
        )
        assigned = settle_assignments(event, opened.assignments, ablation_rate=work.ablation_rate)
        context = SessionContext(
            session_id=self.session_id,
            version=self.version,
            outcome=event.outcome,
            signals=_signals(event, work),
            assignments=assigned.assignments,
            mismatched=assigned.mismatched,
        )
        if assigned.assignments:
            self._keep_bundle(context, transcript, opened.learnings)
        pending = self._expect(context, event.contradictory, len(work.lightweight))
        canvas.enqueue_session(
            _app(), self.session_id, self.version, pending, per_task=parts.settings.worker.learnings_per_task
        )
        return {"state": "prepared", "learnings": len(pending)}

    def _keep_bundle(self, context: SessionContext, transcript: Transcript, learnings: dict[str, Any]) -> None:
        from worker.preparation import build_bundle

        parts = self.parts
        bundle = build_bundle(
            context, transcript, learnings, embedder=parts.embedder, learning_vectors=parts.learning_vectors
        )
        self._patiently(parts.bundles.put, bundle)

    def _expect(self, context: SessionContext, contradictory: frozenset[str], signals_seen: int) -> list[str]:
        return self._patiently(
            self.parts.ledger.work.expect,
            self.session_id,
            self.version,
            list(context.assignments),
            refused=dict.fromkeys(sorted(contradictory), "named both as active and as withheld"),
            signals_seen=signals_seen,
            now=now(),
        )

    def _wait_for_transcript(self, event: HeavyEvent) -> Outcome:
        reason = f"no transcript yet (path {event.transcript_path!r})" if event.transcript_path else "no transcript yet"
        moment = now()
        self._patiently(
            self.parts.ledger.work.mark_waiting,
            self.session_id,
            self.version,
            next_try_at=moment,
            reason=reason,
            now=moment,
        )
        return {"state": "waiting", "reason": reason}

    def _failed(self, reason: str) -> Outcome:
        """One try spent; after the last, every learning of the session has failed for this reason."""
        options, ledger, moment = self.parts.settings.worker, self.parts.ledger, now()
        log.warning("preparation_failed", session_id=self.session_id, event_id=self.version.event_id, reason=reason)
        try:
            given_up = ledger.work.fail_preparation(
                self.session_id,
                self.version,
                reason,
                now=moment,
                max_tries=options.max_tries,
                retry_at=moment + round(options.retry_seconds * 1e6),
            )
            if given_up:
                give_up_session(self.parts, _app(), self.session_id, self.version, reason)
        except (Superseded, NotFound, Unavailable) as error:
            return _left_to_sweeper(error, session_id=self.session_id)
        return {"state": "failed", "reason": reason, "given_up": given_up}

    def _patiently(self, call: Callable[..., _Answer], *args: Any, **kwargs: Any) -> _Answer:
        return patiently(self.parts, call, *args, **kwargs)


def give_up_session(parts: Resources, app: Celery, session_id: str, version: SessionVersion, reason: str) -> None:
    """Every expected learning fails with `reason`, and the session finishes."""
    work = parts.ledger.work.load_work(session_id, version)
    event = read_heavy_event(work.payload, logged_at=work.logged_at)
    parts.ledger.work.expect(
        session_id,
        version,
        list(event.expected_learnings),
        refused=dict.fromkeys(event.expected_learnings, reason),
        signals_seen=len(work.lightweight),
        now=now(),
    )
    canvas.enqueue(app, [canvas.finish(app, session_id, version)])


def _transcript(event: HeavyEvent, work: SessionWork) -> Transcript | None:
    if event.transcript is not None:
        return parse_transcript(event.transcript)
    return read_transcript(work.transcript) if work.transcript is not None else None


def _signals(event: HeavyEvent, work: SessionWork) -> tuple[Any, ...]:
    """Those inside the heavy event win; else what the lightweight topic brought, in an order that is the session's own."""
    if event.lightweight_events:
        return event.signals
    heard = [signal for payload in work.lightweight for signal in read_lightweight_event(payload).to_signals()]
    return tuple(sorted(heard, key=lambda signal: (signal.message_idx, signal.kind, signal.detail, signal.confidence)))


def give_up_lost(
    parts: Resources,
    session_id: str,
    version: SessionVersion,
    learning_ids: Sequence[str] | None,
    reason: str,
    moment: int,
) -> None:
    """A child died over this task: one try of its work is spent, and after the last the session goes on without it."""
    options = parts.settings.worker
    retry_at = moment + round(options.retry_seconds * 1e6)
    spent = {"now": moment, "max_tries": options.max_tries, "retry_at": retry_at}
    try:
        if learning_ids is None:
            if parts.ledger.work.fail_preparation(session_id, version, reason, **spent):
                give_up_session(parts, _app(), session_id, version, reason)
            return
        outcomes = [parts.ledger.work.fail_entry(session_id, version, id_, reason, **spent) for id_ in learning_ids]
    except (Superseded, NotFound):
        return
    if any(outcome.last for outcome in outcomes):
        canvas.enqueue(_app(), [canvas.finish(_app(), session_id, version)])


# -------------------------------------------------------------- attribute


@shared_task(name=canvas.ATTRIBUTE)
def attribute_learning(session_id: str, version: WireVersion, learning_ids: Sequence[str]) -> Outcome:
    """Never raises to the chord: a failure is a stored result with its reason."""
    return _Attribution(resources(), session_id, from_wire(version)).run(learning_ids)


class _Attribution:
    def __init__(self, parts: Resources, session_id: str, version: SessionVersion) -> None:
        self.parts, self.session_id, self.version = parts, session_id, version

    def run(self, learning_ids: Sequence[str]) -> Outcome:
        try:
            return self._attribute(self._still_open(learning_ids))
        except (Superseded, NotFound) as reason:
            return {"state": "dropped", "reason": str(reason)}
        except BundleGone:
            canvas.enqueue(_app(), [canvas.prepare(_app(), self.session_id, self.version)])
            return {"state": "prepared_again"}
        except Unavailable as reason:
            return _left_to_sweeper(reason, session_id=self.session_id)

    def _still_open(self, learning_ids: Sequence[str]) -> list[str]:
        """Without those that a copy of this message has already done."""
        start, moment = self.parts.ledger.work.start_entry, now()
        return [
            learning_id
            for learning_id in learning_ids
            if self._patiently(start, self.session_id, self.version, learning_id, moment).state == "pending"
        ]

    def _attribute(self, learning_ids: list[str]) -> Outcome:
        if not learning_ids:
            return {"state": "done already"}
        bundle = self._patiently(self.parts.bundles.get, self.session_id, self.version)
        records: list[AttributionRecord] = []
        failures: dict[str, str] = {}
        for learning_id in learning_ids:
            try:
                records.append(self.parts.attributor.attribute(learning_id, bundle))
            except (Exception, SoftTimeLimitExceeded) as error:  # noqa: BLE001 - this learning's failure, not the others'
                failures[learning_id] = _reason(error)
        self._save(records, failures)
        return self._outcome(records, failures)

    def _save(self, records: list[AttributionRecord], failures: dict[str, str]) -> None:
        """Store first, ledger second: a crash between the two repeats the work, and the same record changes nothing."""
        ledger, is_last = self.parts.ledger, False
        if records:
            self._patiently(self.parts.store.store_attributions, records, self.version)
            done = [record.learning_id for record in records]
            is_last = self._patiently(ledger.work.complete_entries, self.session_id, self.version, done, now())
        for learning_id, reason in failures.items():
            is_last = self._fail(learning_id, reason) or is_last
        if is_last and not _in_chord():
            canvas.enqueue(_app(), [canvas.finish(_app(), self.session_id, self.version)])

    def _fail(self, learning_id: str, reason: str) -> bool:
        options, moment = self.parts.settings.worker, now()
        log.warning("learning_failed", session_id=self.session_id, learning_id=learning_id, reason=reason)
        outcome = self._patiently(
            self.parts.ledger.work.fail_entry,
            self.session_id,
            self.version,
            learning_id,
            reason,
            now=moment,
            max_tries=1 if reason.startswith(_UNKNOWN) else options.max_tries,
            retry_at=moment + round(options.retry_seconds * 1e6),
        )
        return outcome.last

    def _outcome(self, records: list[AttributionRecord], failures: dict[str, str]) -> Outcome:
        outcome: Outcome = {"state": "failed" if failures else "done"}
        if failures:
            outcome["reasons"] = failures
        outcome["activated"] = [record.learning_id for record in records if record.was_activated]
        return outcome

    def _patiently(self, call: Callable[..., _Answer], *args: Any, **kwargs: Any) -> _Answer:
        return patiently(self.parts, call, *args, **kwargs)


#: trying again cures nothing: a person imports the learning and retries
_UNKNOWN = "unknown learning"


# ----------------------------------------------------------------- finish


@shared_task(name=canvas.FINISH)
def finish_session(session_id: str, version: WireVersion) -> Outcome:
    """The chord's callback; does nothing when it comes early, and as often as it likes when all is there."""
    parts, is_version = resources(), from_wire(version)
    try:
        if patiently(parts, parts.ledger.work.remaining, session_id, is_version):
            return {"state": "early"}
        finished = _finish(parts, session_id, is_version)
        drain_outbox(parts.ledger, parts.event_log, session_id=session_id, now=now())
        parts.bundles.drop(session_id, is_version)
    except (Superseded, NotFound) as reason:
        return {"state": "dropped", "reason": str(reason)}
    except Unavailable as reason:
        return _left_to_sweeper(reason, session_id=session_id)
    return {"state": "finished" if finished else "finished already"}


def _finish(parts: Resources, session_id: str, version: SessionVersion) -> bool:
    work = patiently(parts, parts.ledger.work.load_work, session_id, version)
    if work.state == "finished":
        return False
    result = patiently(parts, parts.store.finish_session, session_id, version)
    for decision in result.deprecations:
        log.info("learning_deprecated", learning_id=decision.learning_id, session_id=session_id, reason=decision.reason)
    moment = now()
    payload = session_attributed(
        version=version,
        session_id=session_id,
        records=result.records,
        lightweight_events=_heard(work),
        values=result.values,
        deprecations=result.deprecations,
        published_at=moment,
    )
    stream, _, topic = parts.settings.streams.attributed.partition("/")
    message = OutboxMessage(message_id=attempt_id(version), stream=stream, topic=topic, key=session_id, payload=payload)
    return patiently(parts, parts.ledger.work.finish, session_id, version, now=moment, message=message)


def _heard(work: SessionWork) -> list[dict[str, Any]]:
    event = read_heavy_event(work.payload, logged_at=work.logged_at)
    if event.lightweight_events:
        return [heard.model_dump(mode="json", exclude_none=True) for heard in event.lightweight_events]
    return [read_lightweight_event(payload).model_dump(mode="json", exclude_none=True) for payload in work.lightweight]


# ----------------------------------------------------------------- shared


def patiently(parts: Resources, call: Callable[..., _Answer], *args: Any, **kwargs: Any) -> _Answer:
    """Call, and while a part cannot be reached call again, for `worker.patience_seconds` at most."""
    answer: _Answer = retry_over_time(
        call,
        Unavailable,
        args,
        kwargs,
        interval_start=0.1,
        interval_step=0.4,
        interval_max=3,
        timeout=parts.settings.worker.patience_seconds or None,
        max_retries=None if parts.settings.worker.patience_seconds else 0,
    )
    return answer


def _left_to_sweeper(reason: Exception, **about: str) -> Outcome:
    log.warning("left_to_sweeper", reason=str(reason), **about)
    return {"state": "left to the sweeper", "reason": str(reason)}


def _reason(error: BaseException) -> str:
    if isinstance(error, SoftTimeLimitExceeded):
        return "took longer than worker.soft_time_limit"
    if isinstance(error, InvalidEvent):
        return str(error)
    return f"{type(error).__name__}: {error}"[:500] if not _is_ours(error) else str(error)[:500]


def _is_ours(error: BaseException) -> bool:
    return type(error).__module__ == "worker.errors"


def _app() -> Celery:
    app: Celery = current_app._get_current_object()  # noqa: SLF001 - Celery's way from its proxy to the app
    return app


def _in_chord() -> bool:
    task: Task | None = getattr(current_app, "current_task", None)
    return bool(task and task.request.chord)
