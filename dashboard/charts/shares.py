"""How a whole is divided, as one bar with a legend."""

from collections.abc import Sequence

from markupsafe import Markup

from dashboard.charts.svg import across, element, together

_HEIGHT = 10


def shares(parts: Sequence[tuple[int, str]]) -> Markup:
    """`parts`: (number, what it is), left to right; the caller labels the whole."""
    total = sum(number for number, _ in parts) or 1
    left, bars = 0.0, []
    for number, name in parts:
        width = 100 * number / total
        if number:
            bar = element(
                "rect",
                element("title", f"{number} {name}"),
                x=across(left),
                width=across(width),
                y=0,
                height=_HEIGHT,
                class_=f"share is-{name}",
            )
            bars.append(bar)
        left += width
    return element("svg", together(bars), class_="chart shares", width="100%", height=_HEIGHT, aria_hidden="true")
