"""One request as a page sees it: who asks, with which query or form, and how to answer."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, unquote, urlencode

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboard.batches import Batches
from dashboard.doors.attempts import Attempts
from dashboard.doors.gate import SAID, cookie_of
from dashboard.doors.keys import Keys
from dashboard.doors.visitor import Visitor
from dashboard.look import Look
from dashboard.sources import Sources

_Query = TypeVar("_Query", bound="Query")
_MAX_FORM_BYTES = 2_000_000
#: stands before an id of dots
_DOTS = "~"


class Query(BaseModel):
    """What a page's address may hold; empty fields of a form count as left out, and what is unknown is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Refused(Exception):
    """An answer in words instead of a page."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What an action says on the next page, once."""

    text: str
    is_bad: bool = False
    #: an address to post to that takes it back, and the fields that go there
    undo: str = ""
    undo_text: str = "Undo"
    fields: Sequence[tuple[str, str]] = ()
    #: where to look at what came of it
    link: str = ""
    link_text: str = ""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the whole application works with."""

    sources: Sources
    keys: Keys
    look: Look
    attempts: Attempts
    batches: Batches
    prefix: str
    #: what a visitor may enter with: (token, whether it lets act)
    tokens: Sequence[tuple[str, bool]]
    #: who is meant when nobody says a name
    default_name: str
    secure: bool


@dataclass(frozen=True, kw_only=True)
class Asked:
    request: Request
    parts: Parts
    #: of a POST, in the order of its fields
    form: Sequence[tuple[str, str]] = field(default=())
    #: of what the page is about to show
    stamp: int = 0

    # -- what is asked

    @property
    def sources(self) -> Sources:
        return self.parts.sources

    @property
    def visitor(self) -> Visitor | None:
        found: Visitor | None = self.request.scope["state"]["visitor"]
        return found

    @property
    def actor(self) -> str:
        """Whom the decision log names."""
        return self.visitor.name if self.visitor else self.parts.default_name

    @property
    def path(self) -> str:
        found: str = self.request.scope["path"]
        return found

    @property
    def address(self) -> str:
        """This page with its whole query, as a link within the dashboard."""
        query = self.request.scope["query_string"].decode("ascii", "replace")
        return self.path + (f"?{query}" if query else "")

    def id_(self, name: str) -> str:
        """An id from the path, whatever is in it."""
        try:
            return unquote(self.request.path_params[name], errors="strict").removeprefix(_DOTS)
        except UnicodeDecodeError as error:
            raise Refused(HTTPStatus.NOT_FOUND, "this is no id") from error

    def query(self, shape: type[_Query]) -> _Query:
        return _read(shape, [*self.request.query_params.multi_items()])

    def fields(self, shape: type[_Query]) -> _Query:
        """The form without its token and its way back."""
        return _read(shape, [(name, value) for name, value in self.form if name not in {"form_token", "back"}])

    # -- the answer

    def link(self, path: str, query: Mapping[str, object] | None = None) -> str:
        """An address within the dashboard; what is None or empty is left out of the query."""
        kept = [(name, value) for name, value in (query or {}).items() if value not in (None, "", False)]
        text = urlencode([(name, _text(value)) for name, value in kept])
        return self.parts.prefix + path + (f"?{text}" if text else "")

    def within(self, path: str) -> str:
        """An address that a form brought along, as a link within the dashboard."""
        return self.parts.prefix + _within(path)

    def page(self, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        said = cookie_of(self.request.headers, SAID)
        html = self.parts.look.render(
            template,
            asked=self,
            visitor=self.visitor,
            form_token=self.parts.keys.form_token(self.visitor) if self.visitor else "",
            said=self._heard(said),
            stamp=self.stamp,
            **context,
        )
        answer = HTMLResponse(html, status)
        if said:
            answer.delete_cookie(SAID, path=self._cookie_path)
        return answer

    def _heard(self, cookie: str) -> Said | None:
        found = self.parts.keys.heard(cookie) if cookie else None
        return Said(**found) if found else None

    def go_to(self, path: str, said: Said | None = None) -> Response:
        """After an action. `path`: within the dashboard."""
        answer = RedirectResponse(self.within(path), HTTPStatus.SEE_OTHER)
        if said:
            self.set_cookie(answer, SAID, self.parts.keys.said(asdict(said)), seconds=120)
        return answer

    def go_back(self, said: Said | None = None) -> Response:
        """To the page that the form was on."""
        return self.go_to(dict(self.form).get("back", "/"), said)

    def set_cookie(self, answer: Response, name: str, value: str, *, seconds: int) -> None:
        answer.set_cookie(
            name,
            value,
            max_age=seconds,
            path=self._cookie_path,
            httponly=True,
            samesite="lax",
            secure=self.parts.secure,
        )

    def drop_cookie(self, answer: Response, name: str) -> None:
        answer.delete_cookie(name, path=self._cookie_path, httponly=True, samesite="lax", secure=self.parts.secure)

    @property
    def _cookie_path(self) -> str:
        return self.parts.prefix or "/"


def part(id_: str) -> str:
    """An id as one part of a path, whatever is in it; `Asked.id_` reads it.

    Browsers take a part of dots for a step upwards, however it is encoded.
    """
    return quote(f"{_DOTS}{id_}" if id_ in {".", ".."} or id_.startswith(_DOTS) else id_, safe="")


async def form_of(request: Request) -> Sequence[tuple[str, str]]:
    """The fields of a form that was sent. Raises `Refused`."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_FORM_BYTES:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "this form is too large")
    try:
        return parse_qsl(body.decode("utf-8"), keep_blank_values=True)
    except ValueError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "this is no form") from error


def _within(path: str) -> str:
    """A way back never leads out of the dashboard."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"


def _text(value: object) -> str:
    return "1" if value is True else str(value)


def _read(shape: type[_Query], pairs: Sequence[tuple[str, str]]) -> _Query:
    many = {name for name, kind in shape.model_fields.items() if str(kind.annotation).startswith("tuple")}
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in many:
            fields.setdefault(name, []).append(value)
        elif value:
            fields[name] = value
    try:
        return shape.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(each) for each in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise Refused(HTTPStatus.BAD_REQUEST, f"{where}: {message}") from error
