"""A mapping with another one beneath it: reads fall through, changes stay above.

`collections.ChainMap` for two levels, at a tenth of its cost for `get`, and a session's end asks several times for each of its learnings.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from typing import TypeVar, overload

K = TypeVar("K")
V = TypeVar("V")
D = TypeVar("D")


class Overlay(MutableMapping[K, V]):
    __slots__ = ("_beneath", "changes")

    def __init__(self, beneath: Mapping[K, V]) -> None:
        self._beneath = beneath
        #: what was set here
        self.changes: dict[K, V] = {}

    def __getitem__(self, key: K) -> V:
        return self.changes[key] if key in self.changes else self._beneath[key]

    @overload
    def get(self, key: K, default: None = None) -> V | None: ...
    @overload
    def get(self, key: K, default: V | D) -> V | D: ...
    def get(self, key: K, default: V | D | None = None) -> V | D | None:
        return self.changes[key] if key in self.changes else self._beneath.get(key, default)

    def __contains__(self, key: object) -> bool:
        return key in self.changes or key in self._beneath

    def __setitem__(self, key: K, value: V) -> None:
        self.changes[key] = value

    def __delitem__(self, key: K) -> None:
        """Only what was set here: nothing is ever taken out of what lies beneath."""
        del self.changes[key]

    def __iter__(self) -> Iterator[K]:
        yield from self._beneath
        yield from (key for key in self.changes if key not in self._beneath)

    def __len__(self) -> int:
        return len(self._beneath) + sum(key not in self._beneath for key in self.changes)
