"""`POST /rpc/<operation>`: the whole protocol for our own processes, arguments and result as JSON. No operation takes a script."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from worker.store.operations import OPERATIONS, Operation
from worker.store.protocol import AttributionStore
from worker.store.server.problems import answered, problem
from worker.store.server.runner import Runner
from worker.store.server.tokens import Tokens, read_body

#: a larger request keeps the database busy for as long as a long operation
_SHORT_BYTES = 1_000_000


def rpc_route(store: AttributionStore, tokens: Tokens, runner: Runner) -> Route:
    async def endpoint(request: Request) -> Response:
        operation = OPERATIONS.get(request.path_params["operation"])
        if operation is None:
            return problem(404, "NotFound", "no such operation")
        return await answered(operation.name, answer(request, operation))

    async def answer(request: Request, operation: Operation) -> Response:
        tokens.admit(request, is_write=operation.is_write)
        body = await read_body(request)
        arguments = operation.arguments.validate_json(body)
        call = partial(getattr(store, operation.name), **arguments)
        result = await runner.run(operation.name, call, is_long=operation.is_long or len(body) > _SHORT_BYTES)
        return Response(operation.result.dump_json(result), media_type="application/json")

    return Route("/rpc/{operation}", endpoint, methods=["POST"])
