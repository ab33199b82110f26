"""Addresses for people's eyes: what may be a secret is `***`, however it is spelled; what is known to be none is shown."""

import re
from urllib.parse import unquote_plus

from worker.settings.addresses import is_place_alone

_PLAIN_NAME = re.compile(r"[\w.-]*")
_OPTION_NAME = re.compile(r"[A-Za-z_]\w*")
#: what other connection strings end a name with, as it is or percent-encoded
_AFTER_A_NAME = re.compile(r"(;|#|%3B|%3F|%23).*", re.DOTALL | re.IGNORECASE)
#: options whose value says who, where or how, and never lets anybody in
_NO_SECRETS = frozenset(
    {
        "application_name",
        "channel_binding",
        "client_encoding",
        "connect_timeout",
        "db",
        "dbname",
        "gssencmode",
        "host",
        "hostaddr",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "load_balance_hosts",
        "passfile",
        "port",
        "require_auth",
        "service",
        "ssl_ca_certs",
        "ssl_cert_reqs",
        "ssl_certfile",
        "ssl_keyfile",
        "sslcert",
        "sslcertmode",
        "sslmode",
        "sslnegotiation",
        "sslrootcert",
        "target_session_attrs",
        "tcp_user_timeout",
        "tls",
        "tls_ca_file",
        "tls_domain",
        "user",
        "username",
        "virtual_host",
    }
)


def masked(url: str) -> str:
    """Without its password: before the last `@`, among its options, or in a user's place, where a slip of the pen may put it."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return "***"
    who, at, place = ("", "", rest) if scheme == "sqlite" or is_place_alone(rest) else rest.rpartition("@")
    path, question, query = place.partition("?")
    if scheme != "sqlite":
        path = _AFTER_A_NAME.sub("***", path)
    options = "&".join(_masked_option(option) for option in query.split("&"))
    return f"{scheme}://{_masked_user(who) if at else ''}{at}{path}{question}{options if query else ''}"


def _masked_user(who: str) -> str:
    """One without a password is most often a password in the wrong place."""
    user, _, password = who.partition(":")
    return f"{user}:***" if password and _PLAIN_NAME.fullmatch(user) else "***"


def _masked_option(option: str) -> str:
    name, is_given, _ = option.partition("=")
    known = unquote_plus(name).strip().lower()
    if is_given and known in _NO_SECRETS:
        return option
    return f"{name}=***" if is_given and _OPTION_NAME.fullmatch(name) else "***"
