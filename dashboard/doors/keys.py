"""What is signed: the login cookie, one-time links, form tokens, and what an action says on the next page."""

import hashlib
import hmac
import math
import secrets
import threading
import time
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer

from dashboard.doors.visitor import Visitor

#: a link that was printed and not used
_LINK_SECONDS = 24 * 3600
#: what an action said is shown on the next page or never
_SAID_SECONDS = 120


class Keys:
    """The login keys of one running dashboard. Safe for threads. `hours`: how long a login lasts."""

    def __init__(self, key: bytes, *, hours: float) -> None:
        self._key, self._seconds = key, math.ceil(hours * 3600)
        self._began = int(time.time())
        self._used: set[str] = set()
        self._lock = threading.Lock()

    # -- the login

    def cookie_for(self, name: str, *, may_act: bool) -> str:
        return _dumped(self._key, "login", [name, may_act, secrets.token_urlsafe(12)])

    def visitor_of(self, cookie: str) -> Visitor | None:
        """None for one that is not ours, was changed, or is too old."""
        found = _loaded(self._key, "login", cookie, self._seconds)
        if found is None:
            return None
        name, may_act, nonce = found[0]
        return Visitor(name=name, may_act=may_act, nonce=nonce)

    @property
    def seconds(self) -> int:
        return self._seconds

    # -- one-time links

    def redeem(self, link: str) -> str | None:
        """The name that a link was made for, once; None: unknown, used, too old, or older than this process."""
        found = _loaded(self._key, "link", link, _LINK_SECONDS)
        if found is None:
            return None
        (name, nonce), issued = found
        with self._lock:
            if issued < self._began or nonce in self._used:
                return None
            self._used.add(nonce)
        return str(name)

    # -- forms

    def form_token(self, visitor: Visitor) -> str:
        return hmac.new(self._key, f"form {visitor.nonce}".encode(), hashlib.sha256).hexdigest()

    def is_form_token(self, visitor: Visitor, given: str) -> bool:
        return hmac.compare_digest(self.form_token(visitor).encode(), given.encode())

    # -- what an action says on the next page

    def said(self, what: dict[str, Any]) -> str:
        return _dumped(self._key, "said", what)

    def heard(self, cookie: str) -> dict[str, Any] | None:
        found = _loaded(self._key, "said", cookie, _SAID_SECONDS)
        return found[0] if found else None


def link_token(key: bytes, name: str) -> str:
    """What a one-time link carries; made beside the dashboard that will redeem it, too."""
    return _dumped(key, "link", [name, secrets.token_urlsafe(12)])


def _serializer(key: bytes, purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        key, salt=f"groove dashboard {purpose}", signer_kwargs={"digest_method": hashlib.sha256}
    )


def _dumped(key: bytes, purpose: str, what: Any) -> str:
    text = _serializer(key, purpose).dumps(what)
    return text if isinstance(text, str) else text.decode("ascii")


def _loaded(key: bytes, purpose: str, text: str, max_age: int) -> tuple[Any, float] | None:
    """-> (what was signed, when in seconds since 1970)."""
    try:
        found, issued = _serializer(key, purpose).loads(text, max_age=max_age, return_timestamp=True)
    except BadData:
        return None
    return found, issued.timestamp()
