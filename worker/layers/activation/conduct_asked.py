"""Conduct that a learning asks for and that leaves no words of its own: tests after a change, reading before it, asking, committing."""

import re
from enum import StrEnum
from functools import lru_cache

from worker.layers.activation.conventions import is_line_of_a_list


class Conduct(StrEnum):
    ASKS = "asks"
    TESTS = "tests"
    CHECKS = "checks"
    BUILDS = "builds"
    WRITES_TESTS = "writes tests"
    DOCUMENTS = "documents"
    COMMITS = "commits"
    PUSHES = "pushes"
    BRANCHES = "branches"
    EXPLORES = "explores"
    PLANS = "plans"


#: without which the learning cannot have been used, and which by themselves say nothing of how they were done
NECESSARY = frozenset({Conduct.BUILDS, Conduct.COMMITS, Conduct.PUSHES, Conduct.BRANCHES, Conduct.EXPLORES})


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_ASKED: dict[Conduct, re.Pattern[str]] = {
    Conduct.ASKS: _any(
        r"\bask(?:s|ing)? (?:the user|me|us|for|before|first|whether|if|clarif\w+)",
        r"\b(?:clarifying|clarification)\b|\bconfirm(?:ation)? (?:with|from|before)|\bpros and cons\b|\bpropose (?:options|alternatives)",
        r"\b(?:user|explicit|my) (?:approval|permission|confirmation|consent)",
        r"\b(?:user|me) (?:to )?(?:make|decide|choose|approve|confirm)",
    ),
    Conduct.TESTS: _any(
        r"\b(?:run|re-?run|execute|running|pass(?:es|ing)?)\b[^.;]{0,40}\btests?\b",
        r"\btests?\b(?: suite)?[^.;]{0,30}\b(?:run|pass(?:es|ing)?|green|succeed)\b",
        r"\bsmoke (?:run|test)|\bvalidate changes\b|\bverify [^.;]{0,30}\btests?\b",
    ),
    Conduct.CHECKS: _any(
        r"\blint(?:er|ers|ing|ed)?\b|\bformatt(?:er|ing)\b|\btype-?check\w*|\btype checker\b|\bstatic analysis\b",
        r"\bpre-commit hooks?\b|\bcode quality checks?\b",
    ),
    Conduct.BUILDS: _any(r"\b(?:run|verify|ensure|check|make sure|always)\b[^.;]{0,40}\b(?:builds?|compil\w+)\b"),
    Conduct.WRITES_TESTS: _any(
        r"\b(?:write|add|create|include|provide|need|require|must have|update|extend)\w*\b[^.;]{0,40}"
        r"\btests?\b(?! (?:suite|result|output))",
        r"\bwell[- ]tested\b|\bTDD\b|\btest[- ](?:first|driven)|\b(?:unit|regression|integration) tests? (?:for|when)",
        r"\bwithout (?:corresponding )?tests\b",
    ),
    Conduct.DOCUMENTS: _any(
        r"\b(?:update|maintain|add|write|document|sync|reflect)\w*\b[^.;]{0,50}"
        r"\b(?:docs?|documentation|readme|changelog|\w+\.md)\b",
        r"\bdocumented\b|\bup[- ]to[- ]date\b",
    ),
    Conduct.COMMITS: _any(
        r"\bcommit (?:messages?|after|often|early|each|every|frequently|when|your|the|and|subjects?)",
        r"\b(?:make|create|atomic|small) (?:\w+ )?commits\b",
    ),
    Conduct.PUSHES: _any(
        r"\b(?:push|open|create|raise)\b[^.;]{0,25}\b(?:pull requests?|PRs?|remote|origin|upstream)\b",
        r"\bPR (?:descriptions?|titles?)\b",
    ),
    Conduct.BRANCHES: _any(
        r"\b(?:feature|new|separate|topic|dedicated|own) branch\b|\bbranch (?:names?|naming)|\bgit worktree"
    ),
    Conduct.EXPLORES: _any(
        r"\b(?:read|explore|search|look (?:at|for|up)|review|understand|inspect|study|check|investigate)\b[^.;]{0,60}"
        r"\b(?:before|prior to) (?:edit|chang|writ|modif|implement|mak|add|propos)\w*",
        r"\b(?:read|explore|understand|inspect|study) (?:the )?(?:existing |relevant |whole |full )?"
        r"(?:code|files?|code ?base)\b[^.;]{0,30}\bfirst\b",
    ),
    Conduct.PLANS: _any(
        r"\bplan\b[^.;]{0,40}\b(?:before|first|approv\w+|mode)|\b(?:before|start|begin)\b[^.;]{0,50}\bplan\b",
        r"\boutline\b|\bplan[- ]files?\b|\bto-?do list\b|\bplan (?:out|the|your)\b",
    ),
}
_CLAUSE_END = re.compile(
    r"(?<=[.;!?:])\s+|,\s+(?=(?:but|and|then|or|explain|always|never|don['’]t|do not|unless)\b)|(?<!\s)\s+[-–—]\s+"
)
_PROHIBITION = re.compile(r"\b(?:do not|don['’]t|never|avoid|cannot|can['’]t|must not|should not|no)\b", re.IGNORECASE)
#: what a prohibition asks for all the same
_ASKED_AFTER = re.compile(r"\b(?:without|before|until|instead[,:]?|rather)\b(.*)$", re.IGNORECASE | re.DOTALL)


#: characters; what is shorter is a label
_LEAST = 10


@lru_cache(maxsize=4096)
def conduct_asked(insight: str) -> tuple[Conduct, ...]:
    """By the clauses that ask; of one that forbids, what follows "without" or "before". A line of a list of commit types asks for none."""
    found: dict[Conduct, None] = {}
    if is_line_of_a_list(insight):
        return ()
    for clause in _CLAUSE_END.split(insight):
        after = _ASKED_AFTER.search(clause) if _PROHIBITION.search(clause) else None
        asks = clause if not _PROHIBITION.search(clause) else after[1] if after else ""
        found |= dict.fromkeys(kind for kind, pattern in _ASKED.items() if asks and pattern.search(asks))
    return tuple(found)


def clauses_of(insight: str) -> list[tuple[str, bool]]:
    """Each with whether it forbids; without labels."""
    return [(text, bool(_PROHIBITION.search(text))) for text in _CLAUSE_END.split(insight) if len(text) >= _LEAST]
