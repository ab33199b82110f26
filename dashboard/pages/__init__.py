"""One file per page: what it asks, and which template shows it. `PAGES` has every address.

page       an address and who answers there
login      in and out
learnings  the leaderboard, and the same as CSV
learning   all about one learning
sessions   sessions, newest first
session    one session: transcript, sums, event, steps
deciding   what people decide about learnings, and taking it back
"""

from dashboard.pages import deciding, learning, learnings, login, session, sessions
from dashboard.pages.page import Page

#: in the order in which they are looked for
PAGES: tuple[Page, ...] = (
    *login.PAGES,
    *learnings.PAGES,
    *learning.PAGES,
    *sessions.PAGES,
    *session.PAGES,
    *deciding.PAGES,
)

__all__ = ["PAGES", "Page"]
