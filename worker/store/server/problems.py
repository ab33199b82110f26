"""Errors on the wire: problem documents (RFC 9457), one status and title for each class of the exception tree."""

import json
from collections.abc import Awaitable

import structlog
from pydantic import ValidationError
from starlette.responses import Response

from worker.store.operations import STATUS_OF
from worker.store.server.tokens import Refused

_log = structlog.get_logger(__name__)


def problem(status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps({"type": f"urn:groove:problem:{title}", "title": title, "status": status, "detail": detail})
    if status == 401:
        headers = {"WWW-Authenticate": "Bearer"} | (headers or {})
    return Response(body, status_code=status, media_type="application/problem+json", headers=headers)


async def answered(operation: str, work: Awaitable[Response]) -> Response:
    """The answer, or the problem document of whatever went wrong on the way to it."""
    try:
        return await work
    except Refused as refusal:
        return problem(refusal.status, "Refused", str(refusal))
    except ValidationError as error:
        return problem(422, "ValueError", _first(error))
    except Exception as error:  # noqa: BLE001 - whatever it was, the caller is told and the server lives on
        for kind, status in STATUS_OF.items():
            if isinstance(error, kind):
                return problem(status, kind.__name__, str(error) or kind.__name__)
        _log.exception("store.operation_failed", operation=operation)
        return problem(500, "GrooveError", f"{operation} failed: {type(error).__name__}: {error}")


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the body'}: {first['msg']}"
