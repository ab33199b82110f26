"""Elements of SVG as markup, their attributes and texts escaped."""

from collections.abc import Iterable

from markupsafe import Markup, escape


def element(name: str, *children: str, **attributes: object) -> Markup:
    """`class_` is `class`, an underscore within a name a hyphen; an attribute that is None is left out. Plain texts are escaped."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_number(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(escape(child) for child in children)
    return Markup(f"<{name}{given}>{inner}</{name}>") if inner else Markup(f"<{name}{given}/>")  # noqa: S704 - all of it is escaped above


def picture(label: str, *children: str, height: int, class_: str = "chart") -> Markup:
    """A whole picture that a screen reader tells by `label`; as wide as its place."""
    return element("svg", *children, class_=class_, width="100%", height=height, role="img", aria_label=label)


def together(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


def across(percent: float) -> str:
    """A place or a length of a picture's width."""
    return f"{percent:.2f}%"


def _number(value: object) -> object:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value
