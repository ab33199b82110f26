"""An experiment's interval over its sessions: a band that closes in, with the decisions that were made on the way."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markupsafe import Markup

from dashboard.charts.scale import Scale
from dashboard.charts.svg import across, element, picture, together
from dashboard.words import number, signed

_HEIGHT, _TOP, _BOTTOM = 270, 26, 240


class Closing(NamedTuple):
    #: sessions seen until then
    sessions: int
    low: float
    high: float
    middle: float
    #: False: before both arms have enough sessions, where it decides nothing
    is_complete: bool


def closing_in(points: Sequence[Closing], decisions: Sequence[tuple[int, str]], *, margin: float) -> Markup:
    """`points` ascend by their sessions; `decisions`: (sessions until then, what was decided)."""
    # what came before the experiment was complete may stick out
    shown = [point for point in points if point.is_complete] or points[len(points) // 2 :]
    scale = Scale.around([end for point in shown for end in (point.low, point.high)], margin=margin)
    most = max(1, points[-1].sessions)
    last = points[-1]
    label = (
        f"The interval after {last.sessions} sessions lies between {signed(last.low)} and {signed(last.high)}; "
        f"after {points[0].sessions} it lay between {signed(points[0].low)} and {signed(points[0].high)}."
    )
    return picture(
        label,
        _grid(scale),
        _band(points, scale, most),
        together(_decisions(decisions, most)),
        _ticks(most),
        height=_HEIGHT,
        class_="chart closing",
    )


def _y(scale: Scale, value: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * scale.at(value) / 100


def _grid(scale: Scale) -> Markup:
    upper, lower = _y(scale, scale.margin), _y(scale, -scale.margin)
    lines = [element("rect", x=0, width="100%", y=upper, height=lower - upper, class_="margin")]
    for value in (scale.side, scale.side / 2, 0.0, -scale.side / 2, -scale.side):
        y = _y(scale, value)
        lines.append(element("line", x1=0, x2="100%", y1=y, y2=y, class_="axis" if value == 0 else "grid"))
        lines.append(element("text", signed(value), x=0, y=y - 4, class_="tick"))
    return together(lines)


def _band(points: Sequence[Closing], scale: Scale, most: int) -> Markup:
    """In an inner picture whose width is 1000 units, stretched; its lines are not."""
    early = [point for point in points if not point.is_complete]
    complete = [point for point in points if point.is_complete]
    if early and complete:
        early.append(complete[0])
    shapes = [
        shape
        for part, kind in ((early, "early"), (complete, "complete"))
        if part
        for shape in _shapes(part, scale, most, kind)
    ]
    return element(
        "svg",
        *shapes,
        x=0,
        y=0,
        width="100%",
        height=_HEIGHT,
        viewBox=f"0 0 1000 {_HEIGHT}",
        preserveAspectRatio="none",
    )


def _shapes(points: Sequence[Closing], scale: Scale, most: int, kind: str) -> Iterator[Markup]:
    upper = [(1000 * point.sessions / most, _y(scale, point.high)) for point in points]
    lower = [(1000 * point.sessions / most, _y(scale, point.low)) for point in points]
    middle = [(1000 * point.sessions / most, _y(scale, point.middle)) for point in points]
    yield element("polygon", points=_path([*upper, *reversed(lower)]), class_=f"band {kind}")
    for line in (upper, lower):
        yield element("polyline", points=_path(line), class_=f"edge {kind}")
    yield element("polyline", points=_path(middle), class_=f"middle {kind}")


def _path(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _decisions(decisions: Sequence[tuple[int, str]], most: int) -> Iterator[Markup]:
    """Labels at the right half stand left of their line."""
    for place, (sessions, text) in enumerate(decisions):
        x = 100 * min(sessions / most, 1)
        anchor = "right" if x > 50 else ""
        yield element("line", x1=across(x), x2=across(x), y1=_TOP - 8, y2=_BOTTOM, class_="decision")
        yield element(
            "text",
            text,
            x=across(x),
            dx=-5 if anchor else 5,
            y=_TOP - 12 + 13 * (place % 2),
            class_=f"named {anchor}".strip(),
        )


def _ticks(most: int) -> Markup:
    places = [(0.0, "", "0"), (50.0, "centred", number(most / 2)), (100.0, "right", f"{number(most)} sessions")]
    return together(
        element("text", text, x=across(x), y=_HEIGHT - 12, class_=f"tick {kind}".strip()) for x, kind, text in places
    )
