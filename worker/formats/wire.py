"""How anything from outside is read: JSON, times, ids and numbers, each checked once."""

import json
import math
import re
import uuid
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from worker.errors import InvalidEvent
from worker.system.clock import SECOND

#: namespace of ids that are derived rather than given
EVENT_NAMESPACE = uuid.UUID("6f1d1b7e-3c1a-5d0e-9a55-0f5a3f0d9c11")

#: an id is a key in three databases and on the wire: short, printable, and nothing else is asked of it
MAX_ID_BYTES = 255

#: levels of objects and lists within each other; our own reading and writing recurses, at different depths of its stack
MAX_DEPTH = 128

OUTCOMES = {"success": 1.0, "partial": 0.5, "failure": -0.5, "abandoned": -1.0}

#: characters that a reason quotes of what came in: reasons stand in logs
_QUOTED = 40
_RFC3339 = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
#: the moments that RFC 3339 can write: years 1 to 9999 in UTC, microseconds
_FIRST = -62_135_596_800_000_000
_LAST = 253_402_300_799_999_999
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Model = TypeVar("_Model", bound=BaseModel)
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def parse_timestamp(text: str) -> int:
    """RFC 3339 with 0 to 9 fraction digits -> microseconds; digits beyond the sixth are cut.

    Raises `ValueError`, also where the moment lies outside of the years 1 to 9999 once it is told in UTC: nobody could write it.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"not an RFC 3339 timestamp: {text[:_QUOTED]!r}")
    date, clock, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}{'+00:00' if zone in 'Zz' else zone}")
    except ValueError as error:
        raise ValueError(f"not a point in time: {text[:40]!r}") from error
    micros = round((moment - _EPOCH).total_seconds()) * SECOND + int((fraction or "").ljust(6, "0")[:6])
    if not _FIRST <= micros <= _LAST:
        raise ValueError(f"outside of the years 1 to 9999 in UTC: {text[:40]!r}")
    return micros


@lru_cache(maxsize=256)
def format_timestamp(micros: int) -> str:
    """RFC 3339 in UTC. Never fails: what lies outside of the years 1 to 9999 is told as the nearest moment within."""
    return moment_of(micros).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def moment_of(micros: int) -> datetime:
    """Microseconds -> a point in time in UTC; the nearest one where the calendar ends before. Exact, where a float would round."""
    return _EPOCH + timedelta(microseconds=min(max(micros, _FIRST), _LAST))


def check_moment(micros: int) -> None:
    """Raises `ValueError` for what lies outside of the years 1 to 9999."""
    if not _FIRST <= micros <= _LAST:
        raise ValueError(f"the moment {micros} is outside of the years 1 to 9999")


def _timestamp(value: object) -> int:
    if isinstance(value, str):
        return parse_timestamp(value)
    raise ValueError("a timestamp is an RFC 3339 text")


def check_identifier(value: str) -> str:
    """The id itself. Raises `ValueError` for what no event may have as one."""
    if not value or len(value.encode("utf-8", "replace")) > MAX_ID_BYTES:
        raise ValueError(f"an id has 1 to {MAX_ID_BYTES} bytes")
    if not value.isprintable():
        raise ValueError("an id holds printable characters only")
    if "\ufffd" in value:
        raise ValueError("an id holds no U+FFFD: it stands for a character that was lost, and two ids would become one")
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


Identifier = Annotated[str, AfterValidator(check_identifier)]
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
    """UTF-8 JSON without NaN or infinities, nested at most `MAX_DEPTH` deep; lone surrogates in texts become U+FFFD."""
    try:
        document: dict[str, Any] = json.loads(
            payload.decode("utf-8-sig"), parse_constant=_refuse_constant, parse_float=_finite
        )
    except UnicodeDecodeError as error:
        raise InvalidEvent(f"not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise InvalidEvent(f"not JSON: {error.msg} at character {error.pos}") from error
    except RecursionError as error:
        raise InvalidEvent("not usable JSON: nested too deeply") from error
    except ValueError as error:
        told = "not usable JSON: a number has too many digits" if "digits" in str(error) else str(error)
        raise InvalidEvent(told) from error
    if not isinstance(document, dict):
        raise InvalidEvent("not a JSON object")
    if is_deep(document):
        raise InvalidEvent(f"not usable JSON: nested more than {MAX_DEPTH} levels deep")
    if _ESCAPED_SURROGATE.search(payload):
        document = _without_surrogates(document)
    return document


def _refuse_constant(name: str) -> None:
    raise ValueError(f"not JSON: {name} is not a number")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"not usable JSON: {text[:40]} is too large a number")
    return number


def is_deep(document: Any) -> bool:
    """Whether it is nested beyond `MAX_DEPTH`. Level by level, so that no depth ends the stack."""
    level: list[Any] = [document] if isinstance(document, dict | list) else []
    for _ in range(MAX_DEPTH):
        inner = (item for holder in level for item in (holder.values() if isinstance(holder, dict) else holder))
        level = [item for item in inner if isinstance(item, dict | list)]
        if not level:
            return False
    return True


def without_surrogates(text: str) -> str:
    """Half a surrogate pair, which JSON can carry and UTF-8 cannot, becomes U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return without_surrogates(value)
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
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part)[:_QUOTED] for part in first["loc"])
        told = first["msg"].removeprefix("Value error, ")
        if first["type"] == "union_tag_invalid":  # its message quotes the whole
            told = f"{first['ctx']['discriminator']} is none of {first['ctx']['expected_tags']}"
        raise InvalidEvent(f"{where}: {told}"[:300]) from error
