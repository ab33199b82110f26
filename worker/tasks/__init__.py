"""The three tasks: load, call, save. What they mean for a session's state is the ledger's business.

prepare           prepare_session: embeds the transcript, once per session
attribute         attribute_learning: layers 1 and 2 over one learning (or a few) of one session -> records in the ledger
finish            finish_session: records -> store, which applies layers 3 and 4; the message to `groove.attribution`
failures          what a failure costs
shared            what all three need
worker_process    the process that runs them, and what happens when one of its children dies
strange_messages  what lies in a queue and is no message of ours is dropped with a line

A part that cannot be reached is waited for a little and then
left to the sweeper: nothing is wrong with the work, so no try is counted.
"""

from collections.abc import Sequence

from celery import current_task, shared_task

from worker.resources import resources
from worker.task_queue import workflow
from worker.task_queue.messages import WireVersion, from_wire
from worker.tasks.attribute import Attribution
from worker.tasks.finish import finish
from worker.tasks.prepare import Preparation
from worker.tasks.shared import Outcome


@shared_task(name=workflow.PREPARE)
def prepare_session(session_id: str, version: WireVersion) -> Outcome:
    """Embed the transcript, keep the bundle, expect the learnings, start the chord."""
    return Preparation(resources(), session_id, from_wire(version)).run()


@shared_task(name=workflow.ATTRIBUTE)
def attribute_learning(session_id: str, version: WireVersion, learning_ids: Sequence[str]) -> Outcome:
    """Never raises to the chord: a failure is a stored result with its reason."""
    in_chord = bool(current_task.request.chord)
    return Attribution(resources(), session_id, from_wire(version), in_chord=in_chord).run(learning_ids)


@shared_task(name=workflow.FINISH)
def finish_session(session_id: str, version: WireVersion) -> Outcome:
    """The chord's callback; does nothing when it comes early, and as often as it likes when all is there."""
    return finish(resources(), session_id, from_wire(version))
