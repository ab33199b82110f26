"""The public API against its own description: schemathesis asks it everything that the description allows, and more."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import schemathesis
from fixtures.store import WRITE, learning, record, store_server, version
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import negative_data_rejection

from worker.store.client import HttpStore
from worker.store.server.openapi import description

schema = schemathesis.openapi.from_dict(description())


@pytest.fixture(scope="module")
def api_address() -> Iterator[str]:
    with store_server("http://127.0.0.1:0") as (address, _):
        store = HttpStore(address, token=WRITE)
        store.import_learnings([learning("known"), learning("a/b")], actor="alex", now=1)
        store.store_attribution(record("known", "session"), version())
        store.finish_session("session", version(), records=[])
        yield address


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_api_keeps_to_its_description(case: schemathesis.Case[Any], api_address: str) -> None:
    """Every answer has a documented status, type and shape; nothing unintended is accepted, nothing crashes."""
    response = case.call(base_url=api_address, headers={"Authorization": f"Bearer {WRITE}"})
    case.validate_response(
        response, excluded_checks=[negative_data_rejection] if lost_on_the_way(case, response) else []
    )


def lost_on_the_way(case: schemathesis.Case[Any], response: schemathesis.Response) -> bool:
    """A generated query may hold what no URL can say (an empty list): then a valid request arrived after all."""
    sent = parse_qs(urlsplit(str(response.request.url)).query, keep_blank_values=True)
    return set(sent) != set(case.query or {})
