"""Secrets leave a text, and nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessor.secrets import scrub, scrub_all

SECRETS = {
    "GitHub Token": "ghp_" + "a1B2" * 9,
    "AWS Access Key": "AKIA" + "ABCDEFGH12345678",
    "API Key": "sk-ant-" + "a1b2c3d4" * 5,
    "Slack Token": "xoxb-123456789012-abcdef123",
    "JSON Web Token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "Stripe Access Key": "sk_live_" + "a1b2c3d4" * 3,
    "Google API Key": "AIza" + "a1B2c" * 7,
    "Telegram Bot Token": "12345678:AA" + "a1B2c" * 6 + "xyz",
    "GitLab Token": "glpat-" + "a1B2" * 5,
    "Mailchimp Access Key": "0123456789abcdef" * 2 + "-us7",
}


@pytest.mark.parametrize("kind", sorted(SECRETS))
def test_a_secret_is_hidden_wherever_it_stands(kind: str) -> None:
    """Between other lines, the secret goes and the words around it stay."""
    hidden = scrub(f"first line\nthe value is {SECRETS[kind]} here\nlast line")
    assert SECRETS[kind] not in hidden
    assert "[secret: " in hidden
    assert hidden.startswith("first line\nthe value is ")
    assert hidden.endswith(" here\nlast line")


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("password = 'hunter2hunter2'", "password = '[secret: Secret Keyword]'"),
        ('{"api_key": "abc123def456"}', '{"api_key": "[secret: Secret Keyword]"}'),
        ("Authorization: Bearer abcdefghijklmnopqrstuvwxyz", "Authorization: Bearer [secret: Bearer Token]"),
        ("postgresql://groove:s3cr3tpass@db/x", "postgresql://groove:[secret: Basic Auth Credentials]@db/x"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\ndef\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----[secret: Private Key]-----END RSA PRIVATE KEY-----",
        ),
    ],
)
def test_what_a_secret_belongs_to_stays(text: str, hidden: str) -> None:
    """The name of a secret is none."""
    assert scrub(text) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "commit cc388fb0a1b2c3d4e5f60718293a4b5c6d7e8f90",
        "token = os.environ['TOKEN']",
        "the session id is 0d1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
        "max_tokens: 4096",
        "password: string",
        "secret = getSecret(name1)",
    ],
)
def test_what_only_looks_like_one_stays(text: str) -> None:
    """Ids, lookups and types are quoted as they are."""
    assert scrub(text) == text


@given(st.lists(st.one_of(st.text(), st.sampled_from([*SECRETS.values(), "İ PRIVATE KEY", "pwd = İ"])), max_size=6))
def test_many_texts_are_scrubbed_as_each_alone(texts: list[str]) -> None:
    """Taken together they come back one by one, in order."""
    assert scrub_all(texts) == [scrub(text) for text in texts]
