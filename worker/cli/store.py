"""`groove store`: the store server, in the foreground until SIGTERM."""

import contextlib
import gc

import click
from pydantic import SecretStr

from worker.logs import configure_logs
from worker.settings import Settings, load_settings
from worker.settings.folders import make_data_folder, make_private
from worker.settings.store_tokens import announced, forget, own_tokens


@click.command("store")
def store_command() -> None:
    """Serve the results over HTTP; exactly one store server owns a data folder.

    Its tokens are those of the environment. Without any it makes its own, in the file `tokens` of the data folder, where commands and
    workers of the same user find them.
    """
    from worker.store.addresses import StoreAddress
    from worker.store.cozo.store import CozoStore
    from worker.store.hooks.keeper import HookKeeper
    from worker.store.hooks.seam import OwnStore
    from worker.store.server.app import serve
    from worker.store.server.tokens import Tokens

    settings = load_settings()
    configure_logs(settings.log)
    make_data_folder(settings.data_dir)
    for folder in (settings.data_dir / "store", settings.run_dir):
        make_private(folder)
    addresses = _addresses(settings)
    tokens = Tokens(read=_secret(settings.store_read_token), write=_secret(settings.store_write_token))
    with contextlib.ExitStack() as serving:
        if not (tokens.read or tokens.write) and all(StoreAddress.parse(url).is_local for url in addresses):
            own = own_tokens(settings.data_dir)
            tokens = Tokens(read=own.read, write=own.write)
            for url in addresses:
                serving.enter_context(announced(settings.data_dir, url))
        else:
            for url in addresses:
                forget(url)
        store = CozoStore(settings.data_dir / "store", parameters=settings.layers)
        store.counts()
        _keep_what_is_loaded()
        serve(
            store,
            address=addresses[0],
            also=addresses[1:],
            tokens=tokens,
            hosts=settings.store_hosts,
            refresh_minutes=settings.store.refresh_minutes,
            keeper=HookKeeper(settings.data_dir, OwnStore(store), changes=lambda: store.changes),
        )


def _keep_what_is_loaded() -> None:
    """What all learnings brought into memory stays: the garbage collector need not walk through it again with every page of them."""
    gc.collect()
    gc.freeze()


def _addresses(settings: Settings) -> list[str]:
    """A port is a second way to the embedded store; the stack's parts go on by its socket."""
    from worker.store.addresses import StoreAddress

    if not settings.store.port:
        return [settings.store_url]
    port = str(StoreAddress(host=settings.store.host, port=settings.store.port))
    return [port] if settings.store.url else [settings.store_url, port]


def _secret(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
