"""The table of `docs/http.md` names what the store server serves, and nothing else."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from fastapi.routing import APIRoute

from worker.store.protocol import AttributionStore
from worker.store.server.api import application
from worker.store.server.routes import description
from worker.store.server.tokens import Tokens

_PAGE = Path(__file__).parents[2] / "docs" / "http.md"
#: what the page is made of that shows the description
_PARTS = {"/docs/{}"}


def _served() -> set[str]:
    # it is only described, never asked
    paths = application(cast("AttributionStore", None), Tokens(read="", write="")).openapi()["paths"]
    return {f"{method.upper()} {_nameless(path)}" for path, item in paths.items() for method in item}


def _told() -> Iterator[str]:
    """From the table's first column: `GET /a/{id}/b`, then `…/c` or `c` for `GET /a/{id}/c`."""
    for cell in re.findall(r"^\| (`.*?`) \|", _PAGE.read_text(encoding="utf-8"), re.MULTILINE):
        before = ""
        for code in re.findall(r"`([^`]+)`", cell):
            before = code if " " in code else f"{before.rpartition('/')[0]}/{code.removeprefix('…/')}"
            yield _nameless(before)


def _nameless(path: str) -> str:
    return re.sub(r"{\w+}", "{}", path)


def test_the_table_names_every_endpoint_and_no_other() -> None:
    """What the server describes, and `/metrics` and `/health` beside it, each in one row."""
    told = list(_told())
    assert sorted(told) == sorted(_served() | {"GET /metrics", "GET /health"})


def test_the_page_tells_of_what_is_not_described() -> None:
    """Endpoints that the description leaves out, as it is about none of them."""
    routes = [route for route in description.router.routes if isinstance(route, APIRoute)]
    assert len(routes) > 1
    told = [route.path for route in routes if _nameless(route.path) not in _PARTS]
    page = _PAGE.read_text(encoding="utf-8")
    assert [path for path in told if f"`GET {path}`" not in page] == []
