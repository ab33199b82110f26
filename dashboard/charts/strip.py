"""What happened along a session: each use of a learning and each signal at its message, as links to them."""

from collections.abc import Sequence

from markupsafe import Markup

from dashboard.charts.svg import across, element

_HEIGHT, _LINE = 64, 34


def strip(
    label: str, n_messages: int, uses: Sequence[tuple[int, str]], signals: Sequence[tuple[int, bool, str]]
) -> Markup:
    """`uses`: (message, what for); `signals`: (message, whether good, what). Good ones stand above the line, bad ones below."""
    last = max(1, n_messages - 1)
    marks = [_use(100 * at / last, at, text) for at, text in uses]
    marks += [_signal(100 * at / last, at, text, is_good=is_good) for at, is_good, text in signals]
    line = element("line", x1="1%", x2="99%", y1=_LINE, y2=_LINE, class_="axis")
    return element("svg", line, *marks, class_="chart", width="100%", height=_HEIGHT, role="group", aria_label=label)


def _x(percent: float) -> str:
    return across(1 + 0.98 * percent)


def _use(percent: float, message: int, text: str) -> Markup:
    mark = element("line", x1=_x(percent), x2=_x(percent), y1=_LINE - 9, y2=_LINE + 9, class_="use")
    return _linked(message, f"message {message}: used {text}", mark)


def _signal(percent: float, message: int, text: str, *, is_good: bool) -> Markup:
    y = _LINE - 14 if is_good else _LINE + 24
    mark = element(
        "text", "▲" if is_good else "▼", x=_x(percent), y=y, class_="good centred" if is_good else "bad centred"
    )
    return _linked(message, f"message {message}: {text}", mark)


def _linked(message: int, title: str, mark: Markup) -> Markup:
    return element("a", element("title", title), mark, href=f"#m{message}", aria_label=title)
