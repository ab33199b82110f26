"""Every setting with its value, where that comes from, and its meaning; read only."""

from itertools import groupby

from pydantic import Field
from starlette.responses import Response

from dashboard.asked import Asked, Query
from dashboard.pages.page import Page
from worker.operations.settings import settings_in_force


class SettingsQuery(Query):
    #: words of the name or the meaning
    q: str = Field(default="", max_length=200)
    #: only what is not at its default
    changed: bool = False


def show(asked: Asked) -> Response:
    query = asked.query(SettingsQuery)
    words = query.q.casefold()
    found = [
        setting
        for setting in settings_in_force()
        if words in f"{setting.name} {setting.meaning}".casefold()
        and not (query.changed and setting.source == "default")
    ]
    groups = groupby(found, key=lambda setting: setting.name.rpartition(".")[0])
    return asked.page(
        "settings.html",
        query=query,
        groups=[(name, list(settings)) for name, settings in groups],
        active="/settings",
    )


PAGES = (Page("/settings", show),)
