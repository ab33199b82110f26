"""Who asks: a name for the decision log, and whether they may act."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    name: str
    #: False: looks only
    may_act: bool
    #: of this login alone; form tokens are made from it
    nonce: str
