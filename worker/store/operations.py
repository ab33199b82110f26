"""The workers' operations as they travel: arguments and results by name, derived from the protocol so that no end can drift.

Server and client read the same table; JSON is made of the domain's own dataclasses. What arrives is held to a schema: exact types, finite
numbers, ids and moments as in events, numbers within what they mean.
"""

import inspect
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, get_type_hints

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, with_config
from typing_extensions import TypedDict

from worker.domain import AttributionRecord, SessionVersion
from worker.errors import CannotUndo, GrooveError, InvalidRequest, NotFound, StoreUnavailable, Superseded
from worker.formats.limits import MAX_LEARNINGS
from worker.formats.wire import Identifier, check_identifier, check_moment
from worker.store.protocol import SessionStore

#: these write; the others may be asked for with the read token
_WRITES = frozenset({"open_session", "finish_session"})
#: temporal sums beyond any that `MAX_SIGNALS` signals of confidence 1 can give
_MOST_TEMPORAL = 1e6
#: rounding may leave a share or an outcome a little outside
_SLACK = 1e-6


def _usable_version(version: SessionVersion) -> SessionVersion:
    check_identifier(version.event_id)
    check_moment(version.timestamp)
    if not 0 <= version.attempt < 2**31:
        raise ValueError(f"attempt {version.attempt} is out of range")
    return version


def _usable_record(record: AttributionRecord) -> AttributionRecord:
    for id_ in (record.learning_id, record.session_id):
        check_identifier(id_)
    check_moment(record.timestamp)
    # the plain cosine with its boost may exceed 1
    within: dict[str, tuple[float, float]] = {"activation_confidence": (-1, 2), "withhold_probability": (0, 1)}
    within |= dict.fromkeys(("session_outcome", "attributed_value"), (-1, 1))
    within |= dict.fromkeys(("temporal_positive", "temporal_negative"), (0, _MOST_TEMPORAL))
    within |= {"net_temporal": (-_MOST_TEMPORAL, _MOST_TEMPORAL)}
    for name, (least, most) in within.items():
        if not least - _SLACK <= getattr(record, name) <= most + _SLACK:
            raise ValueError(f"{name} {getattr(record, name):g} is not within {least:g} and {most:g}")
    return record


#: by argument, what is held to more than its type
_HELD_TO: dict[str, Any] = {
    "session_id": Identifier,
    "learning_ids": Annotated[list[Identifier], Field(max_length=MAX_LEARNINGS)],
    "version": Annotated[SessionVersion, AfterValidator(_usable_version)],
    "records": Annotated[
        list[Annotated[AttributionRecord, AfterValidator(_usable_record)]], Field(max_length=MAX_LEARNINGS)
    ],
}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One private call. The adapters are made when they are first needed."""

    name: str

    @property
    def is_write(self) -> bool:
        return self.name in _WRITES

    @cached_property
    def arguments(self) -> TypeAdapter[dict[str, Any]]:
        fields = {key: _HELD_TO.get(key, hint) for key, hint in self._hints.items() if key != "return"}
        config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
        return TypeAdapter(with_config(config)(TypedDict(self.name, fields)))  # type: ignore[operator]  # made at run time

    @cached_property
    def result(self) -> TypeAdapter[Any]:
        return TypeAdapter(self._hints["return"])

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(getattr(SessionStore, self.name))


OPERATIONS = {
    name: Operation(name=name)
    for name, _ in inspect.getmembers(SessionStore, inspect.isfunction)
    if not name.startswith("_") and name != "close"
}

#: HTTP status of each error that crosses the wire, most special first
STATUS_OF: dict[type[Exception], int] = {
    NotFound: 404,
    Superseded: 409,
    CannotUndo: 409,
    ValueError: 422,
    StoreUnavailable: 503,
    GrooveError: 500,
}
#: as its client raises each; a `ValueError` of the server's is one of the request
ERROR_OF = {error.__name__: error for error in STATUS_OF} | {ValueError.__name__: InvalidRequest}
