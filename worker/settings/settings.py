"""Every setting once: its name, type, default and meaning."""

import hashlib
import os
import tempfile
from pathlib import Path
from urllib.parse import quote, urlsplit

from pydantic import (
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from worker.settings.addresses import RedisAddress, event_log_address, ledger_address
from worker.settings.groups import (
    BridgeSettings,
    EmbedderSettings,
    Group,
    HomePath,
    LocalSettings,
    LogSettings,
    MetricsSettings,
    StoreSettings,
    StreamSettings,
    SweeperSettings,
    WebSettings,
    WorkerSettings,
)
from worker.settings.layers import (
    AblationParameters,
    ActivationParameters,
    AggregationParameters,
    LayerParameters,
    OutlookParameters,
    TemporalParameters,
)
from worker.settings.store_tokens import tokens_at

#: longest path that a unix socket can have
_SOCKET_PATH_MAX = 100


class Settings(Group):
    """Everything that can be set. Connections that are left out mean the embedded part below `data_dir`."""

    data_dir: HomePath = Field(
        default=Path(".groove"), description="Folder of the embedded parts' data, and of the store server's."
    )
    event_log: SecretStr | None = Field(
        default=None,
        description="Where events come from: `iggy://user:password@host:8090` or `redis://host:6379`. Unset: the broker.",
    )
    broker: SecretStr | None = Field(
        default=None, description="Celery's broker, `redis://host:6379`. Unset: the embedded one."
    )
    ledger: SecretStr | None = Field(
        default=None,
        description="Database of the ledger: `postgresql://user:password@host/name` or `sqlite:///path`. Unset: SQLite below `data_dir`.",
    )
    store_read_token: SecretStr | None = Field(
        default=None,
        description="Bearer token for reading from the store server. Unset: the write token. From the environment only. With neither, "
        "the store makes both, in `tokens` below `data_dir`.",
    )
    store_write_token: SecretStr | None = Field(
        default=None,
        description="Bearer token for reading and writing. Required where the store listens beyond loopback. From the environment only.",
    )
    flower_auth: SecretStr | None = Field(
        default=None,
        description="`user:password` for Flower. Required beyond loopback. From the environment only.",
    )
    web_token: SecretStr | None = Field(
        default=None,
        description="Token that the dashboard is entered with. Unset: the store's write token. From the environment only.",
    )
    calibration: HomePath | None = Field(
        default=None, description="File that `groove calibrate` wrote. Unset: the calibration that is shipped."
    )

    streams: StreamSettings = StreamSettings()
    bridge: BridgeSettings = BridgeSettings()
    sweeper: SweeperSettings = SweeperSettings()
    worker: WorkerSettings = WorkerSettings()
    embedder: EmbedderSettings = EmbedderSettings()
    store: StoreSettings = StoreSettings()
    web: WebSettings = WebSettings()
    local: LocalSettings = LocalSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()

    activation: ActivationParameters = ActivationParameters()
    temporal: TemporalParameters = TemporalParameters()
    ablation: AblationParameters = AblationParameters()
    aggregation: AggregationParameters = AggregationParameters()
    outlook: OutlookParameters = OutlookParameters()

    @field_validator("store_read_token", "store_write_token", "web_token")
    @classmethod
    def _sendable(cls, token: SecretStr | None) -> SecretStr | None:
        """Blanks around it come from files, as a line feed at their end; what is no ASCII no header can hold."""
        text = token.get_secret_value().strip() if token else ""
        if not (text.isascii() and text.isprintable()) or " " in text:
            raise ValueError("a token holds ASCII letters, digits and signs only, and no blanks")
        return SecretStr(text) if text else None

    @field_validator("broker", "event_log", "ledger")
    @classmethod
    def _readable(cls, url: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        """One spelling for all parts, whatever theirs reads."""
        if url is None:
            return None
        text = url.get_secret_value()
        if info.field_name == "broker":
            return SecretStr(RedisAddress.parse(text).for_celery())
        return SecretStr(event_log_address(text) if info.field_name == "event_log" else ledger_address(text))

    @property
    def layers(self) -> LayerParameters:
        return LayerParameters(
            activation=self.activation,
            temporal=self.temporal,
            ablation=self.ablation,
            aggregation=self.aggregation,
            outlook=self.outlook,
        )

    @property
    def store_hosts(self) -> set[str]:
        """Names under which the store server may be asked."""
        named = urlsplit(self.store.url).hostname if self.store.url else None
        return {name for name in (*self.store.hosts.split(","), named or "") if name}

    @property
    def run_dir(self) -> Path:
        """Sockets of the embedded parts; outside `data_dir` where that path is too long for a socket."""
        inside = self.data_dir.absolute() / "run"
        if len(str(inside)) <= _SOCKET_PATH_MAX - len("/broker.sock"):
            return inside
        name = hashlib.sha256(str(inside).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"groove-{os.getuid()}-{name}"

    @property
    def broker_url(self) -> str:
        if self.broker is not None:
            return self.broker.get_secret_value()
        return RedisAddress(path=str(self.run_dir / "broker.sock")).for_celery()

    @property
    def ledger_url(self) -> str:
        if self.ledger is not None:
            return self.ledger.get_secret_value()
        return f"sqlite:///{self.data_dir.absolute() / 'ledger.sqlite'}"

    @property
    def event_log_url(self) -> str:
        return self.event_log.get_secret_value() if self.event_log is not None else self.broker_url

    @property
    def store_url(self) -> str:
        return self.store.url or f"http+unix://{quote(str(self.run_dir / 'store.sock'), safe='')}"

    @property
    def worker_count(self) -> int:
        return self.local.workers or min(len(os.sched_getaffinity(0)), 4)

    @property
    def conversions_dir(self) -> Path:
        """Outside `data_dir`: one conversion serves every folder of a user."""
        return (self.embedder.conversions or _cache_folder(self.data_dir) / "groove" / "models").absolute()

    @property
    def embedder_threads(self) -> int:
        return self.embedder.threads or max(1, len(os.sched_getaffinity(0)) // self.worker_count)

    def read_token(self) -> str | None:
        """For reading from the store in use: those that its folder made, else those that are set. Looked up at each call."""
        if found := tokens_at(self.store_url):
            return found.read
        return self.store_read_token.get_secret_value() if self.store_read_token else self.write_token()

    def write_token(self) -> str | None:
        """For everything in the store in use, likewise."""
        if found := tokens_at(self.store_url):
            return found.write
        return self.store_write_token.get_secret_value() if self.store_write_token else None


def _cache_folder(otherwise: Path) -> Path:
    """The user's; one that no account is known for (a container started under any number) has none."""
    if os.environ.get("XDG_CACHE_HOME"):
        return Path(os.environ["XDG_CACHE_HOME"])
    try:
        return Path.home() / ".cache"
    except RuntimeError:
        return otherwise / "cache"
