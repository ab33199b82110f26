"""Errors on the wire: problem documents (RFC 9457), one status and title for each class of the exception tree."""

import json

from starlette.responses import Response

from worker.store.operations import STATUS_OF


def problem(status: int, title: str, detail: str) -> Response:
    body = json.dumps({"type": f"urn:groove:problem:{title}", "title": title, "status": status, "detail": detail})
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return Response(body, status_code=status, media_type="application/problem+json", headers=headers)


def problem_of(error: Exception) -> Response | None:
    """None for an error that nobody raised on purpose."""
    for kind, status in STATUS_OF.items():
        if isinstance(error, kind):
            return problem(status, kind.__name__, str(error) or kind.__name__)
    return None
