"""Every setting explained, from the models: its default, what it may be, and its meaning; as Markdown, `docs/settings.md`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from worker.settings.loading import leaves, shown
from worker.settings.settings import Settings

_TYPES = {"integer": "integer", "number": "number", "boolean": "`true` or `false`", "string": "text"}
_FORMATS = {"path": "path", "password": "secret"}
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}

_HEAD = """# Settings

Every setting, its default, what it may be and what it means. A setting `bridge.batch` is `batch = 200` under `[bridge]` in
`groove.toml`, or `GROOVE_BRIDGE__BATCH=200` in the environment, which wins. `groove config show` lists the settings in force
and where each comes from.

This page is generated from the code: `groove config reference > docs/settings.md`.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    #: dotted, as in messages: `bridge.batch`
    name: str
    default: Any
    #: its type or choices, and its bounds
    allowed: str
    meaning: str


def described_settings() -> list[Described]:
    """All settings, in the order of the models."""
    return [setting for _, settings in _groups() for setting in settings]


def reference() -> str:
    """The page `docs/settings.md`."""
    return "\n".join([_HEAD, *(_section(heading, settings) for heading, settings in _groups())])


def _groups() -> Iterator[tuple[str, list[Described]]]:
    """(heading, settings): those without a group first."""
    schema = Settings.model_json_schema()
    defaults = {".".join(key): value for key, value in leaves(shown(Settings()))}
    groups = {name: _target(schema, child) for name, child in schema["properties"].items() if "$ref" in child}
    yield "", _described("", schema, defaults)
    for name, group in groups.items():
        yield f"## {name}\n\n{group['description']}\n", _described(f"{name}.", group, defaults)


def _target(schema: dict[str, Any], reference: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["$defs"][reference["$ref"].rpartition("/")[2]]
    return found


def _described(prefix: str, schema: dict[str, Any], defaults: dict[str, Any]) -> list[Described]:
    return [
        Described(
            name=prefix + name,
            default=defaults[prefix + name],
            allowed=_allowed(field),
            meaning=field.get("description", ""),
        )
        for name, field in schema["properties"].items()
        if "$ref" not in field
    ]


def _allowed(field: dict[str, Any]) -> str:
    field = field.get("anyOf", [field])[0]
    if "enum" in field:
        return " or ".join(f"`{choice}`" for choice in field["enum"])
    kind = _FORMATS.get(field.get("format", ""), _TYPES[field["type"]])
    return ", ".join([kind, *(f"{sign} {field[bound]:g}" for bound, sign in _BOUNDS.items() if bound in field)])


def _section(heading: str, settings: list[Described]) -> str:
    rows = [f"| `{one.name}` | {_default(one.default)} | {one.allowed} | {one.meaning} |" for one in settings]
    table = "\n".join(["| setting | default | may be | meaning |", "|---|---|---|---|", *rows])
    return f"{heading}\n{table}\n" if heading else f"{table}\n"


def _default(value: Any) -> str:
    if value is None:
        return "unset"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
