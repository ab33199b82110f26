"""When two texts are the same rule: the same words, similar words, or words that now say the opposite."""

import hashlib
import re
import unicodedata

_APOSTROPHES = re.compile(r"(?<=\w)['’](?=\w)")
_NO_WORD = re.compile(r"[\W_]+")
_NEGATIONS = frozenset(
    [
        "never",
        "not",
        "no",
        "dont",
        "doesnt",
        "isnt",
        "arent",
        "cannot",
        "cant",
        "shouldnt",
        "mustnt",
        "wont",
        "without",
        "avoid",
        "neither",
        "nor",
        "none",
        "stop",
        "forbid",
        "forbidden",
        "prohibited",
        "disallow",
        "disable",
        "refrain",
    ]
)
_AFFIRMATIONS = frozenset({"always", "must", "prefer", "only", "use", "do", "enable", "allow"})


def normalised(text: str) -> str:
    """NFKC, lower case, marks and punctuation off, spaces folded: what is left is the identity of a rule. Empty: no rule at all."""
    plain = _APOSTROPHES.sub("", unicodedata.normalize("NFKC", text).lower())
    return _NO_WORD.sub(" ", plain).strip()


def learning_id(stem: str, scope: str, text: str) -> str:
    """`<file stem>-<8 hex>`, given once, when the rule is first seen."""
    digest = hashlib.sha256(f"{scope}\n{normalised(text)}".encode("utf-8", "replace")).hexdigest()
    return f"{stem}-{digest[:8]}"


def is_flipped(old: str, new: str) -> bool:
    """Whether one of two normalised texts says "never" where the other says "always": another rule at any similarity."""
    before, after = _signs(old), _signs(new)
    return before.count("-") != after.count("-") or (
        len(before) == len(after) and sorted(before) == sorted(after) and before != after
    )


def _signs(text: str) -> list[str]:
    return ["-" if word in _NEGATIONS else "+" for word in text.split() if word in _NEGATIONS | _AFFIRMATIONS]
