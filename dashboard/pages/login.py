"""In and out: by a one-time link, or by a token in a form."""

import hmac
from http import HTTPStatus

from starlette.responses import RedirectResponse, Response

from dashboard.asked import Asked, Query
from dashboard.doors.gate import COOKIE
from dashboard.pages.page import Page


class LoginQuery(Query):
    link: str = ""
    next: str = "/learnings"


class LoginForm(Query):
    token: str = ""
    name: str = ""
    next: str = "/learnings"


def show(asked: Asked) -> Response:
    query = asked.query(LoginQuery)
    if not query.link:
        return _form(asked, query.next)
    name = asked.parts.keys.redeem(query.link)
    if name is None:
        if asked.visitor:
            return asked.go_to("/learnings")
        return _form(asked, query.next, "This link was used, or is too old.", HTTPStatus.FORBIDDEN)
    return _let_in(asked, name, may_act=True, to=query.next)


def enter(asked: Asked) -> Response:
    form = asked.fields(LoginForm)
    if wait := asked.parts.attempts.wait_seconds():
        text = f"Too many tries. Wait {wait:.0f} seconds."
        return _form(asked, form.next, text, HTTPStatus.TOO_MANY_REQUESTS)
    # every token is compared, so that the time taken tells nothing
    matches = [
        may_act for token, may_act in asked.parts.tokens if hmac.compare_digest(token.encode(), form.token.encode())
    ]
    if not matches:
        asked.parts.attempts.note_failure()
        return _form(asked, form.next, "This token is not known.", HTTPStatus.FORBIDDEN)
    name = " ".join(form.name.split())[:100] or asked.parts.default_name
    return _let_in(asked, name, may_act=max(matches), to=form.next)


def leave(asked: Asked) -> Response:
    answer = asked.go_to("/login")
    asked.drop_cookie(answer, COOKIE)
    return answer


def home(asked: Asked) -> Response:
    return RedirectResponse(asked.link("/learnings"), HTTPStatus.SEE_OTHER)


def _let_in(asked: Asked, name: str, *, may_act: bool, to: str) -> Response:
    answer = asked.go_to(to)
    keys = asked.parts.keys
    asked.set_cookie(answer, COOKIE, keys.cookie_for(name, may_act=may_act), seconds=keys.seconds)
    return answer


def _form(asked: Asked, to: str, problem: str = "", status: HTTPStatus = HTTPStatus.OK) -> Response:
    return asked.page(
        "login.html",
        status=status,
        problem=problem,
        next=to,
        has_tokens=bool(asked.parts.tokens),
        default_name=asked.parts.default_name,
        active="",
    )


PAGES = (
    Page("/", home),
    Page("/login", show),
    Page("/login", enter, "POST", needs_form_token=False, needs_right_to_act=False),
    Page("/logout", leave, "POST", needs_right_to_act=False),
)
