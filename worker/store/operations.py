"""The workers' operations as they travel: arguments and results by name, derived from the protocol so that no end can drift.

Server and client read the same table; JSON is made of the domain's own dataclasses.
"""

import inspect
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter, with_config
from typing_extensions import TypedDict

from worker.errors import CannotUndo, GrooveError, NotFound, StoreUnavailable, Superseded
from worker.store.protocol import SessionStore

#: these write; the others may be asked for with the read token
_WRITES = frozenset({"open_session", "finish_session"})


@dataclass(frozen=True, kw_only=True)
class Operation:
    """Its adapters are made when they are first needed."""

    name: str

    @property
    def is_write(self) -> bool:
        return self.name in _WRITES

    @cached_property
    def arguments(self) -> TypeAdapter[dict[str, Any]]:
        fields = {key: hint for key, hint in self._hints.items() if key != "return"}
        return TypeAdapter(with_config(ConfigDict(extra="forbid"))(TypedDict(self.name, fields)))  # type: ignore[operator]  # made at run time

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
ERROR_OF = {error.__name__: error for error in STATUS_OF}
