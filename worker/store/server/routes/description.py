"""The API about itself: `/openapi.json`, `/docs`, `/metrics`, `/health`."""

import base64
import contextlib
from importlib.resources import files
from typing import Any

import fastapi_offline
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.security.utils import get_authorization_scheme_param
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from worker.store.server.dependencies import MayRead, Store, serving
from worker.store.server.tokens import bearer

router = APIRouter(include_in_schema=False)

#: what the page is made of comes from a package, not from somebody's server
_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css", "favicon.png": "image/png"}
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
)


async def _may_look(request: Request) -> None:
    """By the read token: in a header, or as the password that a browser asks for, since it can send no other header by itself."""
    tokens = serving(request).tokens
    if not tokens.may_read(bearer(request.headers) or _password(request)):
        raise HTTPException(
            401, "the read token is needed, as a password", headers={"WWW-Authenticate": 'Basic realm="groove"'}
        )


def _password(request: Request) -> str:
    scheme, credentials = get_authorization_scheme_param(request.headers.get("authorization"))
    with contextlib.suppress(ValueError):
        if scheme.lower() == "basic":
            return base64.b64decode(credentials).decode().partition(":")[2]
    return ""


@router.get("/openapi.json", dependencies=[MayRead])
async def openapi(request: Request) -> dict[str, Any]:
    return _description(request)


@router.get("/docs", dependencies=[Depends(_may_look)])
async def docs(request: Request) -> Response:
    """The description inside the page: a browser that asks for it once more would have no token."""
    description = _description(request)
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title=description["info"]["title"],
        swagger_js_url="/docs/swagger-ui-bundle.js",
        swagger_css_url="/docs/swagger-ui.css",
        swagger_favicon_url="/docs/favicon.png",
        swagger_ui_parameters={"spec": description},
    )
    page.headers["Content-Security-Policy"] = _POLICY
    return page


@router.get("/docs/{asset}", dependencies=[Depends(_may_look)])
async def asset(asset: str) -> Response:
    if asset not in _ASSETS:
        raise HTTPException(404, "Not Found")
    content = files(fastapi_offline).joinpath("static", asset).read_bytes()
    return Response(content, media_type=_ASSETS[asset])


@router.get("/metrics", dependencies=[MayRead])
async def metrics(store: Store) -> Response:
    runner = store.serving.runner
    runner.count(await store.long(lambda of: of.views.latest_values()))
    return Response(generate_latest(runner.registry), media_type=CONTENT_TYPE_LATEST)


@router.api_route("/health", methods=["GET", "HEAD"])
async def health() -> dict[str, str]:
    return {"status": "ok"}


def _description(request: Request) -> dict[str, Any]:
    found: dict[str, Any] = request.app.openapi()
    return found
