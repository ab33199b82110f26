"""Every setting once: its name, type, default and meaning."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator, model_validator

from worker.settings.addresses import RedisAddress, event_log_address, ledger_address, store_address
from worker.settings.layers import (
    AblationParameters,
    ActivationParameters,
    AggregationParameters,
    LayerParameters,
    TemporalParameters,
)

#: longest path that a unix socket can have
_SOCKET_PATH_MAX = 100
#: longest name that Apache Iggy takes
MAX_TOPIC_BYTES = 255


class Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class StreamSettings(Group):
    """Names in the event log, as `stream/topic`."""

    heavy: str = Field(default="groove.assessment/heavy", pattern=r"^[^/\s]+/[^/\s]+$")
    lightweight: str = Field(default="groove.assessment/lightweight", pattern=r"^[^/\s]+/[^/\s]+$")
    attributed: str = Field(default="groove.attribution/sessions", pattern=r"^[^/\s]+/[^/\s]+$")
    #: partitions of a topic that we create
    partitions: int = Field(default=4, ge=1, le=1000)
    #: tell Apache Iggy our positions, so that its own tools show a lag; never read back
    show_positions: bool = False
    #: throw away what lies below the positions, and old results (Redis Streams; Apache Iggy has its own retention)
    trim: bool = True
    #: the newest results of a partition, which then stay whoever has read them; older ones can be sent again from the ledger
    keep_results: int = Field(default=10_000, ge=1)

    @model_validator(mode="after")
    def _one_topic_each(self) -> Self:
        names = {"heavy": self.heavy, "lightweight": self.lightweight, "attributed": self.attributed}
        for name, topic in names.items():
            if any(len(part.encode()) > MAX_TOPIC_BYTES for part in topic.split("/")):
                raise ValueError(
                    f"streams.{name}: a stream's and a topic's name have at most {MAX_TOPIC_BYTES} bytes each"
                )
            same = [other for other, its in names.items() if its == topic and other != name]
            if same:
                raise ValueError(f"streams.{name} and streams.{same[0]} name one topic: each needs its own")
        return self


class BridgeSettings(Group):
    #: messages a poll, one ledger transaction each
    batch: int = Field(default=200, ge=1, le=10_000)
    #: seconds after which the partitions of a silent replica are taken over
    lease_seconds: float = Field(default=30.0, gt=0)
    #: seconds between polls of an empty log, at least
    idle_seconds: float = Field(default=0.05, gt=0)
    #: reading pauses while more tasks than this are queued
    max_queue_length: int = Field(default=10_000, ge=1)
    #: reading pauses while more sessions than this are unfinished (waiting ones not counted)
    max_backlog: int = Field(default=50_000, ge=1)
    #: bytes; a longer message is a dead letter
    max_message_bytes: int = Field(default=64_000_000, ge=1024)
    #: sessions' `transcript_path` is read below this folder only; unset: never
    transcript_root: Path | None = None
    #: seconds after a late lightweight event until its session is done again
    late_event_quiet_seconds: float = Field(default=60.0, ge=0)


class SweeperSettings(Group):
    #: seconds between two looks at the ledger
    interval_seconds: float = Field(default=5.0, gt=0)
    #: seconds beyond an attribution's time limit after which it counts as lost, if nothing older is still queued
    overdue_seconds: float = Field(default=10.0, ge=0)
    #: seconds without a sign of life after which a worker counts as gone; what it held is sent again after as long again
    silence_seconds: float = Field(default=20.0, gt=0)
    #: hours until a session whose transcript never came is given up
    transcript_wait_hours: float = Field(default=72.0, gt=0)
    #: days for which payloads of finished sessions are kept (for `groove replay`); 0: for ever
    payload_days: float = Field(default=90.0, ge=0)
    #: days for which sent messages are kept (for `groove outbox resend`); 0: for ever
    outbox_days: float = Field(default=14.0, ge=0)

    @model_validator(mode="after")
    def _looks_often_enough(self) -> Self:
        if 2 * self.interval_seconds > self.silence_seconds:
            raise ValueError("sweeper.interval_seconds must be at most half of sweeper.silence_seconds")
        return self


class WorkerSettings(Group):
    #: seconds for attributing a task's learnings, or for finishing a session; caught and counted as a failed try
    soft_time_limit: float = Field(default=60.0, gt=0)
    #: seconds for preparing a session, most of which is embedding
    prepare_soft_time_limit: float = Field(default=300.0, gt=0)
    #: the process is killed this many seconds after a soft limit
    hard_limit_grace: float = Field(default=5.0, gt=0)
    #: tries of one learning of one session before it is given up
    max_tries: int = Field(default=3, ge=1)
    #: seconds before the second try; doubles with each further one
    retry_seconds: float = Field(default=5.0, ge=0)
    #: one task per learning; more for very large sessions
    learnings_per_task: int = Field(default=1, ge=1)
    #: seconds for which a task waits for a part that cannot be reached before it leaves the work to the sweeper
    patience_seconds: float = Field(default=20.0, ge=0)
    #: seconds for which a prepared session's vectors are kept on the broker
    bundle_seconds: int = Field(default=3600, ge=60)
    #: messages that a process takes ahead of time
    prefetch: int = Field(default=4, ge=1)


class EmbedderSettings(Group):
    #: path or name of a sentence-transformers model; unset: all-MiniLM-L6-v2 from its package
    model: str | None = None
    #: "auto": OpenVINO on processors, torch on GPUs and where a model cannot be converted
    backend: Literal["auto", "torch", "openvino"] = "auto"
    #: folder for models converted for OpenVINO; unset: `groove/models` in the user's cache folder
    conversions: Path | None = None
    device: str = "auto"
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    #: tokens in one pass of the model, padding included; unset: chosen by device and threads
    batch_tokens: int | None = Field(default=None, ge=1)
    #: threads of one process; unset: the cores shared out over `local.workers`
    threads: int | None = Field(default=None, ge=1)


class StoreSettings(Group):
    #: http://host:port of the store server; unset: the embedded one, on a unix socket below `data_dir`
    url: str | None = None
    host: str = "127.0.0.1"
    #: port to listen on besides the unix socket; 0: none
    port: int = Field(default=0, ge=0, le=65535)

    @field_validator("url")
    @classmethod
    def _readable(cls, url: str | None) -> str | None:
        return None if url is None else store_address(url)


class LocalSettings(Group):
    """The embedded stack of `groove run` and `groove up`."""

    #: worker processes; unset: one a core, four at most
    workers: int | None = Field(default=None, ge=1)
    #: restarts of one part within ten minutes before the stack gives up
    max_restarts: int = Field(default=10, ge=1)
    #: seconds for which a part may take to end before it is killed
    stop_seconds: float = Field(default=10.0, gt=0)


class LogSettings(Group):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"


class MetricsSettings(Group):
    """Figures for Prometheus at `/metrics`; those of the store are at its own address."""

    #: of a bridge or a worker; 0: none. In the embedded stack the bridge's, the workers have the following ones
    port: int = Field(default=0, ge=0, le=65535)
    #: beyond loopback the store's read token is asked for
    host: str = "127.0.0.1"


class Settings(Group):
    """Everything that can be set. Connections that are left out mean the embedded part below `data_dir`."""

    data_dir: Path = Path(".groove")
    #: redis://… or iggy://user:password@host:8090
    event_log: SecretStr | None = None
    #: redis://…
    broker: SecretStr | None = None
    #: sqlite:///… or postgresql://…
    ledger: SecretStr | None = None
    #: who may read from and write to the store server; from the environment only
    store_read_token: SecretStr | None = None
    store_write_token: SecretStr | None = None
    #: user:password for Flower; from the environment only
    flower_auth: SecretStr | None = None

    #: file that `groove calibrate` wrote; unset: the shipped calibration
    calibration: Path | None = None

    streams: StreamSettings = StreamSettings()
    bridge: BridgeSettings = BridgeSettings()
    sweeper: SweeperSettings = SweeperSettings()
    worker: WorkerSettings = WorkerSettings()
    embedder: EmbedderSettings = EmbedderSettings()
    store: StoreSettings = StoreSettings()
    local: LocalSettings = LocalSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()

    activation: ActivationParameters = ActivationParameters()
    temporal: TemporalParameters = TemporalParameters()
    ablation: AblationParameters = AblationParameters()
    aggregation: AggregationParameters = AggregationParameters()

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
            activation=self.activation, temporal=self.temporal, ablation=self.ablation, aggregation=self.aggregation
        )

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
        return self.store_read_token.get_secret_value() if self.store_read_token else self.write_token()

    def write_token(self) -> str | None:
        return self.store_write_token.get_secret_value() if self.store_write_token else None


def _cache_folder(otherwise: Path) -> Path:
    """The user's; one that no account is known for (a container started under any number) has none."""
    if os.environ.get("XDG_CACHE_HOME"):
        return Path(os.environ["XDG_CACHE_HOME"])
    try:
        return Path.home() / ".cache"
    except RuntimeError:
        return otherwise / "cache"
