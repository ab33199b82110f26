"""Requests to the store server: kept connections that threads and forks may share, and its problems as our exceptions."""

import json
import os
from collections.abc import Callable
from typing import Any

import httpx

from worker.errors import ConfigurationError, GrooveError, StoreUnavailable
from worker.store.addresses import StoreAddress
from worker.store.operations import ERROR_OF

#: a request this large may take a second more
_BYTES_A_SECOND = 1_000_000
#: seconds for which an idle connection is kept; the server keeps it longer
_KEEP_ALIVE_S = 300.0

Token = str | Callable[[], str]


class StoreConnection:
    """`timeout_s`: seconds of silence after which the server counts as away.

    `token`: or what gives it, which is asked again when the server does not know the last one (it may have made its own since).
    """

    def __init__(self, address: str, *, token: Token = "", timeout_s: float) -> None:
        self._address = StoreAddress.parse(address)
        self._ask_token: Callable[[], str] = token if callable(token) else lambda: token
        self._token = _sendable(self._ask_token())
        self._timeout_s = timeout_s
        self._client: httpx.Client | None = None
        self._pid = 0

    def request(self, method: str, path: str, *, query: dict[str, Any] | None = None, body: bytes = b"") -> bytes:
        """The answer's body. A request is sent once: whether one that got no answer did its work, the caller must know.

        Raises the exception that the server raised, or `StoreUnavailable`.
        """
        timeout = self._timeout_s + len(body) / _BYTES_A_SECOND
        answer = self._answer(method, path, query, body, timeout)
        if answer.status_code in (401, 403) and self._has_another_token():
            answer = self._answer(method, path, query, body, timeout)  # it was refused at the door: nothing was done
        if answer.status_code == 200:
            return answer.content
        raise _error_of(answer, self._address)

    def _answer(
        self, method: str, path: str, query: dict[str, Any] | None, body: bytes, timeout: float
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            return self._of_this_process().request(
                method, path, params=query, content=body, headers=headers, timeout=timeout
            )
        except httpx.TimeoutException as error:
            raise self._away("no answer in time") from error
        except httpx.TransportError as error:
            raise self._away(str(error) or type(error).__name__) from error

    def _has_another_token(self) -> bool:
        before, self._token = self._token, _sendable(self._ask_token())
        return self._token != before

    def close(self) -> None:
        if self._client is not None and self._pid == os.getpid():
            self._client.close()
            self._client = None

    def _of_this_process(self) -> httpx.Client:
        """A connection that was inherited through a fork belongs to the parent."""
        if self._client is None or self._pid != os.getpid():
            self._client, self._pid = self._connect(), os.getpid()
        return self._client

    def _connect(self) -> httpx.Client:
        path = self._address.socket_path
        return httpx.Client(
            base_url="http://localhost" if path else str(self._address),
            headers={"Content-Type": "application/json"},
            transport=httpx.HTTPTransport(
                uds=str(path) if path else None,
                trust_env=False,
                limits=httpx.Limits(keepalive_expiry=_KEEP_ALIVE_S),
            ),
        )

    def _away(self, reason: str) -> StoreUnavailable:
        return StoreUnavailable(f"the store server at {self._address} cannot be reached: {reason}")


def _sendable(token: str) -> str:
    if not (token.isascii() and token.isprintable()):
        raise ConfigurationError(
            "the store's token is not printable ASCII: GROOVE_STORE_READ_TOKEN, GROOVE_STORE_WRITE_TOKEN"
        )
    return token


def _error_of(answer: httpx.Response, address: StoreAddress) -> Exception:
    """The exception that the server raised, from its problem document (RFC 9457)."""
    try:
        problem = json.loads(answer.content)
        name, detail = problem["title"], problem["detail"]
    except (ValueError, KeyError, TypeError):
        unread = f"the store server at {address} answered {answer.status_code}: {answer.content[:200]!r}"
        # no answer of ours: a server that is being stopped, or something that stands before it
        return GrooveError(unread) if answer.status_code == 413 else StoreUnavailable(unread)
    if answer.status_code in (401, 403):
        # as while tokens are changed, part by part: nothing is wrong with the work
        return StoreUnavailable(f"the store server at {address} refuses: {detail}")
    return ERROR_OF.get(name, GrooveError)(detail)
