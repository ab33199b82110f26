"""Words for people that commands and pages share."""


def counted(number: int, things: str) -> str:
    """`3 sessions`, but `1 session`. `things`: the word that takes the plural comes last."""
    return f"{number} {things.removesuffix('s') if number == 1 else things}"


def told(error: Exception) -> str:
    """What went wrong and, where somebody noted it, what to do: one line."""
    return "; ".join([str(error), *getattr(error, "__notes__", ())])
