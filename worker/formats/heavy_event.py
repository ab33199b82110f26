"""One finished session as it comes in, in groove's own form or flat."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from worker.domain import SessionBackground, SessionVersion, Signal
from worker.errors import InvalidEvent
from worker.formats.levels import level, prompt_band
from worker.formats.lightweight_event import LightweightEvent
from worker.formats.wire import (
    Identifier,
    Incoming,
    Outcome,
    Probability,
    Timestamp,
    derived_id,
    format_timestamp,
    read_json_object,
    validated,
)


def _text(value: object) -> str | None:
    """One of groove's enums too: `{"Other": name}`."""
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    return value if isinstance(value, str) and value.isprintable() and value else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


#: known of a session before its first answer
Circumstance = Annotated[str | None, BeforeValidator(_text)]


class HeavyEvent(Incoming):
    """One finished session. Both forms end up here; `timestamp` and `event_id` are always filled in by `read_heavy_event`."""

    event_id: Identifier = Field(description="Names the event; derived from its content where it has none.")
    session_id: Identifier = Field(description="The session; a later event with the same one replaces the earlier.")
    timestamp: Timestamp = Field(
        description="RFC 3339, the end of the session; by default when the log took the event."
    )
    active_learnings: tuple[Identifier, ...] = Field(default=(), description="Ids of the learnings that were injected.")
    withheld_learnings: tuple[Identifier, ...] | None = Field(
        default=None,
        description="Ids left out on purpose. Missing: the session took no part in the experiment. "
        "Empty: it did, and nothing was withheld.",
    )
    took_part: bool | None = Field(
        default=None,
        description="`false`: whatever was assigned did not reach the session, so it stands in no arm. Missing: `withheld_learnings` "
        "and the assignments decide.",
    )
    withhold_probabilities: dict[str, Probability] = Field(
        default_factory=dict, description="Chance of each learning of being withheld, as the assignment told it."
    )
    outcome: Outcome = Field(description="`success`, `partial`, `failure`, `abandoned`, or a number in [−1, 1].")
    transcript: dict[str, Any] | None = Field(
        default=None, description='`{"messages": [...]}`: messages, or the entries of a session file.'
    )
    transcript_path: str | None = Field(
        default=None, description="In place of the transcript: a file below `bridge.transcript_root`."
    )
    lightweight_events: tuple[LightweightEvent, ...] = Field(
        default=(), description="The signals heard while it ran, per message."
    )
    sampling_probability: Probability | None = Field(
        default=None, description="Chance with which the assessor chose this session for a heavy event."
    )
    project_id: Circumstance = Field(default=None, description="Project that the session ran in.")
    user_id: Circumstance = Field(default=None, description="Whoever worked with the assistant, or their group.")
    harness_type: Circumstance = Field(default=None, description='The assistant: `ClaudeCode`, or `{"Other": name}`.')
    model: Circumstance = Field(default=None, description="The language model at the session's start.")
    task_kind: Circumstance = Field(default=None, description="Kind of task, as it was known before the first answer.")
    prompt_length: Annotated[int | None, BeforeValidator(_whole)] = Field(
        default=None, description="Characters of the first prompt."
    )
    outcome_known: bool = Field(
        default=True,
        description="False: `outcome` only fills its place; the session stands in no arm of an experiment.",
    )
    excluded_signals: dict[Identifier, dict[str, str]] = Field(
        default_factory=dict,
        description="Per learning the kinds of signals that its own text moves, each with the reason: left out of its record.",
    )
    learning_outcomes: dict[Identifier, Outcome | None] = Field(
        default_factory=dict,
        description="Per learning the outcome without the parts that its own text moves; null: nothing else is known.",
    )

    @property
    def background(self) -> SessionBackground:
        """What is known of the session as a whole; what the event tells of it as no usable text or number is passed over."""
        known = {
            "harness": self.harness_type,
            "kind": self.task_kind,
            "model": self.model,
            "project": self.project_id,
            "prompt_length": None if self.prompt_length is None else prompt_band(self.prompt_length),
            "user": self.user_id,
        }
        return SessionBackground(
            levels=tuple(sorted(level(name, value) for name, value in known.items() if value)),
            outcome=self.outcome if self.outcome_known else None,
            sampling_probability=self.sampling_probability or 1.0,
        )

    @property
    def version(self) -> SessionVersion:
        return SessionVersion(timestamp=self.timestamp, event_id=self.event_id)

    @property
    def contradictory(self) -> frozenset[str]:
        """Ids named both as active and as withheld: refused one by one."""
        return frozenset(self.active_learnings) & frozenset(self.withheld_learnings or ())

    @property
    def expected_learnings(self) -> tuple[str, ...]:
        """Active and withheld ones, each once, in the event's order."""
        return tuple(dict.fromkeys((*self.active_learnings, *(self.withheld_learnings or ()))))

    def outcome_for(self, learning_id: str) -> float | None:
        """None where it is not known: then the session says nothing about what the learning changes."""
        return self.learning_outcomes.get(learning_id, self.outcome) if self.outcome_known else None

    @property
    def signals(self) -> tuple[Signal, ...]:
        return tuple(signal for event in self.lightweight_events for signal in event.to_signals())


#: what groove writes under `context`; the rest of its context is kept only in the payload
_CONTEXT_KEYS = (
    "session_id",
    "event_id",
    "timestamp",
    "active_learnings",
    "withheld_learnings",
    "took_part",
    "withhold_probabilities",
    "sampling_probability",
    *("project_id", "user_id", "harness_type", "model", "task_kind", "prompt_length"),
    "outcome_known",
    "excluded_signals",
    "learning_outcomes",
    "transcript",
    "transcript_path",
    "lightweight_events",
)


class _GrooveForm(Incoming):
    """groove's own enums, so that a misspelt one is a dead letter rather than a guess."""

    injection_method: Literal["ClaudeMd", "Hook", "Both", "None"] | None = None
    harness_type: Literal["ClaudeCode"] | dict[Literal["Other"], str] | None = None
    injection_scope: Literal["Global"] | dict[Literal["User", "Project"], str] | None = None

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        if not isinstance(value, dict):
            raise ValueError("`context` is an object")  # noqa: TRY004 - pydantic turns ValueError into its own error
        return value


def read_heavy_event(payload: bytes, *, logged_at: int) -> HeavyEvent:
    """Read either form. `logged_at` (microseconds) stands in for a missing timestamp.

    Raises `InvalidEvent` with a reason that a person can act on.
    """
    document = read_json_object(payload)
    tier = document.get("tier", "heavy")
    if tier != "heavy":
        raise InvalidEvent(f"not a heavy event: tier is {str(tier)[:40]!r}")
    fields = _flattened(document)
    if fields.get("timestamp") is None:
        fields["timestamp"] = format_timestamp(logged_at)
    if fields.get("event_id") is None:
        fields["event_id"] = str(derived_id(payload))
    return validated(HeavyEvent, fields)


def _flattened(document: dict[str, Any]) -> dict[str, Any]:
    fields = {key: value for key, value in document.items() if value is not None or key == "outcome"}
    fields.setdefault("outcome", None)
    if "context" in document:
        validated(_GrooveForm, document["context"])
        context = document["context"]
        fields |= {key: context[key] for key in _CONTEXT_KEYS if context.get(key) is not None}
        fields.setdefault("project_id", context.get("project"))  # as `groove import` calls it
    return fields
