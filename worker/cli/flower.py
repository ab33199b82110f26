"""`groove flower`: Flower on our app; beyond loopback only with a password."""

import hmac
import os
from functools import partial
from typing import Any

import click

from worker.errors import ConfigurationError
from worker.settings import load_settings
from worker.settings.loading import is_service_link
from worker.system.loopback import is_loopback, is_own_name

#: bytes and seconds
_LIMITS = {
    "max_body_size": 1_000_000,
    "max_header_size": 64_000,
    "idle_connection_timeout": 30,
    "body_timeout": 30,
}


@click.command("flower")
@click.option("--address", default="127.0.0.1", show_default=True, help="Where it listens; 0.0.0.0 is everywhere.")
@click.option("--port", default=5555, show_default=True, type=click.IntRange(1, 65535))
def flower_command(address: str, port: int) -> None:
    """Watch workers, queues and tasks in the browser.

    GROOVE_FLOWER_AUTH (user:password) asks visitors for a password, and opens Flower's HTTP API to those who know it. Where others
    than this machine can connect, it is required.
    """
    from worker.task_queue.app import make_app

    settings = load_settings()
    auth = settings.flower_auth.get_secret_value() if settings.flower_auth else ""
    _check_auth(auth, address)
    # not as an argument: command lines are seen by everybody on the machine
    os.environ["FLOWER_BASIC_AUTH"] = auth
    if not auth:
        del os.environ["FLOWER_BASIC_AUTH"]
        # a page in somebody's browser may reach loopback too
        os.environ.pop("FLOWER_UNAUTHENTICATED_API", None)
    for variable in [name for name, text in os.environ.items() if name.startswith("FLOWER_")]:
        if is_service_link(variable, os.environ[variable]):
            del os.environ[variable]  # Flower would take it for one of its options
    _close_the_door(has_password=bool(auth))
    app = make_app(settings)
    app.set_default()
    options = {
        "address": address,
        "port": port,
        # Flower would run a flowerconfig.py from whatever folder this is
        "conf": "/dev/null",
        "max-tasks": 20_000,
        # which session and learning, and why it failed: Flower leaves these out by itself
        "tasks-columns": "name,args,result,state,received,runtime,worker,uuid",
    }
    app.start(["flower", *(f"--{name}={value}" for name, value in options.items())])


class _AnyText:
    """Compares passwords, which Flower does as texts: one that is no ASCII ended in a page that showed strangers our configuration."""

    @staticmethod
    def compare_digest(stored: str, given: str) -> bool:
        return hmac.compare_digest(stored.encode(), given.encode())


def _close_the_door(*, has_password: bool) -> None:
    """Limits and deadlines for what comes in, before Flower asks for the password; without one only names that no page can point here."""
    import flower.app
    import flower.views

    flower.views.hmac = _AnyText
    flower.app.HTTPServer = partial(flower.app.HTTPServer, **_LIMITS)
    if not has_password:
        usual = flower.app.Flower.find_handler

        def find_handler(self: Any, request: Any, **more: Any) -> Any:
            if is_own_name(request.host):
                return usual(self, request, **more)
            return self.get_handler_delegate(request, flower.app.tornado.web.ErrorHandler, {"status_code": 403})

        flower.app.Flower.find_handler = find_handler


def _check_auth(auth: str, address: str) -> None:
    user, colon, password = auth.partition(":")
    if not auth and not is_loopback(address):
        raise ConfigurationError(
            f"flower at {address} can be reached from elsewhere: set GROOVE_FLOWER_AUTH=user:password"
        )
    if (auth and not (user and colon and password)) or "," in auth:
        raise ConfigurationError("GROOVE_FLOWER_AUTH must read user:password, without a comma")
