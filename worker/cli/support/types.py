"""A moment on the command line, as RFC 3339 writes it."""

from typing import Any

import click

from worker.formats.wire import parse_timestamp


class Moment(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click alone
    """Microseconds since 1970, UTC."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return value if isinstance(value, int) else parse_timestamp(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
