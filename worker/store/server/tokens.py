"""Bearer tokens: who may read, who may write."""

import hmac
from dataclasses import dataclass, field

from worker.errors import ConfigurationError, GrooveError
from worker.store.addresses import StoreAddress


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

    def admit(self, given: str, *, is_write: bool) -> None:
        """`given` is empty where the request has no bearer token. Raises `Refused`."""
        if not self.write and not self.read:
            return
        if not given:
            raise Refused(401, "a bearer token is needed")
        if _same(given, self.write) or (not is_write and _same(given, self.read)):
            return
        is_known = _same(given, self.read)
        raise Refused(403 if is_known else 401, "this token may only read" if is_known else "this token is not known")


class Refused(GrooveError):
    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def _same(given: str, token: str) -> bool:
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())
