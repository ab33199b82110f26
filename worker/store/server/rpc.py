"""`POST /rpc/<operation>`: what only workers call, arguments and result as JSON. No operation takes a script."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from worker.errors import NotFound
from worker.store.operations import OPERATIONS
from worker.store.server.dependencies import serving
from worker.store.server.tokens import bearer

#: a larger request keeps the database busy for as long as a long operation
_SHORT_BYTES = 1_000_000


async def rpc(request: Request) -> Response:
    server = serving(request)
    operation = OPERATIONS.get(request.path_params["operation"])
    if operation is None:
        raise NotFound("no such operation")
    server.tokens.admit(bearer(request.headers), is_write=operation.is_write)
    body = await request.body()
    arguments = operation.arguments.validate_json(body)
    call = partial(getattr(server.store, operation.name), **arguments)
    result = await server.runner.run(operation.name, call, is_long=len(body) > _SHORT_BYTES)
    return Response(operation.result.dump_json(result), media_type="application/json")
