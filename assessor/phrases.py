"""What people say when something was wrong, right, or has to go back: only wordings that mean it nearly always.

Over 202 labelled sessions a free lexicon of corrections was right in a third of its finds; so it is the opening words that count.
"""

import re

_ASIDE = (
    r"(?:(?:please|just|ok(?:ay)?|no|hm+|sorry|now|then|so|and|but|can you|could you|let['’]?s|you can)[\s,.!:-]+)*"
)
_AGAINST = re.compile(
    r"^(?:no\b(?! problem| worries| need|thing)|nope\b|wait\b|stop\b|instead\b|wrong\b|that['’]?s (?:not|wrong)|that is (?:not|wrong)|"
    r"not (?:like )?that\b|don['’]?t\b|actually,? (?:no|use|don['’]?t)\b|i (?:said|told you|asked)\b|why did you\b|"
    r"you (?:forgot|missed|ignored|should(?:n['’]?t)? have|broke)\b|still (?:not|broken|failing|wrong)\b)",
    re.IGNORECASE,
)
_PRAISE = re.compile(
    r"\b(?:perfect(?:ly)?|excellent|awesome|amazing|great (?:job|work)|well done|(?:nice|good) (?:job|work)|"
    r"looks? (?:great|perfect|good)|works? (?:great|perfectly|now|well)|exactly what i (?:want|need)\w*|love it)\b",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:not|isn['’]?t|doesn['’]?t|don['’]?t|almost|nearly|but|however|except|if|make (?:it|this))\b", re.IGNORECASE
)
_ON = re.compile(
    r"^(?:please )?(?:continue|go on|go ahead|proceed|carry on|keep going|resume|ok(?:ay)?|yes|yep|sure|try again|retry|done)\b",
    re.IGNORECASE,
)
_BACK = re.compile(
    rf"(?:^|[.!,;\n]\s*){_ASIDE}(?:undo|revert|roll ?back|back out|put (?:it|that|this|them) back|restore the (?:previous|old|original))\b",
    re.IGNORECASE,
)
_HAND_OVER = re.compile(
    rf"(?:^|[.!,;\n]\s*|\b(?:and|then|to)\s+){_ASIDE}"
    r"(?:commit|push|merge|(?:open|create|make|raise|submit) (?:a |the )?(?:pr\b|pull request))",
    re.IGNORECASE,
)
#: characters; a longer prompt is a task, whatever it praises
_SHORT = 300


def goes_on(text: str) -> bool:
    """Agrees, or has the assistant carry on as before."""
    return bool(_ON.match(text.lstrip()))


def speaks_against(text: str) -> str | None:
    """The opening words with which a person turns against what was done."""
    return _found(_AGAINST, text.lstrip())


def praises(text: str) -> str | None:
    return None if len(text) > _SHORT or _NOT.search(text) else _found(_PRAISE, text)


def asks_to_go_back(text: str) -> str | None:
    return _found(_BACK, text) if len(text) <= _SHORT else None


def asks_to_hand_over(text: str) -> str | None:
    """To commit, push or open a pull request: what was done is accepted."""
    return (
        None
        if re.search(r"\b(?:don['’]?t|do not|never|without) (?:commit|push|merg)", text, re.IGNORECASE)
        else _found(_HAND_OVER, text)
    )


def _found(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return " ".join(match[0].split()) if match else None
