"""Whether a heading asks for something by itself: "Always wrap `.play()`" does, "Test Isolation" is the title of what follows."""

import re
from collections.abc import Sequence

from assessor.rules.asks import is_order


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


#: words; a shorter title binds to nothing
_FEWEST = 3
#: words that are an order at the head of a sentence, and a thing at the head of a title
_THINGS = _words(
    "access assert base batch build bump call cap change check clone commit copy cover cut debug default delegate deploy design "
    "document download edit end escape exclude export extract file fix focus force format group guard handle import install label "
    "launch let lint list load log look map mark match measure mirror mock name note open order output pass paste pin place plan "
    "point prefix print process pull push quote rebuild record reference release report request require reserve return review "
    "round run scan search select set share show skip sort split stage start state stop store structure submit switch tag target "
    "test think throw touch track trim try turn type update upgrade verify wait watch wrap write"
)
_TITLE_MARKS = re.compile(r"^[\W\d_]+|\*\*|__|`")
_TITLE_WORD = re.compile(r"[\w'’/-]+")
#: with something behind it
_BOUND = re.compile(
    r"\b(?:must(?: not)?|never|always(?! (?:active|applied|apply|loaded|on)\b)|do not|don['’]?t|should(?: not)?|avoid|prefer|require)\s+\w",
    re.IGNORECASE,
)
_LITTLE = _words("a an the all any each every before after for in into with without when on from to your")
_EMPTY = _words("do not this that these those it rules rule following always never list also cases case")
#: a title that only says where to begin: "Read This First", "Start Here"
_POINTING = _words("read begin check look see start")
_WHERE = _words(
    "a all anything before begin below beginning carefully coding critical document else file first following guide here important "
    "it mandatory me now page please required section start starting the these this work working you"
)


def title_asks(text: str) -> bool:
    """An order with an object; "Test Isolation" and "Never Do This" are titles of what follows."""
    title = _TITLE_MARKS.sub("", text.partition("\n")[0]).strip(" :")
    for part in re.split(r":\s|\s[—–-]\s", title):
        words = _TITLE_WORD.findall(part)
        if all(word.lower() in _EMPTY for word in words[1:]) or _points_on(words):
            continue
        if _BOUND.search(part) and len(words) >= _FEWEST:
            return True
        if is_order(part) and (words[0].lower() not in _THINGS or _has_object(words)):
            return True
    return False


def points_on(text: str) -> bool:
    """Whether it is all "Read This First" or the like, which tells no reader what to do."""
    return _points_on(_TITLE_WORD.findall(_TITLE_MARKS.sub("", text)))


def _points_on(words: Sequence[str]) -> bool:
    return len(words) > 1 and words[0].lower() in _POINTING and all(word.lower() in _WHERE for word in words[1:])


def _has_object(words: Sequence[str]) -> bool:
    """What follows a word that may be a thing shows that it is an order: several of something, or a little word somewhere."""
    several = words[1].islower() and words[1].endswith("s") and not words[1].endswith("ss")
    return several or any(word.lower() in _LITTLE for word in words[1:])
