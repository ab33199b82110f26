"""`groove health`: whether a part on this machine shows life, for health checks of containers."""

import click

#: seconds without a sign of life after which a part counts as stuck: more than its longest call may take
_PATIENCE_SECONDS = 30.0


@click.command("health")
@click.argument("part", type=click.Choice(["bridge"]))
@click.option("--patience", default=_PATIENCE_SECONDS, show_default=True, help="Seconds without a sign of life.")
def health_command(part: str, *, patience: float) -> None:
    """Status 0 while PART goes round; 1 when it does not run here, or hangs in a call."""
    from worker.errors import Unavailable
    from worker.heartbeat import heartbeat_age
    from worker.settings import load_settings

    age = heartbeat_age(load_settings(), part)
    if age is None:
        raise Unavailable(f"{part}: does not run here")
    if age > patience:
        raise Unavailable(f"{part}: no sign of life for {age:.0f} s")
    click.echo(f"{part}: alive, {age:.1f} s ago")
