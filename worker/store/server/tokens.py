"""Bearer tokens: who may read, who may write."""

import hmac
from dataclasses import dataclass, field

from fastapi.security.utils import get_authorization_scheme_param
from starlette.datastructures import Headers

from worker.errors import ConfigurationError, GrooveError
from worker.store.addresses import StoreAddress

#: for whoever has none that holds
_WHERE = "tokens stand in DATA_DIR/tokens of an embedded stack, in .env of a compose stack"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tokens:
    """The write token opens everything, the read token what changes nothing. Without any, the door is open: loopback only."""

    # not in its repr, which a log line might show
    read: str = field(default="", repr=False)
    write: str = field(default="", repr=False)

    def check_against(self, address: StoreAddress) -> None:
        if not address.is_local and not self.write:
            raise ConfigurationError(
                f"a store server at {address} can be reached from elsewhere: it needs a write token"
            )

    def may_write(self, given: str) -> bool:
        return self.is_open or _same(given, self.write)

    def may_read(self, given: str) -> bool:
        return self.may_write(given) or _same(given, self.read)

    @property
    def is_open(self) -> bool:
        return not self.write and not self.read

    def admit(self, given: str, *, is_write: bool) -> None:
        """`given` is empty where the request has no bearer token. Raises `Refused`."""
        if self.may_write(given) or (not is_write and self.may_read(given)):
            return
        if not given:
            raise Refused(401, f"a bearer token is needed: {_WHERE}")
        if self.may_read(given):
            raise Refused(403, "this token may only read: GROOVE_STORE_WRITE_TOKEN is needed")
        raise Refused(401, f"this token is not known: {_WHERE}")


def bearer(headers: Headers) -> str:
    """The bearer token that came with a request; empty where none did."""
    scheme, token = get_authorization_scheme_param(headers.get("authorization"))
    return token if scheme.lower() == "bearer" else ""


class Refused(GrooveError):
    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def _same(given: str, token: str) -> bool:
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())
