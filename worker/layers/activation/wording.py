"""What a learning asks for, taken out of how it is worded: "Tests: always run X before committing" asks to "run X"."""

import re

#: clauses beside the main action that are looked for too
MAX_CLAUSES = 3
#: characters; what is left must still say something
_LEAST = 10

_LABEL = re.compile(r"^[A-Z][\w /&'-]{1,40}:\s+")
_CONDITION = re.compile(
    r"^(?:if|when|whenever|for|before|after|once|unless|while|in|during|where)\b[^,:;.]{3,120}[,:]\s+", re.IGNORECASE
)
_MODAL = re.compile(
    r"^(?:please\s+)?(?:always|never|do not|don['’]t|make sure to|make sure|be sure to|you should|you must|must|should|"
    r"ensure that|remember to|try to|avoid|prefer)\s+",
    re.IGNORECASE,
)
_LINK = re.compile(r"^(?:but|and|instead|so|then|you should|you can|you must|try to|please|also)\s+", re.IGNORECASE)
_TAIL = re.compile(
    r"(?<!\s)\s++(?:before|so that|so you|when|unless|because|as this|in order to|otherwise)\b.*$",
    re.IGNORECASE | re.DOTALL,
)
_ALTERNATIVE = re.compile(r"(?<!\s)\s++(?:instead of|rather than|over)\b.*$", re.IGNORECASE | re.DOTALL)
_CLAUSE_END = re.compile(
    r"(?<=[.!?;])\s+|(?<!\s)\s++-\s+|,\s++(?=(?:you should|you can|use|instead|try|but|and make sure|make sure)\b)|:\s++(?=[Uu]se\b)"
)
_PROHIBITION = re.compile(r"\b(?:do not|don['’]t|never|avoid|cannot|can't|must not|should not)\b", re.IGNORECASE)


def actions_of(insight: str) -> tuple[str, ...]:
    """The whole learning without label, condition, modal words and reason, then its clauses one by one, what it forbids left out."""
    main = _shortened(insight.strip(), (_LABEL, _CONDITION, _MODAL, _MODAL), (_TAIL,))
    return tuple(dict.fromkeys([main, *(_clause_action(clause) for clause in _clauses(insight))]))


def _clauses(insight: str) -> list[str]:
    clauses = [part for part in _CLAUSE_END.split(_LABEL.sub("", insight, count=1)) if part and len(part) >= _LEAST]
    wanted = [clause for clause in clauses if not _PROHIBITION.search(_CONDITION.sub("", clause, count=1))]
    return wanted[:MAX_CLAUSES] or clauses[:1]


def _clause_action(clause: str) -> str:
    heads = (_LABEL, _CONDITION, _LINK, _MODAL, _LINK, _MODAL)
    return _shortened(clause.strip(), heads, (_ALTERNATIVE, _TAIL)).strip(" .;,")


def _shortened(text: str, heads: tuple[re.Pattern[str], ...], tails: tuple[re.Pattern[str], ...]) -> str:
    """Cut each pattern off once, unless hardly anything would be left."""
    for pattern in (*heads, *tails):
        shorter = pattern.sub("", text, count=1)
        text = shorter if len(shorter) >= _LEAST else text
    return text
