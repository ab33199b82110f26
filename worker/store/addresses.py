"""Where a store server listens: `http://host:port`, or `http+unix://` with the socket's path, percent-encoded in the host's place."""

import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from worker.errors import ConfigurationError
from worker.settings.masking import masked
from worker.system.loopback import is_loopback

_KNOCK_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreAddress:
    host: str = ""
    port: int = 0
    socket_path: Path | None = None

    @classmethod
    def parse(cls, url: str) -> "StoreAddress":
        parts = urlsplit(url)
        if parts.scheme == "http+unix":
            return cls(socket_path=Path(unquote(parts.netloc) + unquote(parts.path)))
        try:
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise ConfigurationError(f"the store's address {masked(url)} has no usable port") from error
        if parts.scheme != "http" or not host:
            raise ConfigurationError(
                f"the store's address {masked(url)} is neither http://host:port nor http+unix://path"
            )
        return cls(host=host, port=80 if port is None else port)

    @property
    def is_local(self) -> bool:
        """Reachable from this machine only."""
        return self.socket_path is not None or is_loopback(self.host)

    def accepts(self) -> bool:
        """Whether somebody listens there."""
        try:
            if self.socket_path is None:
                socket.create_connection((self.host, self.port), timeout=_KNOCK_SECONDS).close()
            else:
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(str(self.socket_path))
        except OSError:
            return False
        return True

    def __str__(self) -> str:
        if self.socket_path is not None:
            return f"http+unix://{quote(str(self.socket_path), safe='')}"
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"
