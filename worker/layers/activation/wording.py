"""What a learning asks for, taken out of how it is worded: its action, and the code it names."""

import re

_LABEL = re.compile(r"^[A-Z][\w /&'-]{1,40}:\s+")
_CONDITION = re.compile(
    r"^(?:if|when|whenever|for|before|after|once|unless|while|in|during|where)\b[^,:;.]{3,120}[,:]\s+", re.IGNORECASE
)
_MODAL = re.compile(
    r"^(?:please\s+)?(?:always|never|do not|don['’]t|make sure to|make sure|be sure to|you should|you must|must|should|"
    r"ensure that|remember to|try to|avoid|prefer)\s+",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"\s+(?:before|so that|so you|when|unless|because|as this|in order to|otherwise)\b.*$", re.IGNORECASE | re.DOTALL
)

_SPAN = re.compile(
    r"`([^`\n]{2,80})`"
    r"|\"([^\"\n]{2,60})\""
    r"|(?<![\w/])((?:\.{0,2}/)?[\w.-]+(?:/[\w.*-]+)+/?)"
    r"|\b([\w-]+\.(?:py|js|ts|tsx|go|rs|md|json|ya?ml|toml|sh|txt|java|rb|cs|cpp|h|sql|html|css))\b"
    r"|\b(\w+(?:\.\w+)*\(\))"
    r"|\b([a-z]+[A-Z]\w+|[A-Z][a-z]+[A-Z]\w+|\w+_\w+)\b"
    r"|(?<!\S)(--?[a-zA-Z][\w-]+)\b"
)
_FORBIDDEN = re.compile(r"(?:\b(?:do not|don['’]t|never|avoid|instead of|rather than|not)\b)[^.;:]*$", re.IGNORECASE)
_CLAUSE = re.compile(r"[.;:]\s+|,\s+|\s+-\s+")


def action_of(insight: str) -> str:
    """The learning without label, condition, modal words and reason: what a transcript shows when it is followed."""
    text = insight.strip()
    for pattern in (_LABEL, _CONDITION, _MODAL, _MODAL):
        shorter = pattern.sub("", text, count=1)
        text = shorter if len(shorter) >= 12 else text
    shorter = _TAIL.sub("", text)
    return shorter if len(shorter) >= 12 else text


def named_code(insight: str) -> tuple[str, ...]:
    """Commands, identifiers, paths and flags that the learning asks for; those it warns of are left out."""
    found = []
    for match in _SPAN.finditer(insight):
        span = next(group for group in match.groups() if group)
        if not _FORBIDDEN.search(insight[: match.start()]):
            found.append(span)
    return tuple(dict.fromkeys(found))


def forms_of(span: str) -> tuple[str, ...]:
    """What counts as the span when it is looked for: itself, its leading words, a path's last part, the last dotted part; lower case."""
    text = span.lower().strip()
    forms = {text, text.rstrip("()")}
    words = text.split()
    if len(words) > 1:
        forms.add(" ".join(words[:2]))
    if "/" in text:
        last = [part for part in text.split("/") if part]
        forms.add(last[-1].rsplit(".", 1)[0] if last else text)
    elif "." in text.strip("."):
        forms.add(text.rstrip("()").rsplit(".", 1)[-1])
    return tuple(sorted(form for form in forms if len(form) >= 3))


def clauses_with(insight: str, spans: tuple[str, ...]) -> float:
    """Share of the learning's words that stand in clauses which name code: how much of it the named code stands for."""
    clauses = _CLAUSE.split(insight)
    words = [len(clause.split()) for clause in clauses]
    named = [any(span in clause for span in spans) for clause in clauses]
    return sum(count for count, has in zip(words, named, strict=True) if has) / max(1, sum(words))
