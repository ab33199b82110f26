"""What routes depend on: the store, asked where the operation belongs; tokens; ids from a path; queries without surprises."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, TypeVar
from urllib.parse import unquote

from fastapi import Depends, Path, Query, Request
from fastapi.security import HTTPBearer
from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

from worker.store.protocol import AttributionStore
from worker.store.server.runner import Runner
from worker.store.server.tokens import Tokens, bearer

_Result = TypeVar("_Result")

#: for the description only: `bearer` reads the header
_scheme = HTTPBearer(auto_error=False, scheme_name="token")

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=255)]
#: routes see the path as it was sent, so that an id may hold a slash
PathId = Annotated[Identifier, BeforeValidator(partial(unquote, errors="strict")), Path()]


class Asked(BaseModel):
    """Query or body: what is not named here is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ForgetQuery(Asked):
    #: only count what would go
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Serving:
    """What this server process works with."""

    store: AttributionStore
    tokens: Tokens
    runner: Runner


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """The store, for one request."""

    serving: Serving
    #: the route, as the figures name it
    name: str

    async def short(self, call: Callable[[AttributionStore], _Result]) -> _Result:
        return await self.serving.runner.run(self.name, partial(call, self.serving.store), is_long=False)

    async def long(self, call: Callable[[AttributionStore], _Result]) -> _Result:
        """For what reads or writes more than a session's worth."""
        return await self.serving.runner.run(self.name, partial(call, self.serving.store), is_long=True)


def now() -> int:
    """This server's clock dates decisions and assignments."""
    return time.time_ns() // 1000


def serving(request: Request) -> Serving:
    found: Serving = request.app.state.serving
    return found


async def _ask(request: Request) -> Ask:
    return Ask(serving=serving(request), name=request.scope["route"].path)


class _NoQuery(Asked):
    pass


async def _nothing(_: Annotated[_NoQuery, Query()]) -> None:
    pass


async def _may_read(request: Request, _: Annotated[object, Depends(_scheme)]) -> None:
    serving(request).tokens.admit(bearer(request.headers), is_write=False)


async def _may_write(request: Request, _: Annotated[object, Depends(_scheme)]) -> None:
    serving(request).tokens.admit(bearer(request.headers), is_write=True)


Store = Annotated[Ask, Depends(_ask)]
MayRead, MayWrite, NoneAsked = Depends(_may_read), Depends(_may_write), Depends(_nothing)
