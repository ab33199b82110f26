"""Every endpoint of the store's public API with its parameters and answers, from its OpenAPI document."""

from collections.abc import Iterator
from typing import Any, cast

from worker.store.protocol import AttributionStore
from worker.store.server.api import application
from worker.store.server.tokens import Tokens

_HEAD = """# HTTP API

Made from the store's OpenAPI document, which it also serves at `/openapi.json`.
How to use it: [the HTTP API](../http.md).
"""
_METHODS = ("get", "post", "put", "delete")


def http_api() -> str:
    """The page, in Markdown."""
    # it is only described, never asked
    document = application(cast("AttributionStore", None), Tokens(read="", write="")).openapi()
    endpoints = [
        _endpoint(path, method, item[method])
        for path, item in sorted(document["paths"].items())
        for method in _METHODS
        if method in item
    ]
    return "\n".join([_HEAD, *endpoints, "## Objects\n", *_objects(document)])


def _endpoint(path: str, method: str, operation: dict[str, Any]) -> str:
    lines = [f"## `{method.upper()} {path}`\n", operation.get("description") or operation.get("summary", ""), ""]
    if parameters := operation.get("parameters"):
        lines += ["| parameter | in | type | meaning |", "|---|---|---|---|"]
        lines += [
            f"| `{each['name']}` | {each['in']} | {_type(each['schema'])} | {_line(each.get('description', ''))} |"
            for each in parameters
        ]
        lines.append("")
    if body := operation.get("requestBody"):
        lines += [f"Body: {_content(body['content'])}.", ""]
    answers = [
        f"{status}: {_content(answer.get('content', {})) or _line(answer['description'])}"
        for status, answer in operation["responses"].items()
    ]
    return "\n".join([*lines, f"Answers: {'; '.join(answers)}.", ""])


def _content(content: dict[str, Any]) -> str:
    return " or ".join(_type(each.get("schema", {})) for each in content.values())


def _objects(document: dict[str, Any]) -> Iterator[str]:
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield f"### {name}\n\n{_line(schema.get('description', ''))}\n"
        if properties := schema.get("properties"):
            yield "| field | type | meaning |\n|---|---|---|"
            yield "\n".join(
                f"| `{field}` | {_type(each)} | {_line(each.get('description', ''))} |"
                for field, each in properties.items()
            )
            yield ""
        elif "enum" in schema:
            yield f"One of {', '.join(f'`{each}`' for each in schema['enum'])}.\n"


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if alternatives := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        return " or ".join(_type(each) for each in alternatives)
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items') or {})}"
    if isinstance(more := schema.get("additionalProperties"), dict):
        return f"object of {_type(more)}"
    return str(schema.get("type", "any"))


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
