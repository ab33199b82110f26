"""Other settings tried on the stored records: which values, statuses and verdicts would change. Nothing is written."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from starlette.responses import Response

from dashboard.asked import Asked, Refused, part
from dashboard.charts.scale import Scale
from dashboard.pages.page import Page
from worker.errors import ConfigurationError
from worker.operations.what_if import what_if
from worker.settings import Settings
from worker.settings.loading import leaves, shown
from worker.settings.reference import described_settings
from worker.store.answers import ShadowChange

_GROUPS = ("aggregation", "ablation", "temporal", "activation")
#: these need the sessions read again, which takes a model; and the salt says nothing about what was recorded
_LEFT_OUT = (
    "activation.detector",
    "activation.calibration",
    "activation.second_look",
    "activation.candidate",
    "ablation.salt",
)


class Field(NamedTuple):
    name: str
    #: in force now, as text
    now: str
    #: what is tried; empty: what is in force
    tried: str
    allowed: str
    meaning: str
    is_switch: bool


def show(asked: Asked) -> Response:
    given = _given(asked)
    fields = list(_fields(asked.sources.settings, given))
    changes = [f"{field.name}={field.tried}" for field in fields if field.tried not in ("", field.now)]
    found, problem = _try(asked, changes)
    verdict_first = sorted(
        found,
        key=lambda change: (
            change.now.verdict.kind == change.then.verdict.kind,
            change.now.status == change.then.status,
        ),
    )
    return asked.page(
        "what_if.html",
        groups=[(name, [field for field in fields if field.name.startswith(f"{name}.")]) for name in _GROUPS],
        changes=changes,
        found=verdict_first,
        problem=problem,
        n_verdicts=sum(change.now.verdict.kind != change.then.verdict.kind for change in found),
        scale=Scale.around(_ends(found), margin=asked.sources.settings.ablation.verdict_margin),
        texts=_texts(asked) if found else {},
        part=part,
        active="/what-if",
    )


def _given(asked: Asked) -> dict[str, str]:
    """Raises `Refused` for what is no setting of the layers."""
    known = {setting.name for setting in described_settings()}
    given = dict(asked.request.query_params)
    for name in given:
        if name not in known or name.startswith(_LEFT_OUT) or not name.startswith(_GROUPS):
            raise Refused(HTTPStatus.BAD_REQUEST, f"{name}: is no setting that can be tried here")
    return {name: value.strip() for name, value in given.items()}


def _fields(settings: Settings, given: dict[str, str]) -> Iterator[Field]:
    values = {".".join(key): value for key, value in leaves(shown(settings))}
    for setting in described_settings():
        if setting.name.startswith(_GROUPS) and not setting.name.startswith(_LEFT_OUT):
            value = values[setting.name]
            yield Field(
                name=setting.name,
                now=_text(value),
                tried=given.get(setting.name, ""),
                allowed=setting.allowed,
                meaning=setting.meaning,
                is_switch=isinstance(value, bool),
            )


def _try(asked: Asked, changes: Sequence[str]) -> tuple[list[ShadowChange], str]:
    """(what would change, what is wrong with the settings)."""
    if not changes:
        return [], ""
    try:
        return what_if(asked.sources.store, asked.sources.settings, changes), ""
    except ConfigurationError as error:
        return [], str(error).removeprefix("--set ")


def _texts(asked: Asked) -> dict[str, str]:
    return {learning.learning_id: learning.insight for learning in asked.sources.store.plain_learnings()}


def _ends(found: Sequence[ShadowChange]) -> Iterator[float]:
    for value in (value for change in found for value in (change.now, change.then)):
        if value.experiment:
            yield value.experiment.interval_low
            yield value.experiment.interval_high


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


PAGES = (Page("/what-if", show),)
