"""What other settings would make of the stored records: values, statuses and verdicts; nothing is written."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from worker.errors import ConfigurationError
from worker.settings import Settings
from worker.store.answers import ShadowChange
from worker.store.api import StoreApi

#: what changes layer 1's answers and can only be told by reading the sessions again
_NEEDS_READING = ("activation.detector", "activation.calibration", "activation.judge", "embedder.", "calibration")
_GROUPS = ("activation", "temporal", "ablation", "aggregation", "embedder")


def what_if(store: StoreApi, settings: Settings, changes: Sequence[str]) -> list[ShadowChange]:
    """`changes`: KEY=VALUE each, of the layers; those of layer 1 that need sessions read again are refused.

    Raises `ConfigurationError` for an unknown key or an impossible value.
    """
    return store.shadow(changed(settings, changes, reembed=False).layers)


def changed(settings: Settings, changes: Sequence[str], *, reembed: bool) -> Settings:
    """The settings with KEY=VALUE changes; an unknown key or impossible value is an error that names it."""
    document: dict[str, Any] = settings.model_dump()
    for change in changes:
        key, separator, value = change.partition("=")
        if key.startswith(_NEEDS_READING) and not reembed:
            raise ConfigurationError(f"--set {change}: changes layer 1, which needs the sessions read again: --reembed")
        group, _, name = key.partition(".")
        if not separator or not (key == "calibration" or (group in _GROUPS and name in document[group])):
            raise ConfigurationError(f"--set {change}: use KEY=VALUE with a key like temporal.decay_rate")
        (document[group] if name else document)[name or key] = value
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ConfigurationError(f"--set {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
