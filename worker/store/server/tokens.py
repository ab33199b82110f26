"""Who may come in and with how much: bearer tokens and the limit on a request's body."""

import hmac
from dataclasses import dataclass

from starlette.requests import Request

from worker.errors import ConfigurationError, GrooveError
from worker.store.addresses import StoreAddress

#: bytes; a session's end brings all its records: two thousand learnings with a thousand signals each fit
MAX_BODY_BYTES = 256_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Tokens:
    """The write token opens everything, the read token what changes nothing. Without any, the door is open: loopback only."""

    read: str = ""
    write: str = ""

    def check_against(self, address: StoreAddress) -> None:
        if not address.is_local and not self.write:
            raise ConfigurationError(
                f"a store server at {address} can be reached from elsewhere: it needs a write token"
            )

    def admit(self, request: Request, *, is_write: bool) -> None:
        """Raises `Refused`."""
        if not self.write and not self.read:
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not given:
            raise Refused(401, "a bearer token is needed")
        if _same(given, self.write) or (not is_write and _same(given, self.read)):
            return
        is_known = _same(given, self.read)
        raise Refused(403 if is_known else 401, "this token may only read" if is_known else "this token is not known")


class Refused(GrooveError):
    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


async def read_body(request: Request) -> bytes:
    """Raises `Refused` as soon as the body is known to be too large."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > MAX_BODY_BYTES:
        raise Refused(413, f"a request holds at most {MAX_BODY_BYTES} bytes")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Refused(413, f"a request holds at most {MAX_BODY_BYTES} bytes")
    return bytes(body)


def _same(given: str, token: str) -> bool:
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())
