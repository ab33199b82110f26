"""Serves the table of `endpoints.py`: tokens, checked parameters, problems; and `/openapi.json`, `/metrics`, `/health`."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import unquote

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from worker.store.protocol import AttributionStore
from worker.store.server.endpoints import ENDPOINTS, Asked, Endpoint
from worker.store.server.openapi import description
from worker.store.server.problems import answered
from worker.store.server.runner import Runner
from worker.store.server.tokens import Tokens, read_body


def api_routes(store: AttributionStore, tokens: Tokens, runner: Runner) -> list[Route]:
    async def describe() -> Response:
        return JSONResponse(description())

    async def measure() -> Response:
        values = await runner.run("/metrics", store.list_learning_values, is_long=True)
        runner.count(values)
        return Response(generate_latest(runner.registry), media_type=CONTENT_TYPE_LATEST)

    return [
        *(_route(endpoint, store, tokens, runner) for endpoint in ENDPOINTS),
        _readable("/openapi.json", describe, tokens),
        _readable("/metrics", measure, tokens),
        Route("/health", _health),
    ]


def _readable(path: str, make: Callable[[], Awaitable[Response]], tokens: Tokens) -> Route:
    async def answer(request: Request) -> Response:
        tokens.admit(request, is_write=False)
        return await make()

    async def respond(request: Request) -> Response:
        return await answered(path, answer(request))

    return Route(path, respond)


def _route(endpoint: Endpoint, store: AttributionStore, tokens: Tokens, runner: Runner) -> Route:
    async def answer(request: Request) -> Response:
        tokens.admit(request, is_write=endpoint.is_write)
        asked = await _asked(endpoint, request)
        # the path is still percent-encoded, see `server.py`: an id may hold a slash
        path = {name: unquote(text, errors="strict") for name, text in request.path_params.items()}
        result = await runner.run(endpoint.path, partial(endpoint.handle, store, path, asked), is_long=endpoint.is_long)
        return Response(endpoint.result.dump_json(result), media_type="application/json")

    async def respond(request: Request) -> Response:
        return await answered(endpoint.path, answer(request))

    return Route(endpoint.path, respond, methods=[endpoint.method])


async def _asked(endpoint: Endpoint, request: Request) -> Asked:
    query: dict[str, Any] = dict(request.query_params)
    if endpoint.body is None:
        return endpoint.query.model_validate(query)
    endpoint.query.model_validate(query)
    return endpoint.body.model_validate_json(await read_body(request) or b"{}")


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})
