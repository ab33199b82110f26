"""The browser and the dashboard that it looks at."""

from fixtures.browser import browser, dashboard, login, page

__all__ = ["browser", "dashboard", "login", "page"]
