"""`groove config`: what is set, where it comes from, and whether it can be used."""

import json
from collections.abc import Iterator
from typing import Any

import click


@click.group("config")
def config_command() -> None:
    """What is set, where it comes from, and whether it can be used."""


@config_command.command("show")
@click.option("--json", "as_json", is_flag=True)
def show_command(*, as_json: bool) -> None:
    """Every setting with its value and where that comes from; secrets are masked."""
    from worker.cli.support.output import print_json
    from worker.cli.support.tables import print_rows
    from worker.settings import load_settings
    from worker.settings.loading import settings_origins, shown

    origins = settings_origins()
    found = [(key, value, origins.get(key, "default")) for key, value in _flat(shown(load_settings()))]
    if as_json:
        print_json([{"setting": key, "value": value, "from": origin} for key, value, origin in found])
        return
    lines = [[key, json.dumps(value, ensure_ascii=False), origin] for key, value, origin in found]
    print_rows([("setting", "left"), ("value", "wrap"), ("from", "left")], lines)


def _flat(document: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


@config_command.command("check")
@click.option("--json", "as_json", is_flag=True)
def check_command(*, as_json: bool) -> None:
    """Read the settings and say whether they can be used."""
    from worker.cli.support.output import tell
    from worker.settings import load_settings

    load_settings()
    tell("the settings can be used", {"can_be_used": True}, as_json=as_json)
