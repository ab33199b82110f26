"""`groove lag`, `groove outbox`: what has been read from the event log, and what is on its way there."""

import click

from worker.cli.moments import Moment


@click.command("lag")
@click.option("--json", "as_json", is_flag=True)
def lag_command(*, as_json: bool) -> None:
    """How far each partition has been read, who reads it, and whether the log was rewound or has gaps."""
    from worker.cli.access import open_the_ledger
    from worker.cli.tables import print_rows
    from worker.event_log.opening import open_event_log
    from worker.lag import partition_lags
    from worker.settings import load_settings

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
        as_json=as_json,
    )


@click.group("outbox")
def outbox_command() -> None:
    """Messages on their way to `groove.attribution`."""


@outbox_command.command("resend")
@click.option("--since", type=Moment(), help="Those finished at or after this moment (RFC 3339).")
@click.option("--session", "session_id", help="Those of this session.")
@click.option("--json", "as_json", is_flag=True)
def resend_command(since: int | None, session_id: str | None, *, as_json: bool) -> None:
    """Send messages again that were sent before; they keep their ids, so that readers know the copies."""
    from worker.cli.access import full_session_id, now, open_the_ledger
    from worker.cli.output import tell
    from worker.event_log.opening import open_event_log
    from worker.publishing import drain_outbox
    from worker.settings import load_settings

    if (since is None) == (session_id is None):
        raise click.UsageError("name either --since or --session")
    settings = load_settings()
    with open_the_ledger(settings) as ledger:
        chosen = session_id and full_session_id(ledger, session_id)
        count = ledger.outbox.resend(since=since, session_id=chosen)
        event_log = open_event_log(settings.event_log_url)
        try:
            drain_outbox(ledger, event_log, now=now())
        finally:
            event_log.close()
    tell(f"{count} sent again", {"sent_again": count}, as_json=as_json)
