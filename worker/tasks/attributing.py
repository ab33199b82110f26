"""Layers 1 to 3 over some learnings of one session, most often one."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import structlog
from celery import current_task

from worker import canvas
from worker.domain import SessionVersion
from worker.errors import BundleGone, NotFound, Superseded, Unavailable
from worker.records import to_bytes
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
            start = self.parts.ledger.work.start_entries
            return self._attribute(self._patiently(start, self.session_id, self.version, learning_ids, now()))
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

    def _attribute(self, learning_ids: list[str]) -> Outcome:
        if not learning_ids:
            return {"state": "done already"}
        bundle = self._patiently(self.parts.bundles.get, self.session_id, self.version)
        records: dict[str, bytes | None] = {}
        activated: list[str] = []
        failures: dict[str, str] = {}
        for learning_id in learning_ids:
            try:
                record = self.parts.attributor.attribute(learning_id, bundle)
                records[learning_id] = to_bytes(record)
            except Exception as error:  # noqa: BLE001 - this learning's failure, not the others'
                failures[learning_id] = reason_of(error)
            else:
                activated += [learning_id] * record.was_activated
        self._save(records, failures)
        return self._outcome(activated, failures)

    def _save(self, records: dict[str, bytes | None], failures: dict[str, str]) -> None:
        """Record and state in one write; the store is given a session's records together, when it is finished."""
        is_last = bool(records) and self._complete(records)
        for learning_id, reason in failures.items():
            is_last = self._fail(learning_id, reason) or is_last
        if is_last and not current_task.request.chord:
            canvas.enqueue(current_celery(), [canvas.finish(current_celery(), self.session_id, self.version)])

    def _complete(self, records: dict[str, bytes | None]) -> bool:
        work, moment = self.parts.ledger.work, now()
        if len(records) > 1:
            return self._patiently(work.complete_entries, self.session_id, self.version, records, moment)
        [(learning_id, record)] = records.items()
        return self._patiently(work.complete_entry, self.session_id, self.version, learning_id, moment, record)

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

    def _outcome(self, activated: list[str], failures: dict[str, str]) -> Outcome:
        outcome: Outcome = {"state": "failed" if failures else "done"}
        if failures:
            outcome["reasons"] = failures
        outcome["activated"] = activated
        return outcome

    def _patiently(self, call: Callable[..., _Answer], *args: Any, **kwargs: Any) -> _Answer:
        return patiently(self.parts, call, *args, **kwargs)


#: trying again cures nothing: a person imports the learning and retries
_UNKNOWN = "unknown learning"
