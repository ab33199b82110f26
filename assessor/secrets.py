"""Secrets taken out of a text before anything is stored or quoted: detect-secrets' own patterns, and a few beside them.

Not looked for: entropy alone (commit ids and hashes would go) and public addresses, which are no secrets.
"""

import re
import string
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

_LEFT_OUT = frozenset({"Public IP (ipv4)", "Private Key", "NPM tokens"})
_KEYWORDS = ("key", "pwd", "pass", "token")
_FOLLOWING = ("_", "-", "api", "key", "p", "token")
#: what a plugin looks for stands in a line with one of these, large letters as they are, small ones in either case; none given: anywhere
_HINTS: dict[str, tuple[str, ...]] = {
    "Artifactory Credentials": ("AKC", "AP"),
    "Azure Storage Account access key": ("AccountKey=",),
    "Basic Auth Credentials": ("://",),
    "Cloudant Credentials": ("clou", *(f"cl{word}" for word in _FOLLOWING)),
    "GitHub Token": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    "GitLab Token": ("gl", "GR1348941"),
    "IBM Cloud IAM Key": _KEYWORDS,
    "IBM COS HMAC Credentials": ("secret",),
    "JSON Web Token": ("eyJ",),
    "Mailchimp Access Key": ("-us",),
    "OpenAI Token": ("T3BlbkFJ",),
    "PyPI Token": ("pypi-Ag",),
    "SendGrid API Key": ("SG.",),
    "Slack Token": ("xox", "hooks.slack"),
    "SoftLayer Credentials": ("softlayer", *(f"sl{word}" for word in _FOLLOWING)),
    "Square OAuth Secret": ("sq0csp",),
    "Stripe Access Key": ("k_live_",),
    #: every such token begins so after its number, though the plugin does not ask for it
    "Telegram Bot Token": (":AA",),
}


#: characters of the shortest line that can match, where the hints are common words
_LEAST = {"IBM Cloud IAM Key": 48, "IBM COS HMAC Credentials": 48, "SoftLayer Credentials": 64}


class _Pattern(NamedTuple):
    name: str
    hints: tuple[str, ...]
    secrets: tuple[re.Pattern[str], ...]
    least: int = 0


_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----(?P<secret>[^\0]+?)(?=-----END|\0|\Z)")
#: the group `secret` is what goes; without one, all that matches
_OWN = (
    ("NPM tokens", ("npm_", "_authtoken"), r"\bnpm_[A-Za-z0-9]{36}\b|_authToken\s*=\s*(?P<secret>[A-Za-z0-9-]{20,})"),
    ("API Key", ("sk-",), r"\bsk-(?:ant-|proj-|or-)?[A-Za-z0-9_-]{24,}"),
    ("GitHub Token", ("github_pat_",), r"\bgithub_pat_[A-Za-z0-9_]{30,}"),
    ("Google API Key", ("AIza",), r"\bAIza[A-Za-z0-9_-]{35}"),
    ("Hugging Face Token", ("hf_",), r"\bhf_[A-Za-z0-9]{30,}"),
    ("Bearer Token", ("bearer ",), r"(?i:\bbearer\s+)(?P<secret>[A-Za-z0-9._~+/-]{20,}=*)"),
    (
        "Secret Keyword",
        ("passw", "passphrase", "secret", "token", "api_key", "apikey", "api-key", "private_key", "private-key"),
        (
            r"(?i:password|passwd|passphrase|secret|token|api[_-]?key|private[_-]?key)[\w-]{0,20}[\"'\\]{0,2}\s{0,3}(?::=|[:=])\s{0,3}"
            r"[\"'\\]{0,2}(?P<secret>(?=[^\s\"'`]{0,200}\d)[^\s\"'`$<>{}(),;\[\]\\]{8,200}+)(?!\()"
        ),
    ),
)


def scrub_all(texts: list[str]) -> list[str]:
    """Many texts at the price of one: a session's are mostly short."""
    if any("\0" in text for text in texts):
        return [scrub(text) for text in texts]
    return scrub(_BETWEEN.join(texts)).split(_BETWEEN) if texts else []


def scrub_tree(value: Any) -> Any:
    """All texts in a JSON value; the names of fields stay."""
    return put_back(value, iter(scrub_all(texts_in(value))))


def texts_in(value: Any) -> list[str]:
    """All texts in a JSON value, in order."""
    texts: list[str] = []
    _collect(value, texts)
    return texts


def _collect(value: Any, texts: list[str]) -> None:
    if isinstance(value, str):
        texts.append(value)
    elif isinstance(value, dict):
        for item in value.values():
            _collect(item, texts)
    elif isinstance(value, list | tuple):
        for item in value:
            _collect(item, texts)


def put_back(value: Any, texts: Iterator[str]) -> Any:
    """Replace the texts of a JSON value, in the order of `texts_in`."""
    if isinstance(value, str):
        return next(texts)
    if isinstance(value, dict):
        return {key: put_back(item, texts) for key, item in value.items()}
    return [put_back(item, texts) for item in value] if isinstance(value, list) else value


#: no pattern reaches over it
_BETWEEN = "\n\0\n"


def scrub(text: str) -> str:
    """Each secret becomes `[secret: its kind]`; the same text comes back when there is none."""
    if "PRIVATE KEY" in text:
        text = _PRIVATE_KEY.sub(lambda found: _mask(found, "Private Key"), text)
    lowered = _lowered(text)
    for pattern in _patterns():
        changed = _without(text, lowered, pattern)
        if changed is not text:
            text, lowered = changed, _lowered(changed)
    return text


def _lowered(text: str) -> str:
    """Letter by letter, so that places stay the same: some letters of other alphabets become two."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else text.translate(_SMALL)


_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def _without(text: str, lowered: str, pattern: _Pattern) -> str:
    """Only lines with a hint are looked at. Secrets of several lines are gone by now."""
    if not pattern.hints:
        return _masked(text, pattern)
    done, parts = 0, []
    for start, end in _lines(text, lowered, pattern):
        parts += [text[done:start], _masked(text[start:end], pattern)]
        done = end
    changed = "".join((*parts, text[done:])) if parts else text
    return text if changed == text else changed


def _lines(text: str, lowered: str, pattern: _Pattern) -> list[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for hint in pattern.hints:
        looked = lowered if hint == hint.lower() else text
        place = looked.find(hint)
        while place >= 0:
            start, end = text.rfind("\n", 0, place) + 1, text.find("\n", place)
            end = len(text) if end < 0 else end
            if end - start >= pattern.least:
                found.add((start, end))
            place = looked.find(hint, end)
    return sorted(found)


def _masked(text: str, pattern: _Pattern) -> str:
    for secret in pattern.secrets:
        text = secret.sub(lambda found: _mask(found, pattern.name), text)
    return text


def _mask(found: re.Match[str], name: str) -> str:
    """The secret alone is hidden: what it belonged to may be said."""
    part: str | int = "secret" if "secret" in found.re.groupindex else 0
    if part and found[part] is None:
        part = 0
    if not part and name in _WITH_CONTEXT and found.re.groups == 1 and found[1]:
        part = 1
    start, end = found.span(part)
    whole, offset = found[0], found.start()
    return f"{whole[: start - offset]}[secret: {name}]{whole[end - offset :]}"


#: plugins whose patterns also match what stands around the secret
_WITH_CONTEXT = frozenset(
    {
        "AWS Access Key",
        "Basic Auth Credentials",
        "Cloudant Credentials",
        "IBM Cloud IAM Key",
        "IBM COS HMAC Credentials",
        "SoftLayer Credentials",
    }
)


@lru_cache(maxsize=1)
def _patterns() -> tuple[_Pattern, ...]:
    """A plugin that a later release adds is used on every line."""
    own = [_Pattern(name, hints, (re.compile(secret),)) for name, hints, secret in _OWN]
    plugins: dict[str, Any] = get_mapping_from_secret_type_to_class()
    theirs = [
        _Pattern(name, _HINTS.get(name, ()), secrets, _LEAST.get(name, 0))
        for name, plugin in sorted(plugins.items())
        if name not in _LEFT_OUT and (secrets := _denylist(plugin))
    ]
    return (*own, *theirs)


def _denylist(plugin: Any) -> tuple[re.Pattern[str], ...]:
    """What the plugin's class looks for; those that weigh entropy have no list."""
    found = getattr(plugin, "denylist", ())
    return tuple(found) if isinstance(found, list | tuple) else ()
