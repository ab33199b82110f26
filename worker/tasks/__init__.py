"""The three tasks: load, call, save. What they mean for a session's state is the ledger's business.

prepare_session      preparing.py    the transcript embedded, once a session
attribute_learning   attributing.py  layers 1 to 3 over one learning (or a few) of one session
finish_session       finishing.py    layer 4, values, and the message to `groove.attribution`

failing.py says what a failure costs, shared.py holds what all three need. A part that cannot be reached is waited for a little and then
left to the sweeper: nothing is wrong with the work, so no try is counted.
"""

from collections.abc import Sequence

from celery import current_task, shared_task

from worker import canvas
from worker.canvas import WireVersion, from_wire
from worker.resources import resources
from worker.tasks.attributing import Attribution
from worker.tasks.finishing import finish
from worker.tasks.preparing import Preparation
from worker.tasks.shared import Outcome


@shared_task(name=canvas.PREPARE)
def prepare_session(session_id: str, version: WireVersion) -> Outcome:
    """Embed the transcript, keep the bundle, expect the learnings, start the chord."""
    return Preparation(resources(), session_id, from_wire(version)).run()


@shared_task(name=canvas.ATTRIBUTE)
def attribute_learning(session_id: str, version: WireVersion, learning_ids: Sequence[str]) -> Outcome:
    """Never raises to the chord: a failure is a stored result with its reason."""
    in_chord = bool(current_task.request.chord)
    return Attribution(resources(), session_id, from_wire(version), in_chord=in_chord).run(learning_ids)


@shared_task(name=canvas.FINISH)
def finish_session(session_id: str, version: WireVersion) -> Outcome:
    """The chord's callback; does nothing when it comes early, and as often as it likes when all is there."""
    return finish(resources(), session_id, from_wire(version))
