"""Errors on the wire: problem documents (RFC 9457), one status and title for each class of the exception tree."""

import json
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from worker.errors import GrooveError
from worker.store.operations import STATUS_OF
from worker.store.server.tokens import Refused

_TITLES = {404: "NotFound", 405: "MethodNotAllowed", 422: "ValueError"}
#: how bodies that may have one of several forms tell these apart; a person knows them by their fields
_FORMS = (("asked",), ("made",))
_WORDS = {
    400: "not a request",
    401: "no token, or an unknown one",
    403: "this token may only read; or a foreign host name, or a page of another site",
    404: "unknown",
    409: "something else was decided since, or nothing is there to take back",
    413: "too large",
    422: "not understood",
}


class Problem(BaseModel):
    type: str
    title: str
    status: int
    detail: str


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that an endpoint may answer with, for its description; every one may be sent what is no request."""
    content = {"application/problem+json": {"schema": Problem.model_json_schema()}}
    return {status: {"description": _WORDS[status], "content": content} for status in sorted({400, *statuses})}


def problem(status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps({"type": f"urn:groove:problem:{title}", "title": title, "status": status, "detail": detail})
    if status == 401:
        headers = {"WWW-Authenticate": "Bearer"} | (headers or {})
    return Response(body, status_code=status, media_type="application/problem+json", headers=headers)


def tell_problems(app: FastAPI) -> None:
    """Whatever goes wrong on the way to an answer is told as a problem document."""
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(ValueError, _of_error)
    app.add_exception_handler(GrooveError, _of_error)


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail, headers = error.detail, dict(error.headers or {})
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = "no such address: GET /docs lists them"
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        methods = sorted(headers["Allow"].split(", "))
        detail = f"{request.method} is not answered here: use {' or '.join(methods)}"
    elif isinstance(error.__cause__, UnicodeDecodeError):
        detail = "the body is not UTF-8"
    return problem(error.status_code, _TITLES.get(error.status_code, "Refused"), detail, headers)


async def _of_validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["loc"][0] == "body" and isinstance(first.get("input"), bytes):
        return problem(422, "ValueError", "the body is not read as JSON: send it with `Content-Type: application/json`")
    if first["loc"] == ("body",) and first["type"] == "missing":
        return problem(422, "ValueError", "the body is empty: a JSON object is needed")
    return problem(422, "ValueError", _first(_place(first), first["msg"]))


def _place(fault: dict[str, Any]) -> tuple[int | str, ...]:
    """What a person calls it: "body", "query" or "path" comes first, and behind a parameter's name the type that was tried."""
    place: tuple[int | str, ...] = fault["loc"]
    if fault["type"] == "json_invalid":  # a number of bytes
        return ()
    if place[0] == "query":
        return place[1:2]
    return place[2 if place[1:2] in _FORMS else 1 :]


async def _of_error(_: Request, error: Exception) -> Response:
    if isinstance(error, Refused):
        return problem(error.status, "Refused", str(error))
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        return problem(422, "ValueError", _first(first["loc"], first["msg"]))
    kind = next(kind for kind in STATUS_OF if isinstance(error, kind))
    return problem(STATUS_OF[kind], kind.__name__, str(error) or kind.__name__)


def _first(place: tuple[int | str, ...], message: str) -> str:
    return f"{'.'.join(map(str, place)) or 'the body'}: {message.removeprefix('Value error, ')}"
