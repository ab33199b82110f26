"""`groove web`: the dashboard, with the store that runs, or one of its own."""

import click

from worker.logs import configure_logs
from worker.operations.connections import actor, open_store
from worker.settings import Settings, load_settings


@click.command("web")
@click.option("--port", type=click.IntRange(0, 65535), help="Instead of the one that is set (8078); 0: any free one.")
@click.option("--link", "only_link", is_flag=True, help="Only print a link into the dashboard that runs.")
def web_command(port: int | None, *, only_link: bool) -> None:
    """Look at everything, and decide, in the browser.

    Prints a link that lets you in, once; where a token is set, the address alone. It finds the store that runs, or starts the embedded one.
    """
    settings = load_settings()
    if port is not None:
        settings = settings.model_copy(update={"web": settings.web.model_copy(update={"port": port})})
    if only_link:
        _print_address(settings, settings.web.port, with_link=True)
        return
    from dashboard.doors.secret import entrance
    from dashboard.serving import check_address, serve

    check_address(settings)
    configure_logs(settings.log)
    # logs are read by more people than tokens are given to
    with_link = not entrance(settings)
    with open_store(settings, on_wait=_tell_of_the_wait) as store:
        serve(
            settings,
            store,
            default_name=actor(),
            ready=lambda at: _print_address(settings, at, with_link=with_link),
        )


def _tell_of_the_wait() -> None:
    click.echo("the store answers nobody yet: with many learnings its first values take a while; waiting", err=True)


def _print_address(settings: Settings, port: int, *, with_link: bool) -> None:
    """On standard output, at once."""
    from dashboard.doors.keys import link_token
    from dashboard.doors.secret import signing_key

    host = "127.0.0.1" if settings.web.host in ("0.0.0.0", "::") else settings.web.host  # noqa: S104 - compared, not listened at
    place = f"http://{f'[{host}]' if ':' in host else host}:{port}{settings.web.prefix}"
    click.echo(f"{place}/login?link={link_token(signing_key(settings), actor())}" if with_link else f"{place}/")
