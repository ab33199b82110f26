"""Addresses as people write them: every part reads the same in them, and what is wrong is one line without a secret."""

from typing import Any

import pytest
from celery import Celery
from hypothesis import example, given
from hypothesis import strategies as st
from kombu import Connection
from kombu.utils.url import url_to_parts
from redis import Redis, SSLConnection, UnixDomainSocketConnection
from sqlalchemy.engine import make_url

from worker.errors import ConfigurationError, LedgerUnavailable
from worker.event_log.iggy_address import IggyAddress
from worker.ledger.database import Database
from worker.settings import load_settings
from worker.settings.addresses import RedisAddress, ledger_address, store_address
from worker.settings.loading import shown
from worker.settings.masking import masked

#: what a generator of passwords may put into one
PASSWORDS = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x17F, exclude_characters="%\x7f"), min_size=1
).filter(str.isprintable)


def seen_by_celery(address: RedisAddress) -> dict[str, Any]:
    """What kombu's transport reads of a socket's address."""
    parts = url_to_parts(Connection(address.for_celery()).hostname)
    return {"path": f"/{parts.path}", "password": parts.password, "db": int(parts.query["virtual_host"])}


def seen_by_redis(address: RedisAddress) -> dict[str, Any]:
    kwargs: dict[str, Any] = Redis.from_url(address.for_redis()).connection_pool.connection_kwargs
    return kwargs


@given(PASSWORDS, PASSWORDS.filter(lambda text: ":" not in text))
@example("p@ss:w0rd/rd?#100[x]", "groove")
@example("12?x", "u")
@example("a?b=c", "u")
def test_any_password_reaches_both_clients(password: str, user: str) -> None:
    """Written as it is, before the last `@`, a password comes out of Celery's and of redis-py's reading as it went in."""
    address = RedisAddress.parse(f"redis://{user}:{password}@example.org:6380/3")
    by_redis = seen_by_redis(address)
    by_celery = Connection(address.for_celery())
    assert (by_redis["username"], by_redis["password"], by_redis["db"]) == (user, password, 3)
    assert (by_celery.userid, by_celery.password, by_celery.virtual_host) == (user, password, "3")
    assert (by_redis["host"], by_redis["port"]) == (by_celery.hostname, by_celery.port) == ("example.org", 6380)


@given(PASSWORDS)
@example("p@ss:w0rd/rd?#100[x]")
def test_any_password_reaches_the_database(password: str) -> None:
    """The ledger's too."""
    url = make_url(ledger_address(f"postgresql://groove:{password}@db:5433/groove?sslmode=require"))
    assert (url.username, url.password, url.host, url.port) == ("groove", password, "db", 5433)
    assert (url.database, dict(url.query)) == ("groove", {"sslmode": "require"})


@pytest.mark.parametrize(
    "text",
    [
        "redis+socket://:s%40cret@/run/v.sock?virtual_host=2",
        "redis+socket://:s@cret@/run/v.sock?db=2",
        "redis+socket:///run/v.sock?password=s%40cret&virtual_host=2",
        "unix://:s%40cret@/run/v.sock?db=2",
        "unix:///run/v.sock?password=s@cret&db=2",
        " UNIX:///run/v.sock?db=2&password=s%40cret ",
    ],
)
def test_a_sockets_password_and_database_reach_both_clients(text: str) -> None:
    """In either notation: before the path or among the options, as Celery or as redis-py calls them."""
    address = RedisAddress.parse(text)
    for seen in (seen_by_celery(address), seen_by_redis(address)):
        assert (seen["path"], seen["password"], seen["db"]) == ("/run/v.sock", "s@cret", 2)
    backend = Celery(backend=address.for_celery()).backend.connparams
    assert (backend["path"], backend["password"], backend["db"]) == ("/run/v.sock", "s@cret", 2)
    assert backend["connection_class"] is UnixDomainSocketConnection


@pytest.mark.parametrize("text", ["redis://h?db=2", "redis://h/?virtual_host=2", "redis://h:6379/2", "REDIS://h/2"])
def test_the_database_is_one_for_all(text: str) -> None:
    """However it is written, Celery's queues and our look at them are in the same database."""
    address = RedisAddress.parse(text)
    assert (seen_by_redis(address)["db"], Connection(address.for_celery()).virtual_host) == (2, "2")


@pytest.mark.parametrize(
    ("options", "wanted"),
    [("", "required"), ("?ssl_cert_reqs=CERT_NONE", "none"), ("?ssl_cert_reqs=Required", "required")],
)
def test_certificates_are_checked_by_all_or_by_none(options: str, wanted: str) -> None:
    """Without an option both clients check the server's certificate; an option counts for both, in either spelling."""
    address = RedisAddress.parse(f"rediss://h/0{options}")
    pool = Redis.from_url(address.for_redis()).connection_pool
    assert issubclass(pool.connection_class, SSLConnection)
    assert pool.connection_kwargs["ssl_cert_reqs"] == wanted
    assert Connection(address.for_celery()).ssl["ssl_cert_reqs"].name == f"CERT_{wanted.upper()}"


SECRET = "hunter2"
WRONG = [
    *(("BROKER", url) for url in (f"sentinel://:{SECRET}@h:26379", f"amqp://g:{SECRET}@h//", f":{SECRET}@h:6379", "h:6379")),
    *(("BROKER", f"redis://:{SECRET}@h:{port}/0") for port in ("99999", "0", "x", "-1", "6379x")),
    *(("BROKER", f"redis://:{SECRET}@h/{name}") for name in ("groove", "-1", "1.5", "9" * 30)),
    *(("BROKER", f"rediss://:{SECRET}@h/0?ssl_cert_reqs={how}") for how in ("maybe", "", "True")),
    *(("BROKER", url) for url in (f"redis://:{SECRET}@h/0?ssl_ca_certs=x", f"redis://:{SECRET}@h/0?foo=1", "redis+socket://x")),
    *(("BROKER", url) for url in (f"redis://{SECRET}@h", f"redis:///{SECRET}@h", f"redis+socket://{SECRET}@/v.sock", f"redis://{SECRET}:@h")),
    *(("LEDGER", f"postgresql://g:{SECRET}@h/g?{options}") for options in ("sslmode=a&sslmode=b", f"password={SECRET}&password=")),
    *(("STORE__URL", f"http+unix://%2Fv.sock{rest}") for rest in (f"?token={SECRET}", f"#{SECRET}")),
    *(("EVENT_LOG", url) for url in (f"kafka://u:{SECRET}@h", f"redis://:{SECRET}@h:x", "h:8090")),
    *(("LEDGER", url) for url in (f"postgresql://g:{SECRET}@h:notaport/g", f"mysql://g:{SECRET}@h/g", "sqlite://", "/path")),
    *(("STORE__URL", url) for url in (f"http://u:{SECRET}@h:1", "https://h", "http://h/groove", "http://h:99999", "h:80", "ftp://h")),
    *(("STORE__URL", url) for url in ("http://h?x=1", "http://h#x", "http://", "http://h:x", "http://h\nx")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "url"), WRONG)
def test_a_wrong_address_is_one_line_that_names_its_setting(name: str, url: str) -> None:
    """The variable is named, what it should look like is told, and no part of a password stands in it."""
    with pytest.raises(ConfigurationError) as wrong:
        load_settings({f"GROOVE_{name}": url})
    told = str(wrong.value)
    assert told.startswith(f"GROOVE_{name}: {name.lower().replace('__', '.')}: ")
    assert SECRET not in told
    assert "\n" not in told
    assert "Value error" not in told


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("http://store:8080", "http://store:8080"),
        (" HTTP://store/ ", "http://store:80"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http+unix://%2Frun%2Fs.sock", "http+unix://%2Frun%2Fs.sock"),
    ],
)
def test_a_stores_address_is_read(url: str, read: str) -> None:
    """Host and port, or a socket."""
    assert store_address(url) == read


MASKED = [
    (f"postgresql://h/g?user=g&password={SECRET}", "postgresql://h/g?user=g&password=***"),
    (f"postgresql:///?passfile=/p&password={SECRET}", "postgresql:///?passfile=/p&password=***"),
    (f"postgresql://h/g?p%61ssword={SECRET}", "postgresql://h/g?***"),
    (f"postgresql://h/g?password%3D{SECRET}", "postgresql://h/g?***"),
    (f"postgresql://h/g?password=a#{SECRET}", "postgresql://h/g?password=***"),
    (f"postgresql://h/g?user=g@x&password=p@ss/{SECRET}", "postgresql://h/g?user=g@x&password=***"),
    (f"postgresql://h/g?sslpassword={SECRET}&sslmode=require", "postgresql://h/g?sslpassword=***&sslmode=require"),
    (f"postgresql://h/g?pasword={SECRET}", "postgresql://h/g?pasword=***"),
    (f"postgresql://h/g?scram_client_key={SECRET}", "postgresql://h/g?scram_client_key=***"),
    (f"postgresql://h/g?options=-c%20x.password%3D{SECRET}", "postgresql://h/g?options=***"),
    (f"postgresql://h/g?sslkey=pkcs11:x?pin-value={SECRET}", "postgresql://h/g?sslkey=***"),
    (f"postgresql://h/g;password={SECRET}", "postgresql://h/g***"),
    (f"postgresql://h/g%3Fpassword={SECRET}", "postgresql://h/g***"),
    (f"postgresql://h/g#password={SECRET}", "postgresql://h/g***"),
    (f"postgresql://g:a@{SECRET}@h/g", "postgresql://g:***@h/g"),
    (f"postgresql://g%3A{SECRET}@h/g", "postgresql://***@h/g"),
    (f"postgresql://{SECRET}@h/g", "postgresql://***@h/g"),
    (f"postgresql:///:{SECRET}@h/g", "postgresql://***@h/g"),
    (f"postgresql://h?password={SECRET}", "postgresql://h?password=***"),
    (f"rediss://h/0?password={SECRET}&username=u", "rediss://u:***@h:6379/0?ssl_cert_reqs=required"),
    (f"redis://h/0?p%61ssword={SECRET}", "redis://:***@h:6379/0"),
    (f"redis:///:{SECRET}@h", "redis://***@h:6379/0"),
    (f"redis://:{SECRET}?x=/@h/0", "redis://:***@h:6379/0"),
    (f"unix:///v.sock?password={SECRET}&db=2", "redis+socket://:***@/v.sock?virtual_host=2"),
    (f"iggy://u:{SECRET}@h:8090?tls=true", "iggy://u:***@h:8090?tls=true"),
    (f"iggy://u:a/?@{SECRET}@h:8090", "iggy://u:***@h:8090"),
    (f"iggy:///u:{SECRET}@h:8090", "iggy://***@h:8090"),
    (f"iggy://{SECRET}@h:8090", "iggy://***@h:8090"),
    (f"iggy://h:8090?username=u&password={SECRET}", "iggy://h:8090?username=u&password=***"),
]


@pytest.mark.parametrize(("url", "seen"), MASKED)
def test_a_password_is_masked_wherever_it_stands(url: str, seen: str) -> None:
    """Before the host, among the options, in another one's place, percent-encoded; what lets nobody in is shown."""
    name = {"postgresql": "ledger", "iggy": "event_log"}.get(url.partition(":")[0], "broker")
    assert shown(load_settings({f"GROOVE_{name.upper()}": url}))[name] == seen
    assert SECRET not in masked(url)


def test_a_path_is_no_user() -> None:
    """A file's folder may hold any sign; what has no scheme may be anything."""
    assert masked("sqlite:////home/a:b@c/x;y#z.sqlite") == "sqlite:////home/a:b@c/x;y#z.sqlite"
    assert masked(f"host=h password={SECRET}") == "***"


@pytest.mark.parametrize("option", ["pasword", "prepare_threshold", "Password"])
def test_an_option_that_postgresql_does_not_know_is_named(option: str) -> None:
    """Without its value."""
    with pytest.raises(ConfigurationError, match=f"ledger: {option} in the URL is no option of PostgreSQL$"):
        Database(f"postgresql://h/g?{option}={SECRET}")


def test_an_options_value_that_cannot_be_is_told() -> None:
    """By the first line of what its client says, before anybody is contacted."""
    database = Database("postgresql://127.0.0.1:1/g?connect_timeout=soon")
    with pytest.raises(LedgerUnavailable, match="cannot be used: bad value for connect_timeout"), database.single():
        pass


@pytest.mark.parametrize(
    ("flag", "is_on"), [("true", True), ("True", True), ("1", True), ("yes", True), ("FALSE", False), ("0", False)]
)
def test_tls_of_iggy_is_on_in_any_spelling(flag: str, is_on: bool) -> None:
    """A login goes out in clear only where that was asked for."""
    assert IggyAddress.parse(f"iggy://u:p@h?tls={flag}").tls is is_on


@pytest.mark.parametrize("flag", ["", "maybe", "tru", "2"])
def test_tls_of_iggy_is_no_guess(flag: str) -> None:
    """What is neither yes nor no is refused."""
    with pytest.raises(ConfigurationError, match="neither true nor false"):
        IggyAddress.parse(f"iggy://u:p@h?tls={flag}")
