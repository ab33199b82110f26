"""Layers 1 and 2 over some learnings of one session, most often one."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import structlog

from worker.domain import SessionVersion
from worker.errors import BundleGone, NotFound, Superseded, Unavailable
from worker.formats.record import UNKNOWN_LEARNING, to_bytes
from worker.resources import Resources
from worker.task_queue import workflow
from worker.tasks.failures import enqueue_finish, reason_of
from worker.tasks.shared import Outcome, current_celery, left_to_sweeper, patiently, put_back

log = structlog.get_logger()

_Answer = TypeVar("_Answer")


class Attribution:
    def __init__(self, resources: Resources, session_id: str, version: SessionVersion, *, in_chord: bool) -> None:
        self.resources, self.session_id, self.version = resources, session_id, version
        #: sent with the session's others: Celery enqueues the finish after the last of them
        self.in_chord = in_chord

    def run(self, learning_ids: Sequence[str]) -> Outcome:
        try:
            return self._attribute(self._still_open(learning_ids))
        except (Superseded, NotFound) as reason:
            return {"state": "dropped", "reason": str(reason)}
        except BundleGone:
            return self._prepare_again(learning_ids)
        except Unavailable as reason:
            put_back(self.resources, self.session_id, self.version, learning_ids)
            return left_to_sweeper(reason, session_id=self.session_id)

    def _prepare_again(self, learning_ids: Sequence[str]) -> Outcome:
        """The first task that finds the bundle gone sends the session to be prepared, once."""
        put_back(self.resources, self.session_id, self.version, learning_ids)
        ledger = self.resources.ledger
        try:
            sent_at = ledger.now()
            if not ledger.work.prepare_again(self.session_id, self.version):
                return {"state": "dropped", "reason": "its bundle is gone: it has moved on"}
            again = workflow.prepare(current_celery(), self.session_id, self.version, sent_at=sent_at)
            workflow.enqueue(current_celery(), [again])
        except Unavailable as reason:
            return left_to_sweeper(reason, session_id=self.session_id)
        return {"state": "prepared again"}

    def _still_open(self, learning_ids: Sequence[str]) -> Sequence[str]:
        """A chord's task finds out when it is done; one that was sent again has its start noted first."""
        if self.in_chord:
            return learning_ids
        return self._patiently(self.resources.ledger.work.start_entries, self.session_id, self.version, learning_ids)

    def _attribute(self, learning_ids: Sequence[str]) -> Outcome:
        if not learning_ids:
            return {"state": "done already"}
        bundle = self._patiently(self.resources.bundles.get, self.session_id, self.version).of(learning_ids)
        records: dict[str, bytes | None] = {}
        activated: list[str] = []
        failures: dict[str, str] = {}
        for learning_id in learning_ids:
            try:
                record = self.resources.attributor.attribute(learning_id, bundle)
                records[learning_id] = to_bytes(record)
            except Exception as error:  # noqa: BLE001 - this learning's failure, not the others'
                failures[learning_id] = reason_of(error)
            else:
                activated += [learning_id] * record.was_activated
        is_new = self._save(records, failures)
        if not (is_new or failures):
            return {"state": "done already"}
        return self._outcome(activated, failures)

    def _save(self, records: dict[str, bytes | None], failures: dict[str, str]) -> bool:
        """Record and state in one write; the store is given a session's records together, when it is finished.

        Outside a chord, whoever ends the last learning enqueues the finish.
        """
        work = self.resources.ledger.work
        is_new = bool(records) and self._patiently(work.complete_entries, self.session_id, self.version, records)
        is_last = [self._fail(learning_id, reason) for learning_id, reason in failures.items()]
        if self.in_chord:
            return is_new
        if any(is_last) or (is_new and self._patiently(work.all_ended, self.session_id, self.version)):
            enqueue_finish(self.resources.ledger, self.session_id, self.version)
        return is_new

    def _fail(self, learning_id: str, reason: str) -> bool:
        options = self.resources.settings.worker
        log.warning("learning_failed", session_id=self.session_id, learning_id=learning_id, reason=reason)
        outcome = self._patiently(
            self.resources.ledger.work.fail_entry,
            self.session_id,
            self.version,
            learning_id,
            reason,
            # trying again cures nothing: a person imports the learning and retries
            max_tries=1 if reason == UNKNOWN_LEARNING else options.max_tries,
            retry_seconds=options.retry_seconds,
        )
        return outcome.last

    def _outcome(self, activated: list[str], failures: dict[str, str]) -> Outcome:
        outcome: Outcome = {"state": "failed" if failures else "done"}
        if failures:
            outcome["reasons"] = failures
        outcome["activated"] = activated
        return outcome

    def _patiently(self, call: Callable[..., _Answer], *args: Any, **kwargs: Any) -> _Answer:
        return patiently(self.resources, call, *args, **kwargs)
