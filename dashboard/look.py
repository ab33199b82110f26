"""How pages look: templates, and the files that browsers fetch beside them, under a name that changes with their content."""

import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dashboard import charts, words

_HERE = Path(__file__).parent
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Look:
    def __init__(self) -> None:
        self.files = {
            file.name: file.read_bytes() for file in sorted((_HERE / "static").iterdir()) if file.suffix in _KINDS
        }
        #: of all of them: a page and its files always belong together
        self.version = hashlib.blake2b(b"".join(self.files.values()), digest_size=8).hexdigest()
        self._environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {"chart": charts, "static_version": self.version}
        self._environment.filters |= words.FILTERS

    def render(self, template: str, **context: Any) -> str:
        return self._environment.get_template(template).render(context)

    def file(self, name: str) -> tuple[bytes, str] | None:
        """-> (content, its kind)."""
        found = self.files.get(name)
        return None if found is None else (found, _KINDS[Path(name).suffix])
