"""Requests that are refused at the door: foreign host names, writes from other sites' pages, endless bodies."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import httpx
import pytest
from fixtures.store import learning

from worker.store.cozo.store import CozoStore
from worker.store.server.api import application
from worker.store.server.tokens import Tokens


def send(
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    max_body: int = 1000,
    content: AsyncIterator[bytes] | None = None,
) -> httpx.Response:
    """To a server that knows the learning `a` and may be asked as `groove.internal`."""
    store = CozoStore(None)
    store.import_learnings([learning("a")], actor="alex", now=1)
    app = application(store, Tokens(), hosts=["groove.internal"], max_body_bytes=max_body)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8077") as client:
            return await client.request(method, path, content=content, headers=headers)

    return asyncio.run(ask())


@pytest.mark.parametrize("host", ["localhost:8077", "127.0.0.1", "[::1]:8077", "10.0.0.7:8077", "Groove.Internal:80"])
def test_known_names_and_addresses_are_served(host: str) -> None:
    """Loopback, any plain address, and what is configured."""
    assert send("GET", "/attr/status", {"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8077", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::1"]
)
@pytest.mark.parametrize("path", ["/attr/status", "/health", "/rpc/get_session_version", "/nowhere"])
def test_a_foreign_name_is_refused_everywhere(host: str, path: str) -> None:
    """Whatever is asked: a name that somebody points here must not make a browser believe that this is their site."""
    answer = send("GET", path, {"Host": host})
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert "store.hosts" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "http://localhost:8077"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://localhost:9000"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_pages_of_other_sites_may_not_write(headers: dict[str, str], status: int) -> None:
    """Programs, and pages that came from here, may; reading is left to the browser's own rule."""
    assert send("POST", "/learnings/a/pin", headers).status_code == status
    assert send("GET", "/attr/show/a", headers).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Host": "evil.example"}], ids=["served", "refused"])
def test_pages_of_other_sites_cannot_load_answers(headers: dict[str, str]) -> None:
    """Neither as a script nor as a picture: every answer says what it is, and that it is for its own site."""
    answer = send("GET", "/attr/status", headers)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/learnings/a/pin", "/rpc/finish_session"])
def test_a_streamed_body_has_a_limit(path: str) -> None:
    """Without a declared length it is cut off once it is too long; one that fits is read."""

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100

    cut = send("POST", path, content=endless())
    assert (cut.status_code, cut.headers["content-type"]) == (413, "application/problem+json")
    assert cut.json()["detail"] == "the body has more than 1,000 bytes, the most of one request: send fewer at a time"
    assert send("POST", path, content=endless(), max_body=2000).status_code == 422
