"""Before a session's learnings can be attributed: the transcript embedded, once, and the list of what is expected."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import structlog

from worker.attribution.assignments import settle_assignments
from worker.attribution.bundle import SessionContext
from worker.domain import SessionVersion, Transcript
from worker.errors import ConfigurationError, NotFound, Superseded, Unavailable
from worker.formats.heavy_event import HeavyEvent, read_heavy_event
from worker.formats.lightweight_event import read_lightweight_event
from worker.formats.transcripts.messages import parse_transcript
from worker.formats.transcripts.opening import read_transcript
from worker.ledger import SessionState, SessionWork
from worker.resources import Resources
from worker.task_queue import workflow
from worker.task_queue.give_up import give_up_session
from worker.tasks.failures import reason_of
from worker.tasks.shared import (
    Outcome,
    begin_above,
    current_celery,
    left_to_sweeper,
    patiently,
    put_back,
    superseded,
)

log = structlog.get_logger()

_Answer = TypeVar("_Answer")


class Preparation:
    def __init__(self, resources: Resources, session_id: str, version: SessionVersion) -> None:
        self.resources, self.session_id, self.version = resources, session_id, version

    def run(self) -> Outcome:
        try:
            return self._prepare()
        except (Superseded, NotFound) as reason:
            self._drop_bundle()
            return superseded(self.resources, self.session_id, self.version, reason)
        except (Unavailable, ConfigurationError) as reason:  # what is set wrong is not this session's failure
            put_back(self.resources, self.session_id, self.version, None)
            return left_to_sweeper(reason, session_id=self.session_id)
        except Exception as error:  # noqa: BLE001 - whatever it was, it is this session's failure alone
            return self._failed(reason_of(error))

    def _prepare(self) -> Outcome:
        resources = self.resources
        work = self._patiently(resources.ledger.work.load_work, self.session_id, self.version)
        if work.state is SessionState.FINISHED:
            return {"state": "finished already"}
        event = read_heavy_event(work.payload, logged_at=work.logged_at)
        self._patiently(resources.ledger.work.start_session, self.session_id, self.version)
        transcript = transcript_of(event, work)
        if transcript is None:
            return self._wait_for_transcript(event)
        opened = self._patiently(
            resources.store.open_session,
            self.session_id,
            self.version,
            list(event.expected_learnings),
        )
        if opened.is_finished and self.version.attempt > 1 and not work.was_prepared:
            # the ledger was restored from an older copy: under this number something else has been published
            reason = "the store has finished an attempt of this number"
            return begin_above(resources, self.session_id, self.version, self.version.attempt, reason)
        assigned = settle_assignments(event, opened.assignments, ablation_rate=work.ablation_rate)
        context = SessionContext(
            session_id=self.session_id,
            version=self.version,
            outcome=event.outcome,
            signals=_signals(event, work),
            assignments=assigned.assignments,
            mismatched=assigned.mismatched,
            excluded_signals={id_: frozenset(kinds) for id_, kinds in event.excluded_signals.items()},
            background=event.background,
            learning_outcomes={id_: known for id_, known in event.learning_outcomes.items() if known is not None},
        )
        if assigned.assignments:
            self._keep_bundle(context, transcript, opened.learnings)
        sent_at = self._patiently(resources.ledger.now)
        pending = self._expect(context, event.contradictory, len(work.lightweight))
        per_task = resources.settings.worker.learnings_per_task
        workflow.enqueue_session(
            current_celery(), self.session_id, self.version, pending, per_task=per_task, sent_at=sent_at
        )
        return {"state": "prepared", "learnings": len(pending)}

    def _keep_bundle(self, context: SessionContext, transcript: Transcript, learnings: dict[str, Any]) -> None:
        from worker.attribution.prepare import build_bundle

        resources = self.resources
        bundle = build_bundle(
            context,
            transcript,
            learnings,
            embedder=resources.embedder,
            learning_vectors=resources.learning_vectors,
            calibration=resources.calibration,
            second_look=resources.second_look,
        )
        self._patiently(resources.bundles.put, bundle)

    def _drop_bundle(self) -> None:
        """It may have been kept after a person had the session forgotten; nobody will ask for it."""
        with suppress(Unavailable):
            self.resources.bundles.drop(self.session_id, self.version)

    def _expect(self, context: SessionContext, contradictory: frozenset[str], signals_seen: int) -> list[str]:
        return self._patiently(
            self.resources.ledger.work.expect,
            self.session_id,
            self.version,
            list(context.assignments),
            refused=dict.fromkeys(sorted(contradictory), "named both as active and as withheld"),
            signals_seen=signals_seen,
        )

    def _wait_for_transcript(self, event: HeavyEvent) -> Outcome:
        reason = f"no transcript yet (path {event.transcript_path!r})" if event.transcript_path else "no transcript yet"
        self._patiently(self.resources.ledger.work.mark_waiting, self.session_id, self.version, reason=reason)
        return {"state": "waiting", "reason": reason}

    def _failed(self, reason: str) -> Outcome:
        """One try spent; after the last, every learning of the session has failed for this reason."""
        options, ledger = self.resources.settings.worker, self.resources.ledger
        log.warning("preparation_failed", session_id=self.session_id, event_id=self.version.event_id, reason=reason)
        try:
            given_up = ledger.work.fail_preparation(
                self.session_id,
                self.version,
                reason,
                max_tries=options.max_tries,
                retry_seconds=options.retry_seconds,
            )
            if given_up:
                give_up_session(ledger, current_celery(), self.session_id, self.version, reason)
        except (Superseded, NotFound, Unavailable) as error:
            return left_to_sweeper(error, session_id=self.session_id)
        return {"state": "failed", "reason": reason, "given_up": given_up}

    def _patiently(self, call: Callable[..., _Answer], *args: Any, **kwargs: Any) -> _Answer:
        return patiently(self.resources, call, *args, **kwargs)


def transcript_of(event: HeavyEvent, work: SessionWork) -> Transcript | None:
    """The one inside the event, else the one that came beside it; None: not there yet."""
    if event.transcript is not None:
        return parse_transcript(event.transcript)
    return read_transcript(work.transcript) if work.transcript is not None else None


def _signals(event: HeavyEvent, work: SessionWork) -> tuple[Any, ...]:
    """Signals inside the heavy event win; else what the lightweight topic brought, in an order that is the session's own."""
    if event.lightweight_events:
        return event.signals
    heard = [signal for payload in work.lightweight for signal in read_lightweight_event(payload).to_signals()]
    return tuple(sorted(heard, key=lambda signal: (signal.message_idx, signal.kind, signal.detail, signal.confidence)))
