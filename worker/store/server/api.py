"""The application: the public API and the workers' private calls, behind one guard."""

from collections.abc import Iterable
from importlib.metadata import version

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from worker.store.protocol import AttributionStore
from worker.store.server.body_limits import LONG_BYTES, BodyLimits
from worker.store.server.dependencies import Serving
from worker.store.server.guard import Guard
from worker.store.server.problems import tell_problems
from worker.store.server.routes import assignments, description, learnings, sessions, upkeep, values, views
from worker.store.server.rpc import rpc
from worker.store.server.runner import Runner
from worker.store.server.tokens import Tokens

#: bytes of the longest body of all
MAX_BODY_BYTES = max(LONG_BYTES.values())


def application(
    store: AttributionStore, tokens: Tokens, *, hosts: Iterable[str] = (), max_body_bytes: int = MAX_BODY_BYTES
) -> FastAPI:
    app = FastAPI(
        title="groove attribution",
        version=version("groove-attribution"),
        description="What learnings are worth. Times are microseconds since 1970-01-01 UTC.",
        openapi_url=None,
        # a body without a content type is read as JSON, as ever; browsers that send one elsewhere meet the guard
        strict_content_type=False,
    )
    app.state.serving = Serving(store=store, tokens=tokens, runner=Runner())
    for router in (
        values.router,
        assignments.router,
        learnings.reading,
        learnings.writing,
        learnings.forgetting,
        views.of_learning,
        views.finding,
        views.of_sessions,
        sessions.router,
        upkeep.router,
        upkeep.missing,
    ):
        app.include_router(router)
    app.include_router(description.router)
    app.add_route("/rpc/{operation}", rpc, methods=["POST"], include_in_schema=False)
    tell_problems(app)
    app.add_middleware(_Undecoded)
    app.add_middleware(BodyLimits, tokens=tokens, most=max_body_bytes)
    app.add_middleware(Guard, hosts=hosts)
    return app


class _Undecoded:
    """Routes by the path as it was sent, so that a slash within an id separates nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["path"] = scope["raw_path"].decode("ascii", "replace")
        await self._app(scope, receive, send)
