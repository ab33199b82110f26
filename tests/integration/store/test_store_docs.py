"""The API's page holds all it needs, and shows itself to who knows the read token."""

import re
from base64 import b64encode

import httpx
import pytest
from fixtures.store import READ, WRITE, store_server


def basic(password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"anyone:{password}".encode()).decode()}


def test_the_page_asks_nobody_else() -> None:
    """Script, style and icon come from the store itself, and a browser is told to take them from nowhere else."""
    with store_server("http://127.0.0.1:0") as (address, _):
        page = httpx.get(f"{address}/docs", headers=basic(READ))
        assert page.status_code == 200
        assert "default-src 'self'" in page.headers["content-security-policy"]
        loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert sorted(loaded) == ["/docs/favicon.png", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"]
        for place in loaded:
            assert len(httpx.get(address + place, headers=basic(READ)).content) > 500
        assert httpx.get(f"{address}/docs/..%2fconsts.py", headers=basic(READ)).status_code == 404


@pytest.mark.parametrize("path", ["/docs", "/docs/swagger-ui.css"])
def test_a_browser_is_asked_for_the_token(path: str) -> None:
    """As a password, under any name; and that password opens nothing else, so no page of another site can use it."""
    with store_server("http://127.0.0.1:0") as (address, _):
        for headers in ({}, basic("wrong"), {"Authorization": "Basic ?"}, {"Authorization": "Bearer wrong"}):
            answer = httpx.get(address + path, headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Basic realm="groove"')
        for headers in (basic(READ), basic(WRITE), {"Authorization": f"Bearer {READ}"}):
            assert httpx.get(address + path, headers=headers).status_code == 200
        assert httpx.get(f"{address}/attr/status", headers=basic(WRITE)).status_code == 401
