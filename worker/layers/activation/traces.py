"""Whether the use of a learning leaves a trace at all: one that only forbids, asks for a manner, or names nothing may be followed unseen.

Not seen is then not the same as not used.
"""

import re
from functools import lru_cache

from worker.layers.activation.conduct_asked import clauses_of, conduct_asked
from worker.layers.activation.named_code import named_code

#: what is said of the whole of a session's work or words, and shown by no single place in it
_MANNER = re.compile(
    r"\b(?:concise(?:ly)?|brief(?:ly)?|short|simpl(?:e|y|icity)|readab(?:le|ility)|clean|clear(?:ly)?|idiomatic|maintainab\w+|elegant|minimal(?:ly)?|"
    r"minimi[sz]e|focused|small|consisten(?:t|tly|cy)|careful(?:ly)?|thoughtful|pragmatic|honest|direct|polite|tone|style|creative|critical(?:ly)?|"
    r"think|be aware|quality|assume|assumptions?|guess(?:es|ing)?|respect|keep in mind)\b",
    re.IGNORECASE,
)


#: words of a clause; what is shorter is a label or a term, found by its few words or not at all
_MANY = 5


@lru_cache(maxsize=4096)
def leaves_a_trace(insight: str) -> bool:
    """It names code to be written or run, asks for conduct that calls show, or is so short that its words tell.

    Of others, wording alone speaks: where nothing was seen, a use is hardly rarer than elsewhere.
    """
    if conduct_asked(insight) or any(not code.is_example for code in named_code(insight)):
        return True
    clauses = clauses_of(insight)
    return not clauses or all(
        not (forbids or _MANNER.search(text) or len(text.split()) >= _MANY) for text, forbids in clauses
    )
