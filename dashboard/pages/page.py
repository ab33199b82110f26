"""An address of the dashboard and who answers there; an action is a POST."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from dashboard.asked import Asked


@dataclass(frozen=True, slots=True)
class Page:
    path: str
    answer: Callable[[Asked], Response]
    method: str = "GET"
    #: of a POST: whether it needs a form of this login, and one that lets act
    needs_form_token: bool = True
    needs_right_to_act: bool = True
