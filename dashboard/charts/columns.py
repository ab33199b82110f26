"""A number per day, or per portion of sessions, as columns."""

from collections.abc import Sequence

from markupsafe import Markup

from dashboard.charts.svg import across, element, picture

_HEIGHT, _TOP = 110, 16


def columns(
    label: str, values: Sequence[float], *, most: float, top: str, first: str, last: str, titles: Sequence[str]
) -> Markup:
    """`most`: what the whole height stands for, told as `top`; `first` and `last`: what the ends are; `titles`: one a column."""
    width = 100 / max(1, len(values))
    base = _HEIGHT - 18
    bars = []
    for place, (value, title) in enumerate(zip(values, titles, strict=True)):
        height = (base - _TOP) * (value / most if most else 0)
        bars.append(
            element(
                "rect",
                element("title", title),
                x=across(place * width + width * 0.1),
                width=across(width * 0.8),
                y=float(base - height),
                height=float(max(height, 0)),
                class_="column",
            )
        )
    return picture(
        label,
        element("line", x1=0, x2="100%", y1=_TOP, y2=_TOP, class_="grid"),
        element("text", top, x=0, y=_TOP - 4, class_="tick"),
        *bars,
        element("line", x1=0, x2="100%", y1=base, y2=base, class_="axis"),
        element("text", first, x=0, y=_HEIGHT - 3, class_="tick"),
        element("text", last, x="100%", y=_HEIGHT - 3, class_="tick right"),
        height=_HEIGHT,
    )
