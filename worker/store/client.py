"""The store as workers see it: a session's operations over HTTP."""

# mypy: disable-error-code="no-any-return"
# what comes off the wire has been checked against the protocol's own return type

from typing import Any

from worker.domain import AttributionRecord, SessionVersion
from worker.store.connection import StoreConnection, Token
from worker.store.operations import OPERATIONS
from worker.store.protocol import SessionStore
from worker.store.shapes.attempts import FinishedSession, OpenedSession


class HttpStore(SessionStore):
    """Threads and forks may share it. `token`: the write token, or what gives it."""

    def __init__(self, address: str, *, token: Token = "", timeout_s: float = 10.0) -> None:
        self._connection = StoreConnection(address, token=token, timeout_s=timeout_s)

    def open_session(self, session_id: str, version: SessionVersion, learning_ids: list[str]) -> OpenedSession:
        return self._call("open_session", session_id=session_id, version=version, learning_ids=learning_ids)

    def get_session_version(self, session_id: str) -> SessionVersion:
        return self._call("get_session_version", session_id=session_id)

    def finish_session(
        self, session_id: str, version: SessionVersion, *, records: list[AttributionRecord]
    ) -> FinishedSession:
        return self._call("finish_session", session_id=session_id, version=version, records=records)

    def close(self) -> None:
        self._connection.close()

    def _call(self, name: str, **arguments: object) -> Any:
        operation = OPERATIONS[name]
        body = operation.arguments.dump_json(arguments)
        return operation.result.validate_json(self._connection.request("POST", f"/rpc/{name}", body=body))
