"""How anything from outside is read: JSON, times, ids and numbers, each checked once."""

import json
import re
import uuid
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from worker.errors import InvalidEvent
from worker.system.clock import SECOND

#: namespace of ids that are derived rather than given
EVENT_NAMESPACE = uuid.UUID("6f1d1b7e-3c1a-5d0e-9a55-0f5a3f0d9c11")

#: an id is a key in three databases and on the wire: short, printable, and nothing else is asked of it
MAX_ID_BYTES = 255

OUTCOMES = {"success": 1.0, "partial": 0.5, "failure": -0.5, "abandoned": -1.0}

_RFC3339 = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})")
_Model = TypeVar("_Model", bound=BaseModel)
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def parse_timestamp(text: str) -> int:
    """RFC 3339 with 0 to 9 fraction digits -> microseconds; digits beyond the sixth are cut."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"not an RFC 3339 timestamp: {text[:40]!r}")
    date, clock, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}{'+00:00' if zone in 'Zz' else zone}")
    except ValueError as error:
        raise ValueError(f"not a point in time: {text[:40]!r}") from error
    return int(moment.timestamp()) * SECOND + int((fraction or "").ljust(6, "0")[:6])


@lru_cache(maxsize=256)
def format_timestamp(micros: int) -> str:
    seconds, rest = divmod(micros, SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:06d}Z"


def _timestamp(value: object) -> int:
    if isinstance(value, str):
        return parse_timestamp(value)
    raise ValueError("a timestamp is an RFC 3339 text")


def _identifier(value: str) -> str:
    if not value or len(value.encode("utf-8", "replace")) > MAX_ID_BYTES:
        raise ValueError(f"an id has 1 to {MAX_ID_BYTES} bytes")
    if not value.isprintable():
        raise ValueError("an id holds printable characters only")
    return value


def _outcome(value: object) -> float:
    if isinstance(value, str):
        if value not in OUTCOMES:
            raise ValueError(f"unknown outcome {value[:40]!r}: one of {', '.join(OUTCOMES)} or a number in [-1, 1]")
        return OUTCOMES[value]
    if value is None:
        raise ValueError("the outcome is missing: nothing can be learnt from this session")
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1 <= value <= 1:
        raise ValueError("an outcome is a name or a number in [-1, 1]")
    return float(value)


def _probability(value: float) -> float:
    return round(value, 6)


Identifier = Annotated[str, AfterValidator(_identifier)]
Timestamp = Annotated[int, BeforeValidator(_timestamp)]
Outcome = Annotated[float, BeforeValidator(_outcome)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), AfterValidator(_probability)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Incoming(BaseModel):
    """Unknown keys are ignored: producers may say more than we read."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def derived_id(payload: bytes) -> uuid.UUID:
    """UUIDv5 of the bytes: the same message gets the same id wherever it stands in whichever log."""
    return uuid.uuid5(EVENT_NAMESPACE, payload.hex())


def check_length(payload: bytes, most: int) -> None:
    """Raises `InvalidEvent` for a message of more than `most` bytes, the setting `bridge.max_message_bytes`."""
    if len(payload) > most:
        raise InvalidEvent(f"{len(payload)} bytes, more than bridge.max_message_bytes")


def read_json_object(payload: bytes) -> dict[str, Any]:
    """UTF-8 JSON without NaN or infinities; lone surrogates in texts become U+FFFD."""
    try:
        document = json.loads(payload.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise InvalidEvent(f"not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise InvalidEvent(f"not JSON: {error.msg} at character {error.pos}") from error
    except RecursionError as error:
        raise InvalidEvent("not usable JSON: nested too deeply") from error
    except ValueError as error:
        raise InvalidEvent(str(error)) from error
    if not isinstance(document, dict):
        raise InvalidEvent("not a JSON object")
    return (
        {key: _without_surrogates(value) for key, value in document.items()}
        if _ESCAPED_SURROGATE.search(payload)
        else document
    )


def _refuse_constant(name: str) -> None:
    raise ValueError(f"not JSON: {name} is not a number")


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value


def validated(model: type[_Model], fields: object) -> _Model:
    """The model, or `InvalidEvent` with the first thing that is wrong and where."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidEvent(f"{where}: {first['msg'].removeprefix('Value error, ')}"[:300]) from error
