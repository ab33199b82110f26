"""Settings read from `groove.toml` and the environment, with where each comes from; and shown with secrets masked.

A setting `bridge.batch` is `batch = 200` under `[bridge]` in the file, or `GROOVE_BRIDGE__BATCH=200` in the environment, which wins.
What is unknown, of the wrong type or impossible stops the start with one line that names it. What an earlier release knew is a warning.
A file that was not named but merely lies in the working folder, as in a clone of somebody's, cannot say where secrets and sessions go.
"""

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import structlog
from pydantic import ValidationError

from worker.errors import ConfigurationError
from worker.settings.folders import check_ours
from worker.settings.masking import masked
from worker.settings.removed import REMOVED
from worker.settings.settings import Settings

PREFIX = "GROOVE_"
#: read by other programs of ours (tests, the file's own place, the compose file and its guide), not settings
_NOT_SETTINGS = ("GROOVE_TEST_", "GROOVE_CONFIG", "GROOVE_VERSION", "GROOVE_FILES")
_SERVICE_LINK = re.compile(r"\w+_(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)")
#: never accepted from the file, which gets copied, mailed and committed
_ENVIRONMENT_ONLY = ("store_read_token", "store_write_token", "flower_auth", "web_token")
#: each says where secrets or sessions go, or who may come in: never accepted from a file that merely lies in the working folder, as in
#: somebody's clone
_NAMED_FILE_ONLY = frozenset(
    {
        ("broker",),
        ("event_log",),
        ("ledger",),
        ("store", "url"),
        ("store", "host"),
        ("store", "hosts"),
        ("metrics", "host"),
        ("web", "host"),
        ("web", "hosts"),
        # a model's name may hold an address, and the key and the quotes of sessions follow it
        ("activation", "judge"),
    }
)
_log = structlog.get_logger(__name__)
#: former name -> name; taken quietly, so that older files and compose stacks go on
_RENAMED: dict[tuple[str, ...], tuple[str, ...]] = {("ablation", "ablation_rate"): ("ablation", "rate")}


def load_settings(environ: Mapping[str, str] = os.environ, *, path: Path | None = None) -> Settings:
    """Read the file (`path`, `GROOVE_CONFIG`, or ./groove.toml where there is one), then the environment.

    Raises `ConfigurationError` with one line that names the key, or a data or run folder that is somebody else's.
    """
    values, origins = _gather(environ, path)
    for key in sorted(REMOVED.keys() & origins.keys()):
        _log.warning("removed_setting", setting=key, set_in=origins[key], now=REMOVED[key], to_do="remove it")
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(_one_line(error, origins)) from error
    for folder in (settings.data_dir, settings.run_dir):
        check_ours(folder)
    return settings


def settings_origins(environ: Mapping[str, str] = os.environ, *, path: Path | None = None) -> dict[str, str]:
    """Where each setting that is not at its default comes from: dotted key -> file or variable."""
    return _gather(environ, path)[1]


def _gather(environ: Mapping[str, str], path: Path | None) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for given, value, origin in (*_from_file(environ, path), *_from_environment(environ)):
        key = _RENAMED.get(given, given)
        name = ".".join(key)
        origins[name] = origin
        if name not in REMOVED:
            _place(values, key, value, origin)
    return values, origins


def _from_file(environ: Mapping[str, str], path: Path | None) -> Iterator[tuple[tuple[str, ...], Any, str]]:
    chosen = path or (Path(environ["GROOVE_CONFIG"]) if environ.get("GROOVE_CONFIG") else None)
    file = chosen or Path("groove.toml")
    if not file.exists():
        if chosen:
            raise ConfigurationError(f"{file}: no such settings file")
        return
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{file}: {error}") from error
    for key, value in leaves(document):
        if key[0] in _ENVIRONMENT_ONLY:
            raise ConfigurationError(f"{file}: {key[0]} is a secret: set {PREFIX}{key[0].upper()} instead")
        if not chosen and (key in _NAMED_FILE_ONLY or _asks_a_hub(key, value)):
            raise ConfigurationError(
                f"{file}: {'.'.join(key)} says who is contacted, which a file does not that merely lies in the working folder: "
                f"name it by `groove --config {file}` or GROOVE_CONFIG, or set {PREFIX}{'__'.join(key).upper()}"
            )
        yield key, value, str(file)


def _asks_a_hub(key: tuple[str, ...], value: object) -> bool:
    """Whether a model is named that is not on this machine for certain."""
    return key == ("embedder", "model") and not (isinstance(value, str) and value.startswith(("/", ".", "~")))


def leaves(document: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(path of its keys, value) of everything in the document that is no group."""
    for name, value in document.items():
        if isinstance(value, dict):
            for key, leaf in leaves(value):
                yield (name, *key), leaf
        else:
            yield (name,), value


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], Any, str]]:
    for variable, text in sorted(environ.items()):
        if (
            variable.startswith(PREFIX)
            and not variable.startswith(_NOT_SETTINGS)
            and text
            and not is_service_link(variable, text)
        ):
            if not _is_text(variable + text):
                raise ConfigurationError(f"{variable.encode(errors='replace').decode()}: its value is not UTF-8 text")
            yield tuple(variable.removeprefix(PREFIX).lower().split("__")), text, variable


def _is_text(value: str) -> bool:
    """Python keeps bytes of the environment that are none as halves of characters, which nothing can write."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_service_link(variable: str, text: str) -> bool:
    """Kubernetes tells every container of its services this way, one that is called groove-… or flower among them."""
    is_link = _SERVICE_LINK.fullmatch(variable) is not None
    return is_link or (variable.endswith("_PORT") and re.match(r"(tcp|udp|sctp)://", text) is not None)


def _place(values: dict[str, Any], key: tuple[str, ...], value: Any, origin: str) -> None:
    here = values
    for name in key[:-1]:
        here = here.setdefault(name, {})
        if not isinstance(here, dict):
            raise ConfigurationError(f"{origin}: {'.'.join(key)} is both a setting and a group")
    here[key[-1]] = value


def _one_line(error: ValidationError, origins: dict[str, str]) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    origin = origins.get(key, "")
    if first["type"] == "extra_forbidden":
        return f"{origin or key}: unknown setting {key}"
    told = first["msg"].removeprefix("Value error, ")
    return f"{origin}: {key}: {told}" if origin else f"{key}: {told}"


def shown(settings: Settings) -> dict[str, Any]:
    """All settings as plain values with secrets masked."""
    document: dict[str, Any] = json.loads(settings.model_dump_json())
    for name in ("event_log", "broker", "ledger"):
        secret = getattr(settings, name)
        document[name] = masked(secret.get_secret_value()) if secret else None
    return document
