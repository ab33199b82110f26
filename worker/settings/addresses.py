"""Addresses as people write them, read once for all parts: each library behind them reads its own half of a URL by rules of its own.

User and password may hold any character, percent-encoded or as it is: they end at the last `@`. What is wrong is told without them.
"""

import re
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

#: host, port and what follows, where nothing before it is a user's
_PLACE = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[^:/?#@\[\]]*)(?::(?P<port>[^/?#@]*))?(?P<rest>[/?#].*)?", re.DOTALL)
_PLACE_ALONE = re.compile(r"(?:[^:/@]+(?::\d+)?)?(?:/[^/@]*)*")
_SOCKET_ALONE = re.compile(r"[^?#]*")
_OPTIONS = re.compile(r"\w+=[^&]*(?:&\w+=[^&]*)*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}")
_REDIS = "redis://HOST:PORT/DATABASE, rediss://… with TLS, or redis+socket:///PATH"
_LEDGER = "sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"
_STORE = "http://HOST:PORT, or http+unix:// with the socket's path, percent-encoded"
#: those that Celery hands on
_TLS_OPTIONS = frozenset({"ssl_cert_reqs", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile"})
_CERT_REQS = ("required", "optional", "none")


@dataclass(frozen=True, kw_only=True, slots=True)
class RedisAddress:
    """A Redis or Valkey server, and the forms in which its two clients take it."""

    host: str = "localhost"
    port: int = 6379
    #: of a unix socket; empty: over TCP
    path: str = ""
    database: int = 0
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    tls_options: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `ValueError` with what it should look like."""
        scheme, rest = _split_scheme(text, _REDIS)
        if scheme not in ("redis", "rediss", "redis+socket", "unix"):
            raise ValueError(f"{scheme}:// is not supported: it must read {_REDIS}")
        user, password, place = _split_user(rest)
        match = _place(place, _REDIS)
        path, _, query = (match["rest"] or "").partition("?")
        options = options_once(query)
        user, password = options.pop("username", user), options.pop("password", password)
        if user and not password:
            raise ValueError("its user has no password: a password alone stands behind a colon, redis://:PASSWORD@HOST")
        named = options.pop("db", options.pop("virtual_host", ""))
        if scheme in ("redis+socket", "unix"):
            where = {"path": unquote(match["host"] + path)}
        else:
            named, where = path.strip("/") or named, {"host": match["host"] or "localhost"}
        if scheme in ("redis+socket", "unix") and not where["path"].startswith("/"):
            raise ValueError("a socket's address names its whole path: redis+socket:///PATH")
        return cls(
            **where,
            port=_port(match["port"], 6379),
            database=_database(named),
            user=user,
            password=password,
            tls=scheme == "rediss",
            tls_options=_tls_options(options, is_tls=scheme == "rediss"),
        )

    def for_celery(self) -> str:
        return self._url("redis+socket", "virtual_host")

    def for_redis(self) -> str:
        """Address in redis-py's form."""
        return self._url("unix", "db")

    def _url(self, socket_scheme: str, database: str) -> str:
        who = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@" if self.user or self.password else ""
        if self.path:
            chosen = f"?{database}={self.database}" if self.database else ""
            return f"{socket_scheme}://{who}{quote(self.path)}{chosen}"
        options = f"?{urlencode(self.tls_options)}" if self.tls else ""
        return f"redis{'s' * self.tls}://{who}{self.host}:{self.port}/{self.database}{options}"


def event_log_address(text: str) -> str:
    """Check the address of a Redis server; other logs read their own."""
    scheme, rest = _split_scheme(text, f"iggy://USER:PASSWORD@HOST:PORT, or {_REDIS}")
    return f"{scheme}://{rest}" if scheme in ("iggy", "memory") else RedisAddress.parse(text).for_celery()


def ledger_address(text: str) -> str:
    """Address with user and password percent-encoded. Raises `ValueError`."""
    scheme, rest = _split_scheme(text, _LEDGER)
    if scheme == "sqlite":
        if not rest.startswith("/") or not rest.strip("/"):
            raise ValueError(f"it must read {_LEDGER}")
        if ":memory:" in rest:
            raise ValueError(f"each process would have a ledger of its own in memory: it must read {_LEDGER}")
        return f"{scheme}://{rest}"
    if scheme not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise ValueError(f"{scheme}:// is not supported: it must read {_LEDGER}")
    user, password, place = _split_user(rest)
    match = _place(place, _LEDGER)
    _port(match["port"], 5432)
    options_once((match["rest"] or "").partition("?")[2])
    who = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    return f"{scheme}://{who}{'@' if who else ''}{place}"


def store_address(text: str) -> str:
    """Raises `ValueError` for what a client would drop without a word: a path, a user, TLS."""
    scheme, rest = _split_scheme(text, _STORE)
    if scheme == "http+unix":
        if not unquote(rest).startswith("/") or not _SOCKET_ALONE.fullmatch(rest):
            raise ValueError(f"a socket's address names its whole path and nothing else: it must read {_STORE}")
        return f"{scheme}://{rest}"
    if scheme != "http":
        raise ValueError(f"{scheme}:// is not supported: it must read {_STORE}")
    if "@" in rest:
        raise ValueError(
            "it holds a user: who may come in is told by GROOVE_STORE_READ_TOKEN and GROOVE_STORE_WRITE_TOKEN"
        )
    match = _place(rest, _STORE)
    if (match["rest"] or "/") != "/":
        raise ValueError(
            "it names a path, below which no store can be asked: leave it out, and let a proxy serve it at /"
        )
    if not match["host"]:
        raise ValueError(f"it names no host: it must read {_STORE}")
    return f"http://{match['host']}:{_port(match['port'], 80)}"


def options_once(query: str) -> dict[str, str]:
    """Raises `ValueError` for an option that is given twice: which one holds would be a matter of chance, that of TLS too."""
    pairs = parse_qsl(query, keep_blank_values=True)
    options = dict(pairs)
    if len(options) < len(pairs):
        raise ValueError("an option is given twice")
    return options


def socket_path(url: str) -> str | None:
    """The path in redis+socket:///path, else None."""
    return unquote(urlsplit(url).path) if url.startswith("redis+socket://") else None


def _split_scheme(text: str, form: str) -> tuple[str, str]:
    """Case and blanks around an address carry no meaning."""
    scheme, separator, rest = text.strip().partition("://")
    if not separator or not _SCHEME.fullmatch(scheme):
        raise ValueError(f"it has no scheme: it must read {form}")
    if not rest.isprintable():
        raise ValueError("it holds a line break or another invisible character")
    return scheme.lower(), rest


def _split_user(rest: str) -> tuple[str, str, str]:
    """-> (user, password, what follows the `@`)."""
    if is_place_alone(rest):
        return "", "", rest
    who, _, place = rest.rpartition("@")
    user, _, password = who.partition(":")
    return unquote(user), unquote(password), place


def is_place_alone(rest: str) -> bool:
    """No user stands before it; an `@` may be among its options."""
    place, _, query = rest.partition("?")
    if "@" not in rest:
        return True
    return bool(place) and _PLACE_ALONE.fullmatch(place) is not None and _OPTIONS.fullmatch(query) is not None


def _place(place: str, form: str) -> re.Match[str]:
    match = _PLACE.fullmatch(place)
    if match is None:
        raise ValueError(f"it must read {form}")
    return match


def _port(text: str | None, default: int) -> int:
    if text in (None, ""):
        return default
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= 65535):
        raise ValueError(
            "its port is no number from 1 to 65535: percent-encode what a password or host holds besides letters and digits"
        )
    return int(text)


def _database(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) < 6):
        raise ValueError("its database is a number, as in redis://HOST:PORT/0")
    return int(text)


def _tls_options(options: dict[str, str], *, is_tls: bool) -> dict[str, str]:
    """Certificates are checked by all parts unless the address says otherwise."""
    unknown = sorted(options.keys() - _TLS_OPTIONS)
    if unknown or (options and not is_tls):
        names = ", ".join(unknown or sorted(options))
        raise ValueError(f"{names[:60]} is no option of it" + ("" if is_tls else ": options of TLS go with rediss://"))
    if not is_tls:
        return {}
    wanted = options.get("ssl_cert_reqs", "required").lower().removeprefix("cert_")
    if wanted not in _CERT_REQS:
        raise ValueError(f"ssl_cert_reqs is one of {', '.join(_CERT_REQS)}")
    return options | {"ssl_cert_reqs": wanted}
