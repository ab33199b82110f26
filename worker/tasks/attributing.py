"""Layers 1 to 3 over some learnings of one session, most often one."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import structlog
from celery import current_task

from worker import canvas
from worker.domain import AttributionRecord, SessionVersion
from worker.errors import BundleGone, NotFound, Superseded, Unavailable
from worker.resources import Resources
from worker.tasks.failing import reason_of
from worker.tasks.shared import Outcome, current_celery, left_to_sweeper, now, patiently, put_back

log = structlog.get_logger()

_Answer = TypeVar("_Answer")


class Attribution:
    def __init__(self, parts: Resources, session_id: str, version: SessionVersion) -> None:
        self.parts, self.session_id, self.version = parts, session_id, version

    def run(self, learning_ids: Sequence[str]) -> Outcome:
        try:
            return self._attribute(self._still_open(learning_ids))
        except (Superseded, NotFound) as reason:
            return {"state": "dropped", "reason": str(reason)}
        except BundleGone:
            return self._prepare_again(learning_ids)
        except Unavailable as reason:
            put_back(self.parts, self.session_id, self.version, learning_ids)
            return left_to_sweeper(reason, session_id=self.session_id)

    def _prepare_again(self, learning_ids: Sequence[str]) -> Outcome:
        """Of all tasks that find the vectors gone the first sends the session to be prepared, once."""
        put_back(self.parts, self.session_id, self.version, learning_ids)
        moment = now()
        try:
            if self.parts.ledger.work.prepare_again(self.session_id, self.version, moment):
                again = canvas.prepare(current_celery(), self.session_id, self.version, sent_at=moment)
                canvas.enqueue(current_celery(), [again])
        except Unavailable as reason:
            return left_to_sweeper(reason, session_id=self.session_id)
        return {"state": "prepared again"}

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
            except Exception as error:  # noqa: BLE001 - this learning's failure, not the others'
                failures[learning_id] = reason_of(error)
        self._save(records, failures)
        return self._outcome(records, failures)

    def _save(self, records: list[AttributionRecord], failures: dict[str, str]) -> None:
        """Store first, ledger second: a crash between the two repeats the work, and the same record changes nothing."""
        ledger, is_last = self.parts.ledger, False
        if records and (refused := self._refused(records)):
            failures |= dict.fromkeys((record.learning_id for record in records), refused)
            records.clear()
        if records:
            done = [record.learning_id for record in records]
            is_last = self._patiently(ledger.work.complete_entries, self.session_id, self.version, done, now())
        for learning_id, reason in failures.items():
            is_last = self._fail(learning_id, reason) or is_last
        if is_last and not current_task.request.chord:
            canvas.enqueue(current_celery(), [canvas.finish(current_celery(), self.session_id, self.version)])

    def _refused(self, records: list[AttributionRecord]) -> str:
        """Store them -> why they cannot be stored; empty: they are."""
        try:
            self._patiently(self.parts.store.store_attributions, records, self.version)
        except (Superseded, NotFound, Unavailable):
            raise
        except Exception as error:  # noqa: BLE001 - these learnings' failure, and no more
            return reason_of(error)
        return ""

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
