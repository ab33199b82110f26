"""`groove store`: the store server, in the foreground until SIGTERM."""

import click

from worker.logs import configure_logs
from worker.settings import load_settings


@click.command("store")
def store_command() -> None:
    """Serve the results over HTTP; exactly one store server owns a data folder."""
    from worker.store.cozo.store import CozoStore
    from worker.store.hooks.keeper import HookKeeper
    from worker.store.hooks.seam import OwnStore
    from worker.store.server.app import serve
    from worker.store.server.tokens import Tokens

    settings = load_settings()
    configure_logs(settings.log)
    folder = settings.data_dir / "store"
    folder.mkdir(parents=True, exist_ok=True)
    settings.run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    address = settings.store_url
    if settings.store.port:
        address = f"http://{settings.store.host}:{settings.store.port}"
    store = CozoStore(folder, parameters=settings.layers)
    tokens = Tokens(read=settings.read_token() or "", write=settings.write_token() or "")
    serve(
        store,
        address=address,
        tokens=tokens,
        hosts=settings.store_hosts,
        refresh_minutes=settings.store.refresh_minutes,
        keeper=HookKeeper(settings.data_dir, OwnStore(store), changes=lambda: store.changes),
    )
