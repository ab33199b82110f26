"""Settings of each part, a group each: `[bridge]`, `[worker]` and so on in groove.toml."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from worker.settings.addresses import store_address

#: longest name that Apache Iggy takes
MAX_TOPIC_BYTES = 255
_TOPIC = r"^[^/\s]+/[^/\s]+$"


def _from_home(path: Path) -> Path:
    """Path whose `~` is read as shells do: in files and in containers' variables nobody else would."""
    if "\0" in str(path):
        raise ValueError("no path holds a NUL character")
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError(f"the home folder that {path} begins with is not known") from error


HomePath = Annotated[Path, AfterValidator(_from_home)]


class Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class StreamSettings(Group):
    """Topics in the event log."""

    heavy: str = Field(
        default="groove.assessment/heavy",
        pattern=_TOPIC,
        description="Topic that heavy events are read from, as `stream/topic`.",
    )
    lightweight: str = Field(
        default="groove.assessment/lightweight",
        pattern=_TOPIC,
        description="Topic that lightweight events are read from, as `stream/topic`.",
    )
    attributed: str = Field(
        default="groove.attribution/sessions",
        pattern=_TOPIC,
        description="Topic that results are published to, as `stream/topic`.",
    )
    partitions: int = Field(
        default=4,
        ge=1,
        le=1000,
        description="Partitions of a topic that groove creates. More partitions let more bridges share the reading; a topic that exists "
        "keeps its own.",
    )
    trim: bool = Field(
        default=True,
        description="Delete messages that were read, and old results. For Redis Streams; Apache Iggy has its own retention.",
    )
    keep_results: int = Field(
        default=10_000,
        ge=1,
        description="Results per partition that `trim` leaves, whether or not anyone has read them. Older ones can be sent again from the "
        "ledger.",
    )

    @model_validator(mode="after")
    def _one_topic_each(self) -> Self:
        names = {"heavy": self.heavy, "lightweight": self.lightweight, "attributed": self.attributed}
        for name, topic in names.items():
            if any(len(part.encode()) > MAX_TOPIC_BYTES for part in topic.split("/")):
                raise ValueError(
                    f"streams.{name}: a stream's and a topic's name have at most {MAX_TOPIC_BYTES} bytes each"
                )
            if any(part.isascii() and part.isdecimal() for part in topic.split("/")):
                raise ValueError(f"streams.{name}: a name of digits alone would be a number to Iggy, not a name")
            same = [other for other, its in names.items() if its == topic and other != name]
            if same:
                raise ValueError(f"streams.{name} and streams.{same[0]} name one topic: each needs its own")
        return self


class BridgeSettings(Group):
    """The bridge, which reads the event log into the ledger."""

    batch: int = Field(
        default=200, ge=1, le=10_000, description="Most messages per poll. Each poll is one ledger transaction."
    )
    lease_seconds: float = Field(
        default=30.0,
        gt=0,
        description="Seconds after which the partitions of a silent bridge are taken over by another.",
    )
    idle_seconds: float = Field(
        default=0.05,
        gt=0,
        description="Shortest time in seconds between two polls of an event log that has nothing new. Higher: less load, more delay.",
    )
    max_queue_length: int = Field(
        default=10_000, ge=1, description="Reading pauses while more tasks than this are queued on the broker."
    )
    max_backlog: int = Field(
        default=50_000,
        ge=1,
        description="Reading pauses while more sessions than this are unfinished; those waiting for a transcript do not count.",
    )
    max_message_bytes: int = Field(
        default=64_000_000, ge=1024, description="Bytes; a longer message becomes a dead letter."
    )
    transcript_root: HomePath | None = Field(
        default=None,
        description="Folder that a session's `transcript_path` must lie in to be read. Unset: transcripts are never read from files.",
    )
    late_event_quiet_seconds: float = Field(
        default=60.0,
        ge=0,
        description="Seconds without a further late lightweight event, after which its finished session is attributed again.",
    )


class SweeperSettings(Group):
    """The sweeper in the bridge, which resends lost work and deletes old data."""

    interval_seconds: float = Field(
        default=5.0,
        gt=0,
        description="Seconds between two sweeps of the ledger; at most half of `silence_seconds`.",
    )
    overdue_seconds: float = Field(
        default=10.0,
        ge=0,
        description="Seconds beyond its time limit after which an attribution counts as lost, if nothing older is still queued.",
    )
    silence_seconds: float = Field(
        default=20.0,
        gt=0,
        description="Seconds without a heartbeat after which a worker counts as gone. Its preparations are sent again after as long again.",
    )
    transcript_wait_hours: float = Field(
        default=72.0, gt=0, description="Hours until a session whose transcript never came becomes a dead letter."
    )
    payload_days: float = Field(
        default=90.0,
        ge=0,
        description="Days for which payloads of finished sessions are kept for `groove replay`. 0: for ever.",
    )
    outbox_days: float = Field(
        default=14.0, ge=0, description="Days for which sent messages are kept for `groove outbox resend`. 0: for ever."
    )

    @model_validator(mode="after")
    def _looks_often_enough(self) -> Self:
        if 2 * self.interval_seconds > self.silence_seconds:
            raise ValueError("sweeper.interval_seconds must be at most half of sweeper.silence_seconds")
        return self


class WorkerSettings(Group):
    """Workers, which run the tasks."""

    soft_time_limit: float = Field(
        default=60.0,
        gt=0,
        description="Seconds for attributing one task's learnings, or for finishing a session. Then the try has failed.",
    )
    prepare_soft_time_limit: float = Field(
        default=300.0,
        gt=0,
        description="Seconds for preparing a session, most of which is embedding. Raise it for long sessions on slow processors.",
    )
    hard_limit_grace: float = Field(
        default=5.0, gt=0, description="Seconds after a soft time limit at which the process is killed."
    )
    max_tries: int = Field(default=3, ge=1, description="Tries of one learning in one session before it is given up.")
    retry_seconds: float = Field(
        default=5.0, ge=0, description="Seconds before the second try. The wait doubles with each further try."
    )
    learnings_per_task: int = Field(
        default=1, ge=1, description="Learnings attributed per task. Raise it for sessions with very many learnings."
    )
    patience_seconds: float = Field(
        default=20.0,
        ge=0,
        description="Seconds for which a task waits for a store or ledger that cannot be reached. Then the sweeper sends it again later.",
    )
    bundle_seconds: int = Field(
        default=3600,
        ge=60,
        description="Seconds for which a prepared session's vectors stay on the broker. Without them it is prepared again.",
    )
    prefetch: int = Field(
        default=4, ge=1, description="Messages that a worker process takes from the broker ahead of time."
    )


class EmbedderSettings(Group):
    """The model that turns texts into vectors."""

    model: str | None = Field(
        default=None,
        description="Path or name of a sentence-transformers model. Unset: all-MiniLM-L6-v2 from its package.",
    )
    backend: Literal["auto", "torch", "openvino"] = Field(
        default="auto",
        description="Library that runs the model. `auto`: OpenVINO on processors, torch on GPUs and for models that cannot be converted.",
    )
    conversions: HomePath | None = Field(
        default=None,
        description="Folder for models converted for OpenVINO. Unset: `groove/models` in the user's cache folder.",
    )
    device: str = Field(
        default="auto",
        description="Device of the model, as torch names it: `cpu`, `cuda`, `cuda:1`. `auto`: a GPU where there is one.",
    )
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        default="auto",
        description="Number format of the model. `auto`: the one that this device is fastest with.",
    )
    batch_tokens: int | None = Field(
        default=None,
        ge=1,
        description="Tokens per pass of the model, padding included. Lower it when memory is short. Unset: by device and threads.",
    )
    threads: int | None = Field(
        default=None,
        ge=1,
        description="Threads of one worker process. Unset: the cores divided by `local.workers`.",
    )


class StoreSettings(Group):
    """The store server, which owns the results."""

    url: str | None = Field(
        default=None,
        description="Address of the store server, `http://host:port`. Unset: the embedded one, on a unix socket below `data_dir`.",
    )
    host: str = Field(
        default="127.0.0.1",
        description="Address that the store server listens at when `port` is set; 0.0.0.0 is everywhere.",
    )
    port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="TCP port that the store server listens on, besides the unix socket of the embedded stack. 0: none.",
    )
    refresh_minutes: float = Field(
        default=60.0,
        gt=0,
        description="Minutes between two refreshes of what all learnings share, which brings every value up to date. None where no "
        "session came.",
    )
    hosts: str = Field(
        default="",
        description="Host names, separated by commas, under which the store may be asked. "
        "`localhost`, plain addresses and the name in `store.url` need no entry.",
    )

    @field_validator("url")
    @classmethod
    def _readable(cls, url: str | None) -> str | None:
        return None if url is None else store_address(url)


class WebSettings(Group):
    """The dashboard of `groove web`."""

    host: str = Field(
        default="127.0.0.1",
        description="Address that the dashboard listens at; 0.0.0.0 is everywhere. Beyond loopback it needs a token.",
    )
    port: int = Field(default=8078, ge=0, le=65535, description="Port of the dashboard. 0: any free one.")
    prefix: str = Field(
        default="",
        pattern=r"^(/[A-Za-z0-9._~-]+)*$",
        description="Path that a proxy serves the dashboard under, such as `/groove`. The proxy may keep it or strip it.",
    )
    hosts: str = Field(
        default="",
        description="Host names, separated by commas, under which the dashboard may be asked. "
        "`localhost` and plain addresses need no entry.",
    )
    secure: bool = Field(
        default=False,
        description="Whether people reach the dashboard by https, through a proxy. Then its cookie travels by https alone.",
    )
    login_hours: float = Field(default=12.0, gt=0, description="Hours for which a login lasts.")
    transcripts: Literal["shown", "quotes", "hidden"] = Field(
        default="shown",
        description="What the dashboard shows of sessions to those who may act: all that was said, only the quotes that count as use, or "
        "neither. Who may only look sees the quotes at most.",
    )
    flower: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s\"<>]+$",
        description="Address at which people reach Flower, which the dashboard links for the view of tasks. Unset: no link.",
    )
    poll_seconds: float = Field(
        default=2.0, gt=0, description="Seconds between two looks whether there is news, while a page is open."
    )


class LocalSettings(Group):
    """The embedded stack of `groove run` and `groove up`."""

    workers: int | None = Field(default=None, ge=1, description="Worker processes. Unset: one per core, four at most.")
    max_restarts: int = Field(
        default=10, ge=1, description="Restarts of one part within ten minutes before the whole stack gives up."
    )
    stop_seconds: float = Field(
        default=10.0, gt=0, description="Seconds that a part may take to end before it is killed."
    )


class LogSettings(Group):
    """Log lines."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe level that is logged. `debug` is that of groove and Celery alone."
    )
    format: Literal["console", "json"] = Field(
        default="console", description="`console`, for people, or `json`, one object per line."
    )


class MetricsSettings(Group):
    """Figures for Prometheus at `/metrics`; those of the store are at its own address."""

    port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Port of a bridge's or worker's figures; 0: none. In the embedded stack the bridge has this one and the workers the "
        "following ones.",
    )
    host: str = Field(
        default="127.0.0.1",
        description="Address that the figures are served at. Beyond loopback the store's read token is asked for.",
    )
