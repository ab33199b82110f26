"""Old rules and new ones of the same file, one to one: the same words first, then the most similar ones."""

from collections.abc import Sequence

from rapidfuzz import fuzz, process

from assessor.rules.wording import is_flipped

#: percent; over 248 real edits, from here on it was the same rule to a reader
SAME_RULE = 78.0


def matched(old: Sequence[str], new: Sequence[str]) -> dict[int, int]:
    """Index of new -> index of old, over normalised texts; what is missing is new, or gone."""
    pairs = _equal(old, new)
    free_old = [place for place in range(len(old)) if place not in set(pairs.values())]
    free_new = [place for place in range(len(new)) if place not in pairs]
    for _, mine, yours in _similar([old[place] for place in free_old], [new[place] for place in free_new]):
        before, after = free_old[mine], free_new[yours]
        if after not in pairs and before not in pairs.values():
            pairs[after] = before
    return pairs


def _equal(old: Sequence[str], new: Sequence[str]) -> dict[int, int]:
    places: dict[str, list[int]] = {}
    for place, text in enumerate(old):
        places.setdefault(text, []).append(place)
    return {place: places[text].pop(0) for place, text in enumerate(new) if places.get(text)}


def _similar(old: Sequence[str], new: Sequence[str]) -> list[tuple[float, int, int]]:
    """(similarity, old, new), most similar first."""
    scores = process.cdist(old, new, scorer=fuzz.ratio, score_cutoff=SAME_RULE) if old and new else ()
    found = [
        (float(score), mine, yours)
        for mine, row in enumerate(scores)
        for yours, score in enumerate(row)
        if score >= SAME_RULE and not is_flipped(old[mine], new[yours])
    ]
    return sorted(found, key=lambda each: (-each[0], each[1], each[2]))
