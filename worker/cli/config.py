"""`groove config`: what is set, where it comes from, and what it means."""

import json
from dataclasses import asdict

import click

from worker.cli.support.output import escaped
from worker.cli.support.tables import print_table
from worker.operations.settings import settings_in_force
from worker.settings.reference import reference


@click.group("config")
def config_command() -> None:
    """What is set, where it comes from, and what it means."""


@config_command.command("show")
@click.argument("beginning", default="")
@click.option("--long", "is_long", is_flag=True, help="With the default and the meaning of each.")
@click.option("--json", "as_json", is_flag=True)
def show_command(beginning: str, *, is_long: bool, as_json: bool) -> None:
    """Every setting, or those whose name begins so, with its value and where that comes from; secrets are masked."""
    found = [asdict(setting) for setting in settings_in_force(beginning)]
    if not found:
        raise click.UsageError(f"no setting begins with {beginning}; `groove config show` lists them all")
    if as_json:
        click.echo(escaped(json.dumps(found, ensure_ascii=False, indent=1)))
        return
    columns = [("name", "left"), ("value", "wrap"), ("source", "left")]
    if is_long:
        columns += [("default", "wrap"), ("meaning", "wrap")]
    print_table(columns, [[_shown(line[heading]) for heading, _ in columns] for line in found])


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@config_command.command("reference")
def reference_command() -> None:
    """The reference of all settings as Markdown, which is docs/settings.md."""
    click.echo(reference(), nl=False)
