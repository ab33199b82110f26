"""All about one learning."""

from collections.abc import Iterator

from starlette.responses import Response

from dashboard.asked import Asked, part
from dashboard.pages.learnings import tokens
from dashboard.pages.page import Page
from dashboard.words import percent
from worker.domain import Learning
from worker.store.answers import Shown

_SESSIONS = 200
_SHOWN = 50


def show(asked: Asked) -> Response:
    shown = asked.sources.store.show(asked.id_("learning_id"), recent=_SESSIONS)
    records = sorted(shown.recent, key=lambda record: (not record.was_activated, -record.timestamp, record.session_id))
    return asked.page(
        "learning.html",
        shown=shown,
        records=records[:_SHOWN],
        checks=list(_checks(shown)),
        scope=_scope(shown.learning),
        source=_source(shown.learning),
        tokens=tokens,
        part=part,
        active="/learnings",
    )


def _scope(learning: Learning) -> str:
    if isinstance(learning.scope, str):
        return "everywhere" if learning.scope == "Global" else learning.scope
    return ", ".join(f"{kind.lower()} {name}" for kind, name in learning.scope.items())


def _source(learning: Learning) -> str:
    file, line = learning.source.get("file"), learning.source.get("line")
    return f"{file}, line {line}" if file and line else str(file or "")


def _checks(shown: Shown) -> Iterator[tuple[bool, str]]:
    """(whether it is well, a sentence) each."""
    health = shown.health.experiment
    p = health.sample_ratio_p
    if p is not None:
        yield (
            not health.has_sample_ratio_mismatch,
            f"sessions are withheld as assigned (p = {p:.3f})"
            if not health.has_sample_ratio_mismatch
            else f"sessions are not withheld as assigned (p = {p:.1e}): do not trust the experiment",
        )
    yield (
        not health.contaminated_share,
        f"{percent(health.contaminated_share)} of the sessions without it saw its text all the same",
    )
    yield (
        not health.mismatched_share,
        f"event and assignment disagree in {percent(health.mismatched_share)} of its sessions",
    )
    if not shown.health.companions:
        yield True, "it does not always travel with another one"
    for companion in shown.health.companions:
        yield (
            False,
            f"it travels with {companion.learning_id} in {percent(companion.share)}: observation cannot tell the two apart",
        )
    if health.has_too_few:
        yield False, f"{health.eligible_sessions} eligible sessions are too few for a verdict"


PAGES = (Page("/learnings/{learning_id}", show),)
