"""`groove lag`: what has been read from the event log."""

import click

from worker.cli.support.output import print_json
from worker.cli.support.tables import print_rows
from worker.operations.connections import open_the_ledger
from worker.operations.status import lags
from worker.settings import load_settings


@click.command("lag")
@click.option("--json", "as_json", is_flag=True)
def lag_command(*, as_json: bool) -> None:
    """How far each partition has been read, who reads it, and whether the log was rewound or has gaps."""
    settings = load_settings()
    with open_the_ledger(settings) as ledger:
        found = lags(settings, ledger)
    for topic in (settings.streams.heavy, settings.streams.lightweight):
        if not any(lag.name.startswith(f"{topic}/") for lag in found):
            click.echo(f"groove lag: no topic {topic} to be seen: the bridge creates it when it starts", err=True)
    if as_json:
        print_json(found)
        return
    print_rows(
        [
            ("partition", "left"),
            ("position", "right"),
            ("end", "right"),
            ("lag", "right"),
            ("owner", "flex"),
            ("rewinds", "right"),
            ("gaps", "right"),
        ],
        [
            [
                lag.name,
                lag.position,
                lag.end,
                lag.lag,
                lag.owner,
                lag.rewinds,
                lag.gaps,
            ]
            for lag in found
        ],
    )
