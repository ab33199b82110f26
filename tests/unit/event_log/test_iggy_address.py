"""Reading an Iggy URL."""

import pytest

from worker.errors import ConfigurationError
from worker.event_log.iggy_address import IggyAddress


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("iggy://user:secret@host:8091", ("host", 8091, "user", "secret")),
        ("iggy://user:secret@host", ("host", 8090, "user", "secret")),
        ("iggy://user:p@ss:w/rd?#100%&=@host:1", ("host", 1, "user", "p@ss:w/rd?#100%&=")),
        ("iggy://us%40er:p%40ss%3Aw%2Frd@host:1/", ("host", 1, "us@er", "p@ss:w/rd")),
        ("iggy://user:secret@[::1]:8091", ("::1", 8091, "user", "secret")),
        ("iggy://user:密码 ☃@iggy", ("iggy", 8090, "user", "密码 ☃")),
    ],
)
def test_any_password_can_be_said(url: str, expected: tuple[str, int, str, str]) -> None:
    """Raw or percent-encoded, whatever stands between the first colon and the last @ is the password."""
    address = IggyAddress.parse(url)
    assert (address.host, address.port, address.user, address.password) == expected


def test_encryption_is_asked_for_in_the_query() -> None:
    """`tls`, the certificate's name and the authority's file are read; without them there is no encryption."""
    address = IggyAddress.parse("iggy://u:p@h:1?tls=true&tls_domain=iggy.example&tls_ca_file=/etc/ca.pem")
    assert (address.tls, address.tls_domain, address.tls_ca_file) == (True, "iggy.example", "/etc/ca.pem")
    assert IggyAddress.parse("iggy://u:p@h:1").tls is False


@pytest.mark.parametrize(
    "url",
    [
        "iggy://host:8090",
        "iggy://user@host:8090",
        "iggy://user:@host:8090",
        "iggy://:secret@host:8090",
        "iggy://user:secret@:8090",
        "iggy://user:secret@host:port",
        "iggy://user:secret@host:99999",
        "iggy://user:secret@host:8090?retries=3",
    ],
)
def test_what_cannot_be_used_is_refused_without_the_password(url: str) -> None:
    """The error says the form that is wanted, and never what the password is."""
    with pytest.raises(ConfigurationError) as refused:
        IggyAddress.parse(url)
    assert "secret" not in str(refused.value)


def test_an_address_never_shows_its_password() -> None:
    """Neither as text nor as a representation."""
    address = IggyAddress.parse("iggy://user:secret@host:8090")
    assert "secret" not in f"{address} {address!r}"
