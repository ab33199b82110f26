"""What the HTTP API answers to a request that is wrong: a problem document that says what to do."""

import asyncio
from collections.abc import Mapping

import httpx
import pytest
from fixtures.store import READ, WRITE, learning

from worker.store.cozo.store import CozoStore
from worker.store.server.api import application
from worker.store.server.tokens import Tokens


def ask(
    method: str, path: str, body: bytes = b"", *, token: str = WRITE, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    """Of a server that knows the learning `a`."""
    store = CozoStore(None)
    store.import_learnings([learning("a")], actor="alex", now=1)
    app = application(store, Tokens(read=READ, write=WRITE))
    given = {"Authorization": f"Bearer {token}"} if token else {}

    async def answer() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8077") as client:
            return await client.request(method, path, content=body, headers={**given, **(headers or {})})

    return asyncio.run(answer())


def told(answer: httpx.Response) -> tuple[int, str]:
    """Status and detail of a problem document."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    return answer.status_code, problem["detail"]


@pytest.mark.parametrize(
    ("token", "size", "detail"),
    [
        ("", 70_000, "64,000 bytes, the most without a known token: send one with it, or fewer at a time"),
        ("wrong", 70_000, "64,000 bytes, the most without a known token: send one with it, or fewer at a time"),
        (READ, 1_100_000, "1,000,000 bytes, the most with the read token: send fewer at a time"),
        (WRITE, 17_000_000, "16,000,000 bytes, the most with the write token: send fewer at a time"),
    ],
    ids=["no token", "unknown token", "read token", "write token"],
)
@pytest.mark.parametrize("path", ["/assignments", "/nowhere"])
def test_a_body_that_is_too_long_is_told_its_limit(path: str, token: str, size: int, detail: str) -> None:
    """Whoever sends it, and whether or not anything there would have read it."""
    assert told(ask("POST", path, b" " * size, token=token)) == (413, f"the body has more than {detail}")


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        (1, (409, "line 1 (imported) is no decision of a person's that could be undone")),
        (99, (404, "there is no line 99: its history has 1")),
    ],
)
def test_a_line_that_cannot_be_undone_is_there_or_not(number: int, answer: tuple[int, str]) -> None:
    """What no person decided is a conflict; only a line that is not there is unknown."""
    assert told(ask("POST", "/learnings/a/undo", b'{"number": %d}' % number)) == answer


@pytest.mark.parametrize("path", ["/nowhere", "/docs/nothing.js"])
def test_an_unknown_address_names_the_list_of_addresses(path: str) -> None:
    """Whichever part of the server would have looked for it."""
    assert told(ask("GET", path)) == (404, "no such address: GET /docs lists them")


@pytest.mark.parametrize(
    ("method", "path", "answered"),
    [
        ("DELETE", "/attr/status", ["GET"]),
        ("PUT", "/health", ["GET", "HEAD"]),
        ("GET", "/learnings/a/undo", ["POST"]),
        ("PATCH", "/learnings/import", ["POST"]),
        ("GET", "/rpc/open_session", ["POST"]),
    ],
)
def test_a_method_that_is_not_answered_is_told_the_others(method: str, path: str, answered: list[str]) -> None:
    """By its description, in the words as in the header: a learning of that id, which could be deleted, is not meant."""
    answer = ask(method, path)
    assert told(answer) == (405, f"{method} is not answered here: use {' or '.join(answered)}")
    assert sorted(answer.headers["allow"].split(", ")) == answered


WHERE = "tokens stand in DATA_DIR/tokens of an embedded stack, in .env of a compose stack"


@pytest.mark.parametrize(
    ("token", "answer"),
    [
        ("", (401, f"a bearer token is needed: {WHERE}")),
        ("wrong", (401, f"this token is not known: {WHERE}")),
        (READ, (403, "this token may only read: GROOVE_STORE_WRITE_TOKEN is needed")),
    ],
    ids=["none", "unknown", "read token"],
)
def test_who_may_not_is_told_where_the_tokens_are(token: str, answer: tuple[int, str]) -> None:
    """By the same words whatever the server's own folder is."""
    assert told(ask("POST", "/learnings/a/pin", token=token)) == answer


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"", (422, "the body is empty: a JSON object is needed")),
        (b'{"session_id": "\xff"}', (400, "the body is not UTF-8")),
        (
            b'{"session_id": "s", "learning_ids": ["a", "nope"]}',
            (404, "no learning nope: import them first (POST /learnings/import)"),
        ),
    ],
    ids=["empty", "latin-1", "unknown learning"],
)
def test_a_body_that_cannot_be_used_says_what_to_send(body: bytes, answer: tuple[int, str]) -> None:
    """In words of whoever sent it."""
    assert told(ask("POST", "/assignments", body, headers={"Content-Type": "application/json"})) == answer


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/attr/values?verdict=x", "verdict"),
        ("/learnings?category=x", "category"),
        ("/learnings/a/records?arm=x", "arm"),
        ("/learnings/a/over-time?epoch=x", "epoch"),
        ("/learnings?colour=x", "colour"),
    ],
)
def test_a_wrong_value_in_a_query_names_its_parameter(address: str, name: str) -> None:
    """Alone, without the types that were tried."""
    status, detail = told(ask("GET", address))
    assert (status, detail.partition(": ")[0]) == (422, name)
