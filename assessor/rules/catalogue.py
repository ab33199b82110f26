"""The learnings known so far, and what a new look at the rules files changes: new, reworded, unchanged, gone."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, Self

from pydantic import TypeAdapter, ValidationError

from assessor.rules.files import Family, Owner, RulesFile
from assessor.rules.managed import managed_pieces
from assessor.rules.matching import matched
from assessor.rules.sections import sections
from assessor.rules.split import split
from assessor.rules.units import Piece, PieceKind
from assessor.rules.wording import learning_id, normalised
from assessor.secrets import scrub
from worker.errors import InvalidFile

Unit = Literal["bullet", "section"]
_VERSION = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a learning stands: a file may name it twice, and so may two files."""

    path: str
    #: lines [first, last), from 0
    first: int
    last: int
    headings: tuple[str, ...] = ()
    group: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One learning as rules files have it. Its key is `learning_id`; its identity at the next look is text and scope."""

    learning_id: str
    #: "user", or "project:" and the project's folder
    scope: str
    unit: Unit
    kind: PieceKind
    text: str
    places: tuple[Place, ...]
    #: counts from 1; another wording is another one
    epoch: int = 1
    #: microseconds; when this wording was first seen
    since: int = 0
    #: gone from all its files; kept with its values
    is_disabled: bool = False

    @property
    def words(self) -> str:
        return normalised(self.text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    new: tuple[Rule, ...] = ()
    #: the same rule in other words: same id, next epoch
    reworded: tuple[Rule, ...] = ()
    #: the same words; places and marks may have changed
    unchanged: tuple[Rule, ...] = ()
    disabled: tuple[Rule, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalogue:
    rules: Mapping[str, Rule] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        document = {"version": _VERSION, "rules": [asdict(rule) for rule in self.rules.values()]}
        return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "replace")

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises `InvalidFile` when another release wrote it, or nobody."""
        try:
            document = json.loads(data)
            rules = _RULES.validate_python(document["rules"])
        except (ValueError, KeyError, TypeError, ValidationError) as error:
            raise InvalidFile(f"the list of known rules cannot be read: {error}") from error
        return cls(rules={rule.learning_id: rule for rule in rules})

    def look(self, files: Iterable[RulesFile], *, project: str, unit: Unit, now: int) -> tuple["Catalogue", Changes]:
        """`files` are all that the project and the person have now; rules of other projects stay as they are."""
        seen = _seen(files, project, unit)
        mine = [
            rule for rule in self.rules.values() if rule.scope in ("user", f"project:{project}") and rule.unit == unit
        ]
        changes = _changes(mine, seen, unit, set(self.rules), now)
        after = {
            rule.learning_id: rule
            for group in (changes.unchanged, changes.reworded, changes.disabled, changes.new)
            for rule in group
        }
        return Catalogue(rules={**self.rules, **after}), changes


_RULES = TypeAdapter(list[Rule])


@dataclass(kw_only=True, slots=True)
class _Seen:
    """One text in one scope, wherever it stands now."""

    piece: Piece
    scope: str
    stem: str
    text: str
    places: list[Place]
    #: its id stands in the file
    is_named: bool = False


def pieces_of(text: str, family: Family, unit: Unit) -> tuple[Piece, ...]:
    """What a rules file's text says under that unit, context included."""
    if family is Family.SKILL:
        kind = PieceKind.DESCRIPTION if normalised(text) else PieceKind.CONTEXT
        return (Piece(kind=kind, text=text, first=0, last=1),)
    if family is Family.MANAGED:
        return managed_pieces(text, unit)
    pieces = split(text)
    return sections(pieces) if unit == "section" else pieces


def _seen(files: Iterable[RulesFile], project: str, unit: Unit) -> list[_Seen]:
    found: dict[tuple[str, str], _Seen] = {}
    for file in files:
        scope = "user" if file.owner is Owner.USER else f"project:{project}"
        for piece in pieces_of(file.text, file.family, unit):
            if not piece.is_learning:
                continue
            text = scrub(piece.text)
            place = Place(
                path=str(file.path), first=piece.first, last=piece.last, headings=piece.headings, group=piece.group
            )
            is_named = file.family is Family.MANAGED
            one = found.setdefault(
                (scope, normalised(text)),
                _Seen(piece=piece, scope=scope, stem=file.stem, text=text, places=[], is_named=is_named),
            )
            one.places.append(place)
    return list(found.values())


def _changes(mine: list[Rule], seen: list[_Seen], unit: Unit, taken: set[str], now: int) -> Changes:
    pairs = _pairs(mine, seen)
    new: list[Rule] = []
    reworded: list[Rule] = []
    unchanged: list[Rule] = []
    for number, one in enumerate(seen):
        if number not in pairs:
            new.append(_first_seen(one, unit, taken, now))
            taken.add(new[-1].learning_id)
            continue
        before = mine[pairs[number]]
        same = before.words == normalised(one.text)
        # marks alone make no other text where the file was written from it
        text = before.text if same and one.is_named else one.text
        after = replace(before, text=text, kind=one.piece.kind, places=tuple(one.places), is_disabled=False)
        (unchanged if same else reworded).append(after if same else replace(after, epoch=before.epoch + 1, since=now))
    gone = set(range(len(mine))) - set(pairs.values())
    return Changes(
        new=tuple(new),
        reworded=tuple(reworded),
        unchanged=tuple(unchanged),
        disabled=tuple(replace(mine[number], is_disabled=True, places=()) for number in sorted(gone)),
    )


def _pairs(mine: list[Rule], seen: list[_Seen]) -> dict[int, int]:
    """The id that the file itself gives; the same words anywhere in the scope, so that moving keeps the id; similar words in one file."""
    by_id = {rule.learning_id: place for place, rule in enumerate(mine)}
    named = [(number, one.piece.given_id) for number, one in enumerate(seen) if one.is_named]
    pairs = {number: by_id[given] for number, given in named if given in by_id}
    by_words = {(rule.scope, rule.words): place for place, rule in enumerate(mine) if place not in set(pairs.values())}
    for number, one in enumerate(seen):
        if number not in pairs and (place := by_words.get((one.scope, normalised(one.text)))) is not None:
            pairs[number] = place
    for path in sorted({place.path for one in seen for place in one.places}):
        old = [
            place for place, rule in enumerate(mine) if place not in pairs.values() and _stands_in(rule.places, path)
        ]
        fresh = [number for number, one in enumerate(seen) if number not in pairs and _stands_in(one.places, path)]
        found = matched([mine[place].words for place in old], [normalised(seen[number].text) for number in fresh])
        pairs |= {fresh[after]: old[before] for after, before in found.items()}
    return pairs


def _stands_in(places: Iterable[Place], path: str) -> bool:
    return any(place.path == path for place in places)


def _first_seen(one: _Seen, unit: Unit, taken: set[str], now: int) -> Rule:
    chosen = one.piece.given_id if one.piece.given_id and one.piece.given_id not in taken else None
    given = chosen or learning_id(one.stem, one.scope, one.text)
    number = 2
    base = given
    while given in taken:
        given, number = f"{base}-{number}", number + 1
    return Rule(
        learning_id=given,
        scope=one.scope,
        unit=unit,
        kind=one.piece.kind,
        text=one.text,
        places=tuple(one.places),
        since=now,
    )
