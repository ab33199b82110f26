"""The API about itself: `/openapi.json`, `/docs`, `/metrics`, `/health`."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import HTMLResponse, Response

from worker.store.server.dependencies import MayRead, Store

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json", dependencies=[MayRead])
async def openapi(request: Request) -> dict[str, Any]:
    return _description(request)


@router.get("/docs", dependencies=[MayRead])
async def docs(request: Request) -> HTMLResponse:
    """With the description in the page: a browser that asks for it once more would have no token."""
    description = _description(request)
    return get_swagger_ui_html(
        openapi_url="/openapi.json", title=description["info"]["title"], swagger_ui_parameters={"spec": description}
    )


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
