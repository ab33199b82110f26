"""`groove adopt`: learnings out of a rules file into the managed file, from which the hook gives each session what it is assigned."""

import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from assessor.belonging import project_of
from assessor.learnings import learning_of
from assessor.managed.adopting import Adoption, adopt, adoption, is_news_to_the_hook, tell_the_hook
from assessor.managed.switchback import switch
from assessor.project import Project, look_at
from assessor.rules.catalogue import Unit
from assessor.rules.left_out import left_out
from worker.cli.hook import tell_what_installations_lack
from worker.cli.support.diffs import confirm, must_not_ask, show_diff
from worker.cli.support.how_long import MONTH_DAYS, HowLong, how_long
from worker.cli.support.known_rules import homes, keep_rules, known_rules
from worker.cli.support.left_out_lines import left_out_lines
from worker.cli.support.output import plain, print_json
from worker.errors import NotFound
from worker.formats.learnings_file import PLACE, read_learnings_file
from worker.operations.connections import actor, open_store
from worker.operations.wording import counted
from worker.settings import Settings, load_settings
from worker.store.hooks.keeper import HookKeeper
from worker.system.clock import now_micros


@click.command("adopt")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--unit",
    type=click.Choice(["section", "bullet"]),
    default="section",
    show_default=True,
    help="What is drawn: a whole section, or each learning by itself.",
)
@click.option("--only", multiple=True, metavar="TEXT", help="Those of this heading, text or beginning of an id.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON; needs --yes.")
def adopt_command(file: Path, unit: Unit, only: Sequence[str], *, yes: bool, as_json: bool) -> None:
    """Move the learnings of a rules file to where the hook gives them out, session by session; one line stays in their place.

    Shows first what changes, and how many sessions a verdict takes. `groove restore` puts the file back.
    """
    must_not_ask(as_json=as_json, yes=yes)
    settings, root = load_settings(), Path(project_of(str(file.resolve().parent)))
    project = looked_at(settings, root, unit)
    planned = adoption(project, file, unit=unit, only=only)
    if not as_json:
        _tell_what_stays(project, planned)
    if not planned.move.blocks and planned.move.before == planned.move.after:
        if not is_news_to_the_hook(root, settings.data_dir):
            raise NotFound(f"{file}: no learning to move")
        tell_the_store(settings, project)
        _tell_moved(settings, planned, unit, {}, as_json=as_json)
        return
    forecasts = _forecasts(settings, planned)
    if not as_json:
        show_diff(planned.path, planned.move.before, planned.move.after)
        show_diff(root / PLACE, "" if not planned.learnings.blocks else str(planned.learnings), str(planned.managed))
        _tell_how_long(settings, forecasts)
    confirm(f"Move {counted(len(planned.move.learning_ids), 'learnings')} out of {file}?", yes=yes)
    adopt(planned, now=now_micros())
    tell_the_store(settings, looked_at(settings, root, unit))
    _tell_moved(settings, planned, unit, forecasts, as_json=as_json)


def tell_the_store(settings: Settings, project: Project) -> None:
    """Texts and sections of the learnings that are managed now, and that others no longer are; and what the hook gives out."""
    managed = read_learnings_file(project.root).managed(project.root)
    sections = {learning.id: learning.unit for learning in managed.learnings}
    wanted = {*sections, *(unit.id for unit in managed.units)}
    rules = [rule for rule in project.catalogue.rules.values() if rule.scope == f"project:{project.root}"]
    moment = now_micros()
    with open_store(settings) as store:
        present = [
            learning_of(rule, now=moment) for rule in rules if rule.learning_id in wanted and not rule.is_disabled
        ]
        store.import_learnings(present, actor=actor())
        ours = {rule.learning_id for rule in rules}
        grouped = {value.learning_id for section in store.sections() for value in section.learnings}
        drawn_alone = dict.fromkeys(sorted(grouped & ours - set(sections)))
        if drawn_with := drawn_alone | sections:
            store.draw_together(drawn_with, actor=actor())
        tell_the_hook(project.root, settings.data_dir)
        HookKeeper(settings.data_dir, store).look(patient=True)
    switch(settings.data_dir)


def looked_at(settings: Settings, root: Path, unit: Unit) -> Project:
    """For bullets and for the unit, so that both have their ids; kept."""
    known, own = known_rules(settings), homes()
    project: Project | None = None
    for each in dict.fromkeys((unit, "bullet")):
        project = look_at(
            root, home=own.home, known=known, now=now_micros(), unit=each, claude=own.claude, codex=own.codex
        )
        known = project.catalogue
    assert project is not None, "one unit at least"
    keep_rules(settings, known)
    return replace(project, catalogue=known)


def _tell_what_stays(project: Project, planned: Adoption) -> None:
    for text, reason in planned.move.left.items():
        click.echo(f"stays: {plain(text.partition(chr(10))[0][:60])}: {plain(reason)}", err=True)
    moved = {line for each in planned.move.moved for line in range(each.first, each.last)}
    mine = left_out(file for file in project.files if file.path == planned.path)
    stay = [each for each in mine if each.line - 1 not in moved]
    for line in left_out_lines(stay):
        click.echo(line, err=True)
    for learning_id, files in planned.elsewhere.items():
        click.echo(
            f"{plain(learning_id)} stands in {plain(', '.join(files))} too: adopt it there as well, or nothing withholds it",
            err=True,
        )


def _tell_moved(
    settings: Settings, planned: Adoption, unit: Unit, forecasts: Mapping[int, HowLong], *, as_json: bool
) -> None:
    if as_json:
        print_json(_facts(planned, unit, forecasts))
        return
    what = "moved" if planned.move.blocks else "nothing to move, and the hook is told of all that was moved before"
    click.echo(f"{what}; {plain(str(planned.root / PLACE))} is yours to edit and to commit")
    tell_what_installations_lack(planned.root, switched=bool(switch(settings.data_dir)))
    _tell_what_git_ignores(planned.root)


def _facts(planned: Adoption, unit: Unit, forecasts: Mapping[int, HowLong]) -> dict[str, object]:
    return {
        "file": planned.file,
        "unit": unit,
        "managed": str(planned.root / PLACE),
        "learnings": planned.move.learning_ids,
        "left": planned.move.left,
        "elsewhere": planned.elsewhere,
        "forecasts": [
            {"together": size, "sessions": each.sessions, "days": each.days} for size, each in forecasts.items()
        ],
    }


def _forecasts(settings: Settings, planned: Adoption) -> dict[int, HowLong]:
    """Learnings drawn together -> how long their verdict takes, by the sessions of late; first for one by itself."""
    sizes = Counter(block.section for block in planned.move.blocks if block.kind == "learning" and block.section)
    return {size: how_long(settings, planned.root, together=size) for size in sorted({1, *sizes.values()})}


def _tell_how_long(settings: Settings, forecasts: Mapping[int, HowLong]) -> None:
    """One line for a learning by itself, one for the sections, from the smallest to the largest."""
    click.echo(f"a verdict of a learning that is drawn by itself takes {_told(settings, forecasts[1])}", err=True)
    sizes = [size for size in forecasts if size > 1]
    if not sizes:
        return
    ends = list(dict.fromkeys([sizes[0], sizes[-1]]))
    told = list(dict.fromkeys(_told(settings, forecasts[size]) for size in ends))
    if len(told) == 1:
        click.echo(f"of a section of {' to '.join(map(str, ends))} learnings, all drawn together, {told[0]}", err=True)
    else:
        each = ", ".join(f"{wait} for {size} learnings" for wait, size in zip(told, ends, strict=True))
        click.echo(f"of a section, all drawn together: {each}", err=True)


def _told(settings: Settings, wait: HowLong) -> str:
    """Half of them take longer."""
    if wait.sessions is None:
        is_drawn = settings.layers.ablation.rate_in_force
        return "more sessions than anybody has" if is_drawn else "for ever: nothing is withheld"
    days = "" if wait.days is None else f", {wait.days:,} days at the rate of the last {MONTH_DAYS} days"
    return f"about {wait.sessions:,} sessions{days}"


def _tell_what_git_ignores(root: Path) -> None:
    done = subprocess.run(["git", "-C", str(root), "check-ignore", "-q", str(PLACE)], capture_output=True, check=False)
    if done.returncode == 0:
        click.echo(
            f"git ignores {PLACE}: take the folder out of .gitignore (it has one of its own), or others lose these learnings",
            err=True,
        )
