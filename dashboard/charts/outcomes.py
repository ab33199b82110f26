"""How the sessions of an arm ended: the share of them at each outcome."""

from collections.abc import Sequence

from markupsafe import Markup

from dashboard.charts.svg import across, element, picture
from dashboard.words import percent, signed

_HEIGHT, _TOP, _BASE = 96, 18, 76


def outcomes(label: str, shares: Sequence[tuple[float, float]], *, most: float, mean: float | None, arm: str) -> Markup:
    """`shares`: (outcome in [−1, 1], share of the arm's sessions); `most`: the share that the whole height stands for."""
    bars = [_bar(outcome, share, most) for outcome, share in shares if share]
    middle = [] if mean is None else [_mean(mean)]
    ticks = [
        element("text", text, x=across(_at(value)), y=_HEIGHT - 4, class_="tick centred")
        for value, text in ((-1, "−1"), (0, "0"), (1, "+1"))
    ]
    axis = element("line", x1=0, x2="100%", y1=_BASE, y2=_BASE, class_="axis")
    return picture(label, *bars, axis, *middle, *ticks, height=_HEIGHT, class_=f"chart arm-{arm}")


def _at(outcome: float) -> float:
    return 8 + 42 * (outcome + 1)


def _bar(outcome: float, share: float, most: float) -> Markup:
    height = (_BASE - _TOP) * share / most
    return element(
        "g",
        element("title", f"{percent(share)} ended at {signed(outcome, 1)}"),
        element("rect", x=across(_at(outcome) - 3.5), width="7%", y=_BASE - height, height=height, class_="column"),
        element("text", percent(share), x=across(_at(outcome)), y=_BASE - height - 4, class_="tick centred"),
    )


def _mean(mean: float) -> Markup:
    x = across(_at(mean))
    return element("line", element("title", f"mean {signed(mean)}"), x1=x, x2=x, y1=_TOP - 8, y2=_BASE, class_="mean")
