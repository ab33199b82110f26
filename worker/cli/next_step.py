"""`groove` alone: where things stand in this folder, and what to do next."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assessor.archive import is_archive, open_archive
from assessor.belonging import project_of
from assessor.hooks.assistants import ASSISTANTS, Homes, Scope
from assessor.hooks.installation import names_the_hook
from worker.cli.support.known_rules import FOLDER
from worker.cli.support.output import print_facts
from worker.domain import LearningValue, VerdictKind
from worker.errors import GrooveError
from worker.formats.learnings_file import PLACE
from worker.local.folder import is_owned
from worker.operations.connections import open_store, open_the_ledger
from worker.operations.ids import beginnings
from worker.operations.wording import counted
from worker.settings import Settings, load_settings

#: (command, what it does)
Step = tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    #: one sentence
    told: str
    steps: tuple[Step, ...]


def print_next_step() -> None:
    """Nothing is made or started for it but, at most, the store of a folder that is there."""
    import click

    situation = look(load_settings())
    click.echo(situation.told)
    print_facts(list(situation.steps))
    click.echo("`groove --help` lists all commands.")


def look(settings: Settings) -> Situation:
    """Where things stand. What cannot be reached is a situation too."""
    if _has_no_ledger(settings) and not settings.store.url:
        return _of_nothing_sent(settings)
    try:
        return _of_what_is_stored(settings) if _has_no_ledger(settings) else _of_all(settings)
    except GrooveError as error:
        return Situation(told=f"A part cannot be reached: {error}.", steps=tuple(_helps(settings)))


def _of_all(settings: Settings) -> Situation:
    with open_the_ledger(settings) as ledger:
        counts = ledger.counts.count()
    sessions = sum(counts.sessions.values())
    if not sessions:
        return _of_nothing_sent(settings)
    is_up = settings.broker is not None or is_owned(settings)
    if counts.sessions.get("finished", 0) < sessions and not is_up:
        return _unfinished(sessions - counts.sessions.get("finished", 0))
    with open_store(settings) as store:
        return of_values(sessions, store.values(), missing=_missing())


def _of_what_is_stored(settings: Settings) -> Situation:
    """A store elsewhere, and no ledger here: a laptop that only looks."""
    with open_store(settings) as store:
        return of_values(store.status().counts["sessions"], store.values(), missing=_missing())


def _helps(settings: Settings) -> Iterator[Step]:
    """Parts that others run are not started from here."""
    yield "groove doctor", "what is wrong, and what to do"
    if not settings.store.url:
        yield "groove up", "start the embedded parts"


_NOTHING = Situation(
    told="Nothing is here yet.",
    steps=(
        ("groove import", "read the sessions that your assistant keeps, in this repository; sends nothing anywhere"),
        ("groove run FILE", "or events of your own; `make demo` in a checkout of this project shows an example"),
    ),
)


_CUT_OFF = Situation(
    told="An import has read sessions and sent none yet: it is still at work, or it was cut off.",
    steps=(("groove import", "goes on with one that was cut off: what was read is kept"),),
)


def _of_nothing_sent(settings: Settings) -> Situation:
    """Sessions that were read and not sent: an import is between the two, or was killed there."""
    folder = settings.data_dir / FOLDER
    if not is_archive(folder):
        return _NOTHING
    with open_archive(folder) as archive:
        return _CUT_OFF if archive.sessions() else _NOTHING


def _has_no_ledger(settings: Settings) -> bool:
    return settings.ledger is None and not (settings.data_dir / "ledger.sqlite").exists()


def _unfinished(number: int) -> Situation:
    return Situation(
        told=f"{counted(number, 'sessions')} {'waits' if number == 1 else 'wait'} to be attributed, and no stack runs.",
        steps=(("groove up", "finishes them, and stays until Ctrl-C"), ("groove sessions list", "what they wait for")),
    )


_TO_BEGIN = (
    ("groove adopt CLAUDE.md", "hands over the learnings of a rules file"),
    ("groove hook install claude-code", "lets the experiment run with them in your assistant"),
)
_TO_WAIT = (
    ("groove up", "attributes sessions as they come, and stays until Ctrl-C"),
    ("groove hook status", "which sessions took part"),
)


def _missing() -> tuple[Step, ...]:
    """What an experiment in this project still needs before it begins."""
    project, homes = Path(project_of(str(Path.cwd()))), Homes(home=Path.home(), environ=os.environ)
    places = [chosen.settings(scope, project, homes) for chosen in ASSISTANTS.values() for scope in Scope]
    done = ((project / PLACE).exists(), any(map(names_the_hook, places)))
    return tuple(step for step, is_done in zip(_TO_BEGIN, done, strict=True) if not is_done)


def of_values(sessions: int, values: list[LearningValue], *, missing: tuple[Step, ...] = _TO_BEGIN) -> Situation:
    """A store that answers: is there an experiment, what did it find, what comes next?

    `missing`: the steps without which no experiment begins.
    """
    known = f"{counted(sessions, 'sessions')} and {counted(len(values), 'learnings')} are known"
    if not any(value.sessions_without for value in values):
        return Situation(
            told=f"{known}. No session went without a learning by chance, so values are observed only and decide nothing."
            + ("" if missing else " Each session that begins from now on is."),
            steps=(("groove values", "what followed each learning's uses"), *(missing or _TO_WAIT)),
        )
    verdicts = Counter(value.verdict.kind for value in values)
    decided = ", ".join(f"{number} {kind}" for kind, number in verdicts.items() if kind is not VerdictKind.UNDECIDED)
    return Situation(told=f"{known}. Verdicts: {decided or 'none yet'}.{_next(values)}", steps=tuple(_acts(verdicts)))


def _next(values: list[LearningValue]) -> str:
    """The verdict that is expected next."""
    waiting = [
        (value.verdict.sessions_needed, value.learning_id)
        for value in values
        if value.verdict.kind is VerdictKind.UNDECIDED and value.verdict.sessions_needed and value.sessions_without
    ]
    if not waiting:
        return ""
    needed, learning_id = min(waiting)
    shown = beginnings(value.learning_id for value in values)[learning_id]
    return f" The next is expected after about {counted(needed, 'more sessions')} that could have {shown}."


def _acts(verdicts: Counter[VerdictKind]) -> Iterator[Step]:
    if verdicts[VerdictKind.REMOVE] or verdicts[VerdictKind.HARMFUL] or verdicts[VerdictKind.HARMLESS]:
        yield "groove prune", "what may go, and what it saves"
    yield "groove values", "what each learning is worth"
    yield "groove web", "the same, and more, in a browser"
    yield "groove doctor", "whether the experiment can be trusted"
