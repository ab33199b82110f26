"""What may be known of a session: only what was so before its first answer, whatever was withheld from it.

Whatever is measured later (its length, its signals, what it used) answers to what was injected. Taking it into account would explain
real effects away.
"""

#: a level is `name=value` with one of these names
ALLOWED = ("harness", "kind", "model", "project", "prompt_length", "user")

#: characters; the first prompt's length in bands, each named by its lower end
_BANDS = (0, 50, 200, 1000, 5000)
#: characters of a value that tell levels apart
_LONGEST = 200


def level(name: str, value: str) -> str:
    """Raises `ValueError` for a name that is not allowed."""
    if name not in ALLOWED:
        raise ValueError(f"{name} is nothing that may be known of a session before its first answer")
    return f"{name}={value[:_LONGEST]}"


def prompt_band(characters: int) -> str:
    """The value of `prompt_length`."""
    return str(max(band for band in _BANDS if band <= max(characters, 0)))
