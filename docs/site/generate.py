"""Pages of the reference that are made from the code while the site is built: commands, HTTP API, events, metrics."""

from collections.abc import Callable

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from command_pages import commands
from event_pages import events
from http_pages import http_api
from metric_pages import metrics

#: page -> what writes it
PAGES: dict[str, Callable[[], str]] = {
    "reference/commands.md": commands,
    "reference/http-api.md": http_api,
    "reference/events.md": events,
    "reference/metrics.md": metrics,
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """MkDocs' own hook: add the pages to those that stand in `docs/`."""
    for path, write in PAGES.items():
        files.append(File.generated(config, path, content=write()))
    return files
