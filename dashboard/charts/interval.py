"""One learning's interval, on the scale of its page: filled when its experiment is complete, dashed before, hollow when only observed."""

from markupsafe import Markup

from dashboard.charts.scale import Scale
from dashboard.charts.svg import across, element, picture
from dashboard.words import signed

_HEIGHT, _MIDDLE = 26, 13


def interval(
    scale: Scale,
    value: float,
    low: float,
    high: float,
    *,
    kind: str,
    is_observed: bool = False,
    is_open: bool = False,
) -> Markup:
    """`kind`: the verdict, which gives the colour; `is_open`: the experiment is not complete."""
    what = "observed" if is_observed else "95 % interval so far" if is_open else "95 % interval"
    label = f"{what} {signed(low)} to {signed(high)}, at {signed(value)}"
    marks = _span(scale, low, high)
    dot = element("circle", cx=across(scale.at(value)), cy=_MIDDLE, r=4.5, class_="dot")
    return picture(
        label,
        _margin(scale),
        element("line", x1="50%", x2="50%", y1=0, y2=_HEIGHT, class_="zero"),
        element("g", *marks, dot, class_=f"of-{kind}{' observed' if is_observed else ' open' if is_open else ''}"),
        height=_HEIGHT,
        class_="chart row",
    )


def _margin(scale: Scale) -> Markup:
    left = scale.at(-scale.margin)
    width = scale.at(scale.margin) - left
    return element("rect", x=across(left), width=across(width), y=0, height=_HEIGHT, class_="margin")


def _span(scale: Scale, low: float, high: float) -> list[Markup]:
    """An end that lies outside of the picture has no cap."""
    ends = [across(scale.at(end)) for end in (low, high) if scale.holds(end)]
    return [
        element("line", x1=across(scale.at(low)), x2=across(scale.at(high)), y1=_MIDDLE, y2=_MIDDLE, class_="span"),
        *(element("line", x1=end, x2=end, y1=_MIDDLE - 5, y2=_MIDDLE + 5, class_="end") for end in ends),
    ]
