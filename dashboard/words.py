"""Numbers, times and states as people read them on a page."""

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from worker.domain import VerdictKind
from worker.formats.wire import format_timestamp, moment_of
from worker.system.clock import DAY, HOUR, SECOND, now_micros

NONE = "–"
_MINUS = "−"
#: sign beside the word: colour alone tells nothing
SIGNS = {
    VerdictKind.REMOVE: "✕",
    VerdictKind.HARMFUL: "▼",
    VerdictKind.KEEP: "▲",
    VerdictKind.HARMLESS: "=",
    VerdictKind.UNDECIDED: "…",
}
MEANINGS = {
    VerdictKind.REMOVE: "harm is proven, and by estimate it is large: it is withdrawn by rule",
    VerdictKind.HARMFUL: "its whole interval lies below 0; a person may decide",
    VerdictKind.KEEP: "it helps; removing it would not pay",
    VerdictKind.HARMLESS: "its effect is too small to matter; it costs only its tokens",
    VerdictKind.UNDECIDED: "more sessions are needed",
}


def signed(value: float | None, digits: int = 2) -> str:
    """The number with a sign, also a plus, and a true minus; a zero has none."""
    if value is None:
        return NONE
    text = f"{abs(value):.{digits}f}"
    sign = "" if not float(text) else _MINUS if value < 0 else "+"
    return sign + text


def percent(share: float | None) -> str:
    return NONE if share is None else f"{share:.0%}".replace("%", " %")


def number(value: float | None) -> str:
    """Thousands apart, by a narrow space."""
    return NONE if value is None else f"{value:,.0f}".replace(",", "\u202f").replace("-", _MINUS)


def counted(value: int, things: str) -> str:
    """`3 sessions`, but `1 session`. `things`: the word that takes the plural comes last."""
    word = (
        things
        if value != 1
        else f"{things.removesuffix('ies')}y"
        if things.endswith("ies")
        else things.removesuffix("s")
    )
    return f"{number(value)} {word}"


def of_them(value: int, what: str) -> str:
    """`1 session open for more than an hour`. `what`: the word that takes the plural is the first one that ends in -s."""
    words = what.split()
    place = next((at for at, word in enumerate(words) if word.endswith("s")), len(words) - 1)
    return " ".join([counted(value, " ".join(words[: place + 1])), *words[place + 1 :]])


def size(value: int) -> str:
    """Bytes."""
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}"
        value /= 1000  # type: ignore[assignment]  # shown rounded
    return f"{value:.1f} GB"


def when(micros: int | None) -> Markup | str:
    """A `<time>`: how long ago, with the moment in UTC beside it."""
    if not micros:
        return NONE
    exact = moment_of(micros).strftime("%Y-%m-%d %H:%M:%S UTC")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        format_timestamp(micros), exact, moment_of(micros).strftime("%Y-%m-%d %H:%M")
    )


def day(micros: int) -> str:
    return moment_of(micros).strftime("%A, %-d %B %Y")


def short_day(micros: int) -> str:
    """For an axis."""
    return moment_of(micros).strftime("%-d %b %Y")


def ago(micros: int | None, now: int | None = None) -> str:
    """About how long ago."""
    if not micros:
        return "never"
    return f"{duration((now or now_micros()) - micros)} ago"


def duration(micros: int) -> str:
    for unit, name in ((DAY, "days"), (HOUR, "hours"), (60 * SECOND, "minutes")):
        if micros >= 2 * unit:
            return f"{micros // unit} {name}"
    return counted(max(0, micros) // SECOND, "seconds")


def visible(text: str) -> str:
    """What steers the direction of text or shows as nothing is spelt out, so that no id or learning looks like another."""
    return "".join(_spelt(character) for character in text)


def _spelt(character: str) -> str:
    if (
        character in "\n\t"
        or unicodedata.category(character) not in {"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"}
        or character == "\u200d"
    ):
        return character
    return f"\\u{ord(character):04x}"


def minus(text: str) -> str:
    """Numbers in a sentence with a true minus."""
    return re.sub(r"(?<![\w.])-(?=\d)", _MINUS, text)


def short(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def sign(kind: VerdictKind) -> str:
    return SIGNS[kind]


def meaning(kind: VerdictKind) -> str:
    return MEANINGS[kind]


def inert(text: str) -> str:
    """For spreadsheets, which take a cell that begins like a formula for one."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    formula = (
        "=",
        "+",
        "-",
        "@",
        "\uff1d",
        "\uff0b",
        "\uff0d",
        "\uff20",
    )  # the wide forms: some of them read these as the same
    return f"'{plain}" if plain.lstrip().startswith(formula) else plain


FILTERS: dict[str, Callable[..., Any]] = {
    "signed": signed,
    "percent": percent,
    "number": number,
    "counted": counted,
    "of_them": of_them,
    "size": size,
    "when": when,
    "day": day,
    "ago": ago,
    "duration": duration,
    "visible": visible,
    "short": short,
    "minus": minus,
    "sign": sign,
    "meaning": meaning,
}
