"""The public API described in OpenAPI 3.1, out of the table that the server routes by."""

import re
from functools import cache
from importlib.metadata import version
from typing import Any

from pydantic import TypeAdapter

from worker.store.server.endpoints import ENDPOINTS, Endpoint

_REFERENCES = "#/components/schemas/{model}"
_WORDS = {
    400: "not a request",
    401: "no token, or an unknown one",
    403: "this token may only read",
    404: "unknown",
    413: "too large",
    422: "not understood",
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}


@cache
def description() -> dict[str, Any]:
    results, definitions = TypeAdapter.json_schemas(
        [(endpoint.path, "serialization", endpoint.result) for endpoint in ENDPOINTS], ref_template=_REFERENCES
    )
    paths: dict[str, Any] = {}
    for endpoint in ENDPOINTS:
        result = results[endpoint.path, "serialization"]
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, result)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "groove attribution",
            "version": version("groove-attribution"),
            "description": "What learnings are worth. Times are microseconds since 1970-01-01 UTC.",
        },
        "paths": paths,
        "components": {
            "schemas": definitions.get("$defs", {}) | {"Problem": _PROBLEM},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(endpoint: Endpoint, result: Any) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": endpoint.summary,
        "operationId": re.sub(r"\W+", "_", f"{endpoint.method.lower()}{endpoint.path}").strip("_"),
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint)],
        "responses": {
            "200": {"description": "the answer", "content": {"application/json": {"schema": result}}},
            **{str(status): _problem(status) for status in endpoint.problems},
        },
    }
    if endpoint.body:
        schema = endpoint.body.model_json_schema(ref_template=_REFERENCES)
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    schema = {"type": "string", "minLength": 1, "maxLength": 255}
    names = re.findall(r"{(\w+)}", endpoint.path)
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in names]


def _query_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    schema = endpoint.query.model_json_schema(ref_template=_REFERENCES)
    shared = schema.get("$defs", {})
    return [
        {"name": name, "in": "query", "required": False, "schema": _inlined(field, shared)}
        for name, field in schema.get("properties", {}).items()
    ]


def _inlined(field: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    """A query cannot say null, so an optional field is just the other alternative."""
    alternatives = [option for option in field.get("anyOf", [field]) if option.get("type") != "null"]
    found: dict[str, Any] = alternatives[0]
    return shared[found["$ref"].rsplit("/", 1)[-1]] if "$ref" in found else found


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": _WORDS[status], "content": {"application/problem+json": {"schema": schema}}}
