"""The Starlette application: which address is which page, and what is said when something is wrong."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from http import HTTPStatus

import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from dashboard.asked import Asked, Parts, Refused, form_of
from dashboard.doors.gate import Gate
from dashboard.live import News
from dashboard.pages import PAGES, Page
from worker.errors import GrooveError, NotFound, Unavailable
from worker.settings import Settings

_log = structlog.get_logger(__name__)


def application(parts: Parts, news: News, settings: Settings) -> Starlette:
    hosts = {host.strip() for host in settings.web.hosts.split(",") if host.strip()}
    gate = Middleware(Gate, keys=parts.keys, prefix=settings.web.prefix, hosts=hosts)
    return Starlette(
        routes=[*_routes(parts, news)],
        middleware=[gate],
        exception_handlers={HTTPException: partial(_not_there, parts), Exception: partial(_broken, parts)},
    )


def _routes(parts: Parts, news: News) -> list[BaseRoute]:
    return [
        Route("/news", news.stream, methods=["GET"]),
        Route("/static/{version}/{name}", partial(_file, parts), methods=["GET"]),
        Route("/robots.txt", _robots, methods=["GET"]),
        Route("/health", _health, methods=["GET"]),
        *(Route(page.path, _endpoint(parts, page), methods=[page.method]) for page in PAGES),
    ]


def _endpoint(parts: Parts, page: Page) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        asked = Asked(request=request, parts=parts)
        try:
            if page.method == "POST":
                asked = Asked(request=request, parts=parts, form=await form_of(request))
                _check_action(asked, page)
            return await run_in_threadpool(_answer, page, asked)
        except Refused as refusal:
            return _told(asked, refusal.status, str(refusal))
        except NotFound as error:
            return _told(asked, HTTPStatus.NOT_FOUND, str(error))
        except Unavailable as error:
            return _told(asked, HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        except (GrooveError, ValueError) as error:
            _log.warning("page_failed", path=page.path, error=str(error))
            return _told(asked, HTTPStatus.INTERNAL_SERVER_ERROR, str(error))

    return endpoint


def _answer(page: Page, asked: Asked) -> Response:
    # before anything is asked: what changes meanwhile is news
    stamp = asked.sources.stamp() if page.method == "GET" and asked.visitor else 0
    return page.answer(replace(asked, stamp=stamp))


def _check_action(asked: Asked, page: Page) -> None:
    """Beside the gate's rule for other sites. Raises `Refused`."""
    visitor, given = asked.visitor, dict(asked.form).get("form_token", "")
    if page.needs_form_token and (visitor is None or not asked.parts.keys.is_form_token(visitor, given)):
        raise Refused(HTTPStatus.FORBIDDEN, "this form is not from a page of this login: load the page again")
    if page.needs_right_to_act and (visitor is None or not visitor.may_act):
        raise Refused(HTTPStatus.FORBIDDEN, "you may look; to act, log in with the write token")


def _told(asked: Asked, status: HTTPStatus, detail: str) -> Response:
    return asked.page("told.html", status=status, code=status, detail=detail, active="")


async def _not_there(parts: Parts, request: Request, error: Exception) -> Response:
    status = HTTPStatus(error.status_code) if isinstance(error, HTTPException) else HTTPStatus.NOT_FOUND
    return _told(Asked(request=request, parts=parts), status, "there is no such page")


async def _broken(parts: Parts, request: Request, _: Exception) -> Response:
    return _told(
        Asked(request=request, parts=parts), HTTPStatus.INTERNAL_SERVER_ERROR, "this page failed; the log says why"
    )


async def _file(parts: Parts, request: Request) -> Response:
    found = parts.look.file(request.path_params["name"])
    if found is None:
        return PlainTextResponse("no such file\n", HTTPStatus.NOT_FOUND)
    is_current = request.path_params["version"] == parts.look.version
    keep = "public, max-age=31536000, immutable" if is_current else "no-store"
    return Response(found[0], media_type=found[1], headers={"Cache-Control": keep})


async def _robots(_: Request) -> Response:
    return PlainTextResponse("User-agent: *\nDisallow: /\n")


async def _health(_: Request) -> Response:
    return PlainTextResponse("ok\n")
