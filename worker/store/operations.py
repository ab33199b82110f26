"""The store's operations as they travel: arguments and results by name, derived from the protocol so that no end can drift.

Server and client read the same table; JSON is made of the domain's own dataclasses.
"""

import inspect
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NotRequired, get_type_hints

from pydantic import ConfigDict, TypeAdapter, with_config
from typing_extensions import TypedDict

from worker.errors import GrooveError, LostLease, NotFound, StoreUnavailable, Superseded
from worker.store.protocol import AttributionStore

#: these write; the others may be asked for with the read token
_WRITES = frozenset(
    {
        *("import_learnings", "decide", "assign", "open_session", "store_attribution", "finish_session"),
        *("update_learning_value", "refresh_values", "update_experiment", "rebuild"),
    }
)
#: these read or write more than a session's worth
_LONG = frozenset(
    {
        *(
            "import_learnings",
            "list_learnings",
            "list_learning_values",
            "refresh_values",
            "rebuild",
            "what_if",
            "counts",
        ),
        *("get_experiment", "update_experiment", "get_attributions_for_learning", "get_health", "list_health"),
    }
)
_NOT_OFFERED = frozenset({"close"})


@dataclass(frozen=True, kw_only=True)
class Operation:
    """Its adapters are made when they are first needed: a command uses two or three of some thirty."""

    name: str

    @property
    def is_write(self) -> bool:
        return self.name in _WRITES

    @property
    def is_long(self) -> bool:
        return self.name in _LONG

    @cached_property
    def arguments(self) -> TypeAdapter[dict[str, Any]]:
        function = getattr(AttributionStore, self.name)
        hints = self._hints
        defaults = {p.name for p in inspect.signature(function).parameters.values() if p.default is not p.empty}
        fields = {key: NotRequired[hint] if key in defaults else hint for key, hint in hints.items() if key != "return"}
        arguments = with_config(ConfigDict(extra="forbid"))(TypedDict(self.name, fields))  # type: ignore[operator]  # made at run time
        return TypeAdapter(arguments)

    @cached_property
    def result(self) -> TypeAdapter[Any]:
        return TypeAdapter(self._hints["return"])

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(getattr(AttributionStore, self.name))


def _names() -> list[str]:
    members = inspect.getmembers(AttributionStore, inspect.isfunction)
    return [name for name, _ in members if not name.startswith("_") and name not in _NOT_OFFERED]


OPERATIONS = {name: Operation(name=name) for name in _names()}

#: HTTP status of each error that crosses the wire, most special first
STATUS_OF: dict[type[Exception], int] = {
    NotFound: 404,
    Superseded: 409,
    LostLease: 409,
    ValueError: 422,
    StoreUnavailable: 503,
    GrooveError: 500,
}
ERROR_OF = {error.__name__: error for error in STATUS_OF}
