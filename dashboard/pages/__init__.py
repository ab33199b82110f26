"""One file per page: what it asks, and which template shows it. `PAGES` has every address.

page          an address and who answers there
login         in and out
learnings     the leaderboard, and the same as CSV
learning      all about one learning
sessions      sessions, newest first
session       one session: transcript, sums, event, steps
deciding      what people decide about learnings, and taking it back
experiment    whether the experiments go well, and when the next verdicts come
operations    parts, queues, lag, findings
failed        what failed, tried again
dead_letters  what could not be read, tried again
what_if       other settings tried on the stored records
prune         what may go, and what it saves
settings      every setting
"""

from dashboard.pages import (
    dead_letters,
    deciding,
    experiment,
    failed,
    learning,
    learnings,
    login,
    operations,
    prune,
    session,
    sessions,
    settings,
    what_if,
)
from dashboard.pages.page import Page

#: in the order in which they are looked for
PAGES: tuple[Page, ...] = (
    *login.PAGES,
    *learnings.PAGES,
    *learning.PAGES,
    *sessions.PAGES,
    *session.PAGES,
    *deciding.PAGES,
    *experiment.PAGES,
    *operations.PAGES,
    *failed.PAGES,
    *dead_letters.PAGES,
    *what_if.PAGES,
    *prune.PAGES,
    *settings.PAGES,
)

__all__ = ["PAGES", "Page"]
