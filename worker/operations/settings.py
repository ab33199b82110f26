"""Every setting with its value, its meaning and where the value comes from; secrets are masked."""

from dataclasses import dataclass
from typing import Any

from worker.settings import load_settings
from worker.settings.loading import leaves, settings_origins, shown
from worker.settings.reference import described_settings


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingInForce:
    #: dotted: `bridge.batch`
    name: str
    value: Any
    default: Any
    #: file or variable; "default"
    source: str
    meaning: str


def settings_in_force(beginning: str = "") -> list[SettingInForce]:
    """The settings whose name begins so, in the order of `docs/settings.md`."""
    origins = settings_origins()
    values = {".".join(key): value for key, value in leaves(shown(load_settings()))}
    return [
        SettingInForce(
            name=setting.name,
            value=values[setting.name],
            default=setting.default,
            source=origins.get(setting.name, "default"),
            meaning=setting.meaning,
        )
        for setting in described_settings()
        if setting.name.startswith(beginning)
    ]
