"""A moment on the command line, as RFC 3339 writes it; a date alone is its beginning, UTC."""

from typing import Any

import click

from worker.formats.wire import parse_timestamp


class Moment(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click alone
    """Microseconds since 1970, UTC."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            if isinstance(value, int):
                return value
            return parse_timestamp(f"{value}T00:00:00Z" if len(value) == len("2026-01-31") else value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
