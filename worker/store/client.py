"""The store as seen from another process: the same protocol over HTTP, one kept connection a thread."""

# mypy: disable-error-code="no-any-return"
# what comes off the wire has been checked against the protocol's own return type

import http.client
import json
import os
import socket
import threading
from typing import Any

from worker.domain import (
    AblationExperiment,
    AttributionRecord,
    Decision,
    DecisionKind,
    Learning,
    LearningValue,
    SessionVersion,
    Standing,
)
from worker.errors import ConfigurationError, GrooveError, StoreUnavailable
from worker.layers.aggregation.explain import Explanation
from worker.settings.layers import LayerParameters
from worker.store.addresses import StoreAddress
from worker.store.operations import ERROR_OF, OPERATIONS, Operation
from worker.store.protocol import (
    AssignmentAnswer,
    AttributionStore,
    FinishedSession,
    ImportReport,
    LearningHealth,
    OpenedSession,
    Reading,
    SumDifference,
)

#: seconds for operations that go through everything
_LONG_TIMEOUT_S = 600.0
#: a request this large may take a second more
_BYTES_A_SECOND = 1_000_000


class HttpStore(AttributionStore):
    """Threads and forks may share it: each gets its own connection. `token` needs the write token for anything that writes."""

    def __init__(self, address: str, *, token: str = "", timeout_s: float = 10.0) -> None:
        self._address = StoreAddress.parse(address)
        self._headers = f"Host: groove\r\nContent-Type: application/json\r\n{_bearer(token)}"
        self._timeout_s = timeout_s
        self._local = threading.local()

    # -- learnings and people's decisions

    def import_learnings(self, learnings: list[Learning], *, actor: str, now: int) -> ImportReport:
        return self._call("import_learnings", learnings=learnings, actor=actor, now=now)

    def get_learnings(self, learning_ids: list[str]) -> dict[str, Learning]:
        return self._call("get_learnings", learning_ids=learning_ids)

    def list_learnings(self) -> list[Learning]:
        return self._call("list_learnings")

    def decide(self, learning_id: str, kind: DecisionKind, *, actor: str, reason: str, now: int) -> Decision:
        # on a new connection: a kept one may be stale, and a decision is not to be sent twice
        self._disconnect()
        return self._call("decide", learning_id=learning_id, kind=kind, actor=actor, reason=reason, now=now)

    def get_decisions(self, learning_id: str) -> list[Decision]:
        return self._call("get_decisions", learning_id=learning_id)

    def get_standing(self, learning_id: str) -> Standing:
        return self._call("get_standing", learning_id=learning_id)

    # -- assignment

    def assign(self, session_id: str, learning_ids: list[str], *, now: int) -> list[AssignmentAnswer]:
        return self._call("assign", session_id=session_id, learning_ids=learning_ids, now=now)

    # -- attribution

    def open_session(self, session_id: str, version: SessionVersion, learning_ids: list[str]) -> OpenedSession:
        return self._call("open_session", session_id=session_id, version=version, learning_ids=learning_ids)

    def get_session_version(self, session_id: str) -> SessionVersion:
        return self._call("get_session_version", session_id=session_id)

    def store_attribution(self, record: AttributionRecord, version: SessionVersion) -> None:
        self._call("store_attribution", record=record, version=version)

    def finish_session(
        self, session_id: str, version: SessionVersion, *, records: list[AttributionRecord]
    ) -> FinishedSession:
        return self._call("finish_session", session_id=session_id, version=version, records=records)

    def get_attribution(self, learning_id: str, session_id: str) -> AttributionRecord:
        return self._call("get_attribution", learning_id=learning_id, session_id=session_id)

    def get_attributions_for_learning(self, learning_id: str, *, limit: int = 100) -> list[AttributionRecord]:
        return self._call("get_attributions_for_learning", learning_id=learning_id, limit=limit)

    def get_attributions_for_session(self, session_id: str) -> list[AttributionRecord]:
        return self._call("get_attributions_for_session", session_id=session_id)

    # -- values

    def get_learning_value(self, learning_id: str) -> LearningValue:
        return self._call("get_learning_value", learning_id=learning_id)

    def update_learning_value(self, learning_id: str) -> LearningValue:
        return self._call("update_learning_value", learning_id=learning_id)

    def list_learning_values(self, *, limit: int | None = None) -> list[LearningValue]:
        return self._call("list_learning_values", limit=limit)

    def refresh_values(self) -> int:
        return self._call("refresh_values")

    # -- experiments

    def get_experiment(self, learning_id: str) -> AblationExperiment:
        return self._call("get_experiment", learning_id=learning_id)

    def update_experiment(self, learning_id: str) -> AblationExperiment:
        return self._call("update_experiment", learning_id=learning_id)

    def get_health(self, learning_id: str) -> LearningHealth:
        return self._call("get_health", learning_id=learning_id)

    def list_health(self) -> list[LearningHealth]:
        return self._call("list_health")

    def explain(self, learning_id: str, session_id: str) -> Explanation:
        return self._call("explain", learning_id=learning_id, session_id=session_id)

    # -- maintenance

    def rebuild(self, *, repair: bool) -> list[SumDifference]:
        return self._call("rebuild", repair=repair)

    def what_if(
        self, parameters: LayerParameters, *, readings: list[Reading] | None = None
    ) -> list[tuple[LearningValue, LearningValue]]:
        return self._call("what_if", parameters=parameters, readings=readings)

    def counts(self) -> dict[str, int]:
        return self._call("counts")

    def close(self) -> None:
        self._disconnect()

    # -- the wire

    def _call(self, name: str, **arguments: object) -> Any:
        operation = OPERATIONS[name]
        status, body = self._exchange(operation, operation.arguments.dump_json(arguments))
        if status == 200:
            return operation.result.validate_json(body)
        raise _error_of(status, body, self._address)

    def _exchange(self, operation: Operation, body: bytes) -> tuple[int, bytes]:
        """A kept connection that has gone stale is replaced once."""
        was_kept = self._kept() is not None
        try:
            return self._send(operation, body)
        except BaseException as error:
            # whatever it was, a time limit's signal included: the answer still to come must not be taken for the next one
            self._disconnect()
            if not isinstance(error, (OSError, http.client.HTTPException)):
                raise
            if was_kept and isinstance(error, ConnectionError):
                return self._exchange(operation, body)
            reason = "no answer in time" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
            raise StoreUnavailable(f"the store server at {self._address} cannot be reached: {reason}") from error

    def _send(self, operation: Operation, body: bytes) -> tuple[int, bytes]:
        connection = self._kept() or self._connect()
        connection.timeout = (_LONG_TIMEOUT_S if operation.is_long else self._timeout_s) + len(body) / _BYTES_A_SECOND
        if connection.sock is None:
            connection.connect()
        connection.sock.settimeout(connection.timeout)
        # head and body in one packet: `connection.request` sends two, and the server wakes up for each
        head = f"POST /rpc/{operation.name} HTTP/1.1\r\n{self._headers}Content-Length: {len(body)}\r\n\r\n"
        connection.sock.sendall(head.encode() + body)
        with http.client.HTTPResponse(connection.sock, method="POST") as response:
            response.begin()
            answer = response.status, response.read()
            if response.will_close:
                connection.close()
            return answer

    def _kept(self) -> http.client.HTTPConnection | None:
        """This thread's connection; one that was inherited through a fork belongs to the parent."""
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None or self._local.pid != os.getpid() or connection.sock is None:
            return None
        return connection

    def _connect(self) -> http.client.HTTPConnection:
        self._local.connection = (
            _UnixConnection(self._address) if self._address.socket_path else _connection(self._address)
        )
        self._local.pid = os.getpid()
        connection: http.client.HTTPConnection = self._local.connection
        return connection

    def _disconnect(self) -> None:
        connection = self._kept()
        if connection is not None:
            connection.close()


def _bearer(token: str) -> str:
    if not (token.isascii() and token.isprintable()):
        raise ConfigurationError("store.token: a token is printable ASCII")
    return f"Authorization: Bearer {token}\r\n" if token else ""


def _connection(address: StoreAddress) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(address.host, address.port)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, address: StoreAddress) -> None:
        super().__init__("localhost")
        self._path = str(address.socket_path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _error_of(status: int, body: bytes, address: StoreAddress) -> Exception:
    """The exception that the server raised, from its problem document (RFC 9457)."""
    try:
        problem = json.loads(body)
        name, detail = problem["title"], problem["detail"]
    except (ValueError, KeyError, TypeError):
        unread = f"the store server at {address} answered {status}: {body[:200]!r}"
        # no answer of ours: a server that is being stopped, or something that stands before it
        return GrooveError(unread) if status == 413 else StoreUnavailable(unread)
    if status in (401, 403):
        # as while tokens are changed, part by part: nothing is wrong with the work
        return StoreUnavailable(f"the store server at {address} refuses: {detail}")
    return ERROR_OF.get(name, GrooveError)(detail)
