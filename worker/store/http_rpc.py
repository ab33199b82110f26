"""`POST /rpc/<operation>`: the whole protocol for our own processes, arguments and result as JSON. No operation takes a script."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from worker.store.doors import Refused, Tokens, read_body
from worker.store.operations import OPERATIONS, Operation
from worker.store.problems import problem, problem_of
from worker.store.protocol import AttributionStore

_log = structlog.get_logger(__name__)


class Runner:
    """Short operations run right here on the event loop, which is quickest; long ones in a thread, and short ones too while one does."""

    def __init__(self) -> None:
        self._long = 0

    async def run(self, call: Callable[[], Any], *, is_long: bool) -> Any:
        if not is_long and not self._long:
            return call()
        self._long += is_long
        try:
            return await asyncio.get_running_loop().run_in_executor(None, call)
        finally:
            self._long -= is_long


def rpc_route(store: AttributionStore, tokens: Tokens, runner: Runner) -> Route:
    async def endpoint(request: Request) -> Response:
        operation = OPERATIONS.get(request.path_params["operation"])
        if operation is None:
            return problem(404, "NotFound", "no such operation")
        try:
            tokens.admit(request, is_write=operation.is_write)
            arguments = operation.arguments.validate_json(await read_body(request))
            result = await _run(store, operation, arguments, runner)
        except Refused as refusal:
            return problem(refusal.status, "Refused", str(refusal))
        except ValidationError as error:
            return problem(422, "ValueError", _first(error))
        except Exception as error:  # noqa: BLE001 - whatever it was, the caller is told and the server lives on
            answer = problem_of(error)
            if answer is None:
                _log.exception("store.operation_failed", operation=operation.name)
                return problem(500, "GrooveError", f"{operation.name} failed: {type(error).__name__}: {error}")
            return answer
        return Response(operation.result.dump_json(result), media_type="application/json")

    return Route("/rpc/{operation}", endpoint, methods=["POST"])


async def _run(store: AttributionStore, operation: Operation, arguments: dict[str, Any], runner: Runner) -> Any:
    return await runner.run(partial(getattr(store, operation.name), **arguments), is_long=operation.is_long)


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
