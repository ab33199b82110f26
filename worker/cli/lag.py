"""`groove lag`: what has been read from the event log."""

import click

from worker.cli.support.connections import open_the_ledger
from worker.cli.support.output import print_json
from worker.cli.support.tables import print_rows
from worker.event_log.opening import open_event_log
from worker.settings import load_settings


@click.command("lag")
@click.option("--json", "as_json", is_flag=True)
def lag_command(*, as_json: bool) -> None:
    """How far each partition has been read, who reads it, and whether the log was rewound or has gaps."""
    from worker.lag import partition_lags

    settings = load_settings()
    event_log = open_event_log(settings.event_log_url)
    try:
        with open_the_ledger(settings) as ledger:
            lags = partition_lags(settings, ledger, event_log)
    finally:
        event_log.close()
    for topic in (settings.streams.heavy, settings.streams.lightweight):
        if not any(lag.name.startswith(f"{topic}/") for lag in lags):
            click.echo(f"groove lag: no topic {topic} to be seen: the bridge creates it when it starts", err=True)
    if as_json:
        print_json(lags)
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
            for lag in lags
        ],
    )
