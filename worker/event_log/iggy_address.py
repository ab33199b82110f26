"""Where an Iggy server is and who we are there, read from a URL."""

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote

from worker.errors import ConfigurationError
from worker.settings.addresses import options_once

DEFAULT_PORT = 8090
FORM = "iggy://user:password@host:port"


@dataclass(frozen=True, kw_only=True, slots=True)
class IggyAddress:
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls: bool = False
    #: name in the server's certificate; empty: the host
    tls_domain: str = ""
    #: certificate authority's file; None: the public ones
    tls_ca_file: str | None = None

    @classmethod
    def parse(cls, url: str) -> Self:
        """Reads `iggy://user:password@host[:port][?tls=true&tls_domain=…&tls_ca_file=…]`.

        The password may hold any character, percent-encoded or as it is: it begins after the first `:` and ends before the last `@`.
        Raises `ConfigurationError`, which never quotes it.
        """
        credentials, at, server = url.removeprefix("iggy://").rpartition("@")
        user, colon, password = credentials.partition(":")
        if not (at and colon and user and password):
            raise ConfigurationError(f"event log: the URL must read {FORM}")
        place, _, query = server.partition("?")
        host, port = host_and_port(place.rstrip("/"))
        options = tls_options(query)
        return cls(
            host=host,
            port=port,
            user=unquote(user),
            password=unquote(password),
            tls=_is_on(options.get("tls", "false")),
            tls_domain=options.get("tls_domain", ""),
            tls_ca_file=options.get("tls_ca_file"),
        )

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def host_and_port(place: str) -> tuple[str, int]:
    """Splits `name`, `name:port`, `[address]` and `[address]:port`."""
    host, port = place, ""
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
        port = port.removeprefix(":")
    elif ":" in place:
        host, _, port = place.partition(":")
    if not host or not (port or str(DEFAULT_PORT)).isdecimal() or int(port or DEFAULT_PORT) > 65535:
        raise ConfigurationError(f"event log: the URL must read {FORM}")
    return host, int(port or DEFAULT_PORT)


def _is_on(text: str) -> bool:
    """Raises `ConfigurationError` for what is neither yes nor no: a login must not go out in clear over a slip of the pen."""
    known = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if text.lower() not in known:
        raise ConfigurationError("event log: tls in the URL is neither true nor false")
    return known[text.lower()]


def tls_options(query: str) -> dict[str, str]:
    try:
        options = options_once(query)
    except ValueError as error:
        raise ConfigurationError(f"event log: {error}") from error
    if unknown := sorted(options.keys() - {"tls", "tls_domain", "tls_ca_file"}):
        raise ConfigurationError(f"event log: {', '.join(unknown)} in the URL is none of tls, tls_domain, tls_ca_file")
    return options
