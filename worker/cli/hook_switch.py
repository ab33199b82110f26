"""`groove hook switch`: rules files with what each period is assigned, for assistants that have no hooks."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import structlog

from assessor.belonging import project_of
from assessor.hooks.assistants import ASSISTANTS
from assessor.managed.adopting import rules_file
from assessor.managed.switchback import Change, Switched, begin, beginning, end, ending, switch
from assessor.rules.files import Family, RulesFile, loads
from worker.cli.support.diffs import confirm, must_not_ask, show_diff
from worker.cli.support.output import moment, plain, print_json, with_times
from worker.errors import GrooveError, NotFound
from worker.formats.hook_folder import HookFolder
from worker.formats.hook_switchback import Every, Switchback, read_switchback
from worker.formats.transcripts.session import Harness
from worker.settings import Settings, load_settings
from worker.system.clock import now_micros

_INTERVAL_S = 5.0
_log = structlog.get_logger(__name__)


@click.command("switch")
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--every",
    type=click.Choice([str(each) for each in Every]),
    default=str(Every.HOUR),
    show_default=True,
    help="How long a period lasts; one period is one observation.",
)
@click.option("--end", "is_end", is_flag=True, help="Take the learnings out of the file again.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True)
def switch_command(file: Path | None, every: str, *, is_end: bool, yes: bool, as_json: bool) -> None:
    """A switchback, for assistants without hooks: a rules file that holds the learnings that each period is assigned.

    With FILE it begins: adopted learnings are written into the file, anew for each period, by `groove up` or by this command without FILE,
    from cron for example. That needs no server. What a person edits between the marks is left; edit .groove/learnings.md instead.
    The status is 1 where a file could not be kept.
    """
    if file is not None:
        must_not_ask(as_json=as_json, yes=yes)
    settings = load_settings()
    if file is not None:
        do = _end if is_end else _begin
        told = do(settings, file, Every(every), yes=yes, as_json=as_json)
        if told and not as_json:
            click.echo(told)
    elif is_end:
        raise click.UsageError("--end needs a FILE")
    done = switch(settings.data_dir)
    known = read_switchback(HookFolder(settings.data_dir).switchback)
    if known is None or not (known.files or is_end):
        raise NotFound("no switchback here: groove hook switch AGENTS.md begins one")
    if as_json:
        print_json(_facts(known, done))
    else:
        _tell(known, done)
    sys.exit(0 if all(each.is_current for each in done) else 1)


@contextmanager
def switching(settings: Settings) -> Iterator[None]:
    """Every period of the switchback is written beside the block, as soon as it begins."""
    stopping = threading.Event()
    thread = threading.Thread(target=_keep_switching, args=(settings, stopping), name="switchback", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def _keep_switching(settings: Settings, stopping: threading.Event) -> None:
    told: object = None
    while not stopping.wait(_INTERVAL_S):
        try:
            done = switch(settings.data_dir, is_noted=False)
            said: object = tuple((each.file, each.reason) for each in done if each.reason)
            if any(each.is_written for each in done):
                _log.info("switchback.written", files=[each.file for each in done if each.is_written])
        except GrooveError as error:
            said = str(error)
        except Exception as error:  # noqa: BLE001 - nobody would notice that it has ended
            said = repr(error)
        if said and said != told:
            _log.warning("switchback.left", reason=said)
        told = said


def _begin(settings: Settings, file: Path, every: Every, *, yes: bool, as_json: bool) -> str:
    from worker.cli.adopt import looked_at

    root = Path(project_of(str(file.resolve().parent)))
    rules = rules_file(looked_at(settings, root, "bullet"), file)
    change = beginning(root, rules, settings.data_dir, every, now=now_micros())
    _ask(change, f"Let groove write this into {file}, anew each {every}?", yes=yes, as_json=as_json)
    begin(change, rules, settings.data_dir, every, now=now_micros())
    return _rest_hooks(settings, rules)


def _ask(change: Change, question: str, *, yes: bool, as_json: bool) -> None:
    if not as_json:
        show_diff(change.path, change.before, change.after)
    confirm(question, yes=yes)


def _rest_hooks(settings: Settings, rules: RulesFile) -> str:
    """The hook of an assistant that reads the file does nothing here: no learning is given twice."""
    resting = [name for name in ASSISTANTS if loads(Harness(name), rules.family)]
    for name in resting:
        HookFolder(settings.data_dir).off_for(name).touch()
    return f"the hook of {', '.join(resting)} rests in this project meanwhile" if resting else ""


def _end(settings: Settings, file: Path, _: Every, *, yes: bool, as_json: bool) -> str:
    root = Path(project_of(str(file.resolve().parent)))
    change = ending(root, file.resolve())
    _ask(change, f"Change {file}?", yes=yes, as_json=as_json)
    end(change, settings.data_dir)
    wake_hooks(settings)
    return f"{plain(str(file))} is as adopting left it; groove restore puts its learnings back"


def wake_hooks(settings: Settings) -> None:
    """Hooks of assistants that read none of the files any more."""
    folder = HookFolder(settings.data_dir)
    known = read_switchback(folder.switchback)
    families = [Family(each) for each in known.files.values()] if known else []
    for name in ASSISTANTS:
        if not any(loads(Harness(name), family) for family in families):
            folder.off_for(name).unlink(missing_ok=True)


def _facts(known: Switchback, done: tuple[Switched, ...]) -> dict[str, object]:
    period = with_times(known.periods[-1], "written_at", "seen_at") if known.periods else None
    return {"root": known.root, "every": known.every, "files": done, "period": period}


def _tell(known: Switchback, done: tuple[Switched, ...]) -> None:
    for each in done:
        what = each.reason or ("written" if each.is_written else "as it should be")
        click.echo(f"{plain(each.file)}: {what}", err=not each.is_current)
    if not (done and known.periods):
        return
    period = known.periods[-1]
    drawn = f"{len(period.injected)} given, {len(period.withheld)} withheld"
    what = drawn if period.takes_part else f"all given, and nothing is drawn: {period.reason}"
    click.echo(f"{plain(period.conversation_id)}: {what}; written {moment(period.written_at)}, anew each {known.every}")
