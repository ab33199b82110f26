"""Every figure that a part offers to Prometheus, read from where the code makes it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import worker

#: what makes a figure -> its kind
_KINDS = {
    "Gauge": "gauge",
    "GaugeMetricFamily": "gauge",
    "_by": "gauge",
    "_age": "gauge",
    "Counter": "counter",
    "CounterMetricFamily": "counter",
    "Histogram": "histogram",
}
#: folder of the worker's code -> where its figures are served
_SERVED = {"metrics/stack.py": "bridges", "metrics/work.py": "workers", "store/server/runner.py": "the store"}
_HEAD = """# Metrics

Made from the code. Each part serves its figures at `/metrics`: see [Watch the system](../how-to/watch.md). The times of the
store's own calls end in `_seconds`.

| metric | kind | served by | meaning |
|---|---|---|---|
"""


def metrics() -> str:
    """The page, in Markdown. Raises `LookupError` when a file holds no figure: then this page looks in the wrong place."""
    return _HEAD + "\n".join(
        f"| `{name}` | {kind} | {part} | {meaning} |"
        for file, part in _SERVED.items()
        for name, kind, meaning in _figures(Path(worker.__file__).parent / file)
    )


def _figures(path: Path) -> Iterator[tuple[str, str, str]]:
    found = [
        (name, _KINDS[node.func.id], meaning)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _KINDS
        for name, meaning in [_texts(node)]
        if name.startswith("groove_")
    ]
    if not found:
        raise LookupError(f"{path} makes no figure")
    yield from found


def _texts(call: ast.Call) -> tuple[str, str]:
    texts = [each.value if isinstance(each, ast.Constant) else "" for each in call.args[:2]]
    return str(texts[0]) if texts else "", str(texts[1]) if len(texts) > 1 else ""
