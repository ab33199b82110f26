"""The simulated team through the whole real pipeline, with assignment: are the known effects found?

    python examples/experiment/run.py [FOLDER] [--rounds 15] [--web]        (`make demo-experiment`)

In rounds, as a team works: ask the store what to inject into the next sessions, let them happen, publish them as heavy events, wait
until the embedded stack has attributed them. So the experiment of each round knows what the rounds before have found. Prints for
each learning the true effect beside what was found; the picture of the intervals closing in is written into the folder.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from picture import draw
from team import LEARNINGS, Truth, draft_session, heavy_event

from worker.cli.publish import publish_files
from worker.cli.run_files import look
from worker.cli.support.tables import print_table
from worker.domain import Learning, LearningCategory, LearningValue
from worker.event_log.opening import open_event_log
from worker.event_log.protocol import EventLog, TopicName
from worker.ledger import Ledger
from worker.local.stack import Stack, running_stack
from worker.operations.connections import open_store, open_the_ledger
from worker.settings import Settings, load_settings
from worker.store.api import StoreApi

SESSIONS_A_ROUND = 100
#: seconds between two looks at the ledger
_LOOK_SECONDS = 0.1


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path(".groove-experiment"))
@click.option("--rounds", type=click.IntRange(min=1), default=15, show_default=True, help="Of 100 sessions each.")
@click.option("--web", is_flag=True, help="Stay at the end, with the dashboard.")
def main(folder: Path, rounds: int, *, web: bool) -> None:
    """A simulated team in FOLDER: are the known effects found?"""
    if folder.exists():
        raise click.ClickException(f"{folder}: is there already; remove it, or name another folder")
    # learnings are few and sessions short: one task for a session's learnings
    settings = load_settings(
        {**os.environ, "GROOVE_DATA_DIR": str(folder), "GROOVE_WORKER__LEARNINGS_PER_TASK": str(len(LEARNINGS))}
    )
    # the stack's parts read the same variables
    os.environ |= {"GROOVE_DATA_DIR": str(folder), "GROOVE_WORKER__LEARNINGS_PER_TASK": str(len(LEARNINGS))}
    click.echo(f"simulated: {len(LEARNINGS)} learnings with known effects, {rounds * SESSIONS_A_ROUND} sessions")
    with (
        running_stack(settings, log_to_files=True) as stack,
        open_the_ledger(settings) as ledger,
        open_store(settings) as store,
        closing(open_event_log(settings.event_log_url)) as event_log,
    ):
        experiment = Experiment(settings, stack, ledger, store, event_log)
        experiment.run(rounds)
        store.refresh()  # as the store does by itself once an hour
        experiment.report()
    picture = folder / "experiment.png"
    draw(experiment.history, {one.learning_id: experiment.truth.effect(one.learning_id) for one in LEARNINGS}, picture)
    click.echo(f"picture: {picture}; data in {folder}")
    if web:
        os.execv(sys.executable, [sys.executable, "-m", "worker.cli", "web"])
    click.echo(f"in the browser: GROOVE_DATA_DIR={folder} groove web")


class Experiment:
    def __init__(self, settings: Settings, stack: Stack, ledger: Ledger, store: StoreApi, event_log: EventLog) -> None:
        self._settings, self._stack, self._ledger = settings, stack, ledger
        self._store, self._event_log = store, event_log
        self.truth = Truth()
        #: after each round: sessions so far, values by learning
        self.history: list[tuple[int, dict[str, LearningValue]]] = []

    def run(self, rounds: int) -> None:
        learnings = [
            Learning(
                learning_id=one.learning_id,
                category=LearningCategory.TOOL_USAGE,
                description=one.insight,
                insight=one.insight,
                source={"simulated": True},
            )
            for one in LEARNINGS
        ]
        self._store.import_learnings(learnings, actor="simulation")
        began = time.monotonic()
        for number in range(1, rounds + 1):
            events = list(self._sessions(number))
            self._process(number, events)
            self._note(f"round {number:2} of {rounds}", number, events, time.monotonic() - began)

    def _sessions(self, number: int) -> Iterator[dict[str, Any]]:
        """Ask, then let the session happen with what was answered."""
        for session in range((number - 1) * SESSIONS_A_ROUND, number * SESSIONS_A_ROUND):
            draft = draft_session(session)
            answers = self._store.assign(draft.session_id, list(draft.eligible)).assignments
            injected = [answer.learning_id for answer in answers if answer.decision == "inject"]
            withheld = [answer.learning_id for answer in answers if answer.decision == "withhold"]
            self.truth.note(draft, injected, withheld)
            yield heavy_event(draft, injected, withheld)

    def _process(self, number: int, events: list[dict[str, Any]]) -> None:
        file = self._settings.data_dir / "sessions" / f"round-{number:02}.jsonl"
        file.parent.mkdir(exist_ok=True)
        file.write_text("".join(f"{json.dumps(event)}\n" for event in events), encoding="utf-8")
        publish_files(self._settings, self._event_log, [file])
        while not look(self._settings, self._ledger, self._event_log)[1]:
            self._stack.look_after()
            time.sleep(_LOOK_SECONDS)

    def _note(self, title: str, number: int, events: list[dict[str, Any]], seconds: float) -> None:
        values = {value.learning_id: value for value in self._store.values()}
        self.history.append((number * SESSIONS_A_ROUND, values))
        injected = sum(len(event["active_learnings"]) for event in events)
        withheld = sum(len(event["withheld_learnings"]) for event in events)
        decided = sum(value.verdict.kind != "undecided" for value in values.values())
        click.echo(
            f"{title}: {number * SESSIONS_A_ROUND:5} sessions, {injected} injected, {withheld} withheld; "
            f"{decided} decided; {seconds:.0f} s"
        )

    def report(self) -> None:
        values = {value.learning_id: value for value in self._store.values()}
        ranked = sorted(LEARNINGS, key=lambda one: self.truth.effect(one.learning_id))
        columns = [
            ("learning (simulated)", "flex"),
            ("truth", "right"),
            ("value", "right"),
            ("95 % interval", "right"),
            ("with", "right"),
            ("without", "right"),
            ("status", "left"),
            ("verdict", "left"),
            ("needs", "right"),
        ]
        click.echo()
        print_table(
            columns, (_line(values[one.learning_id], self.truth.effect(one.learning_id)) for one in reversed(ranked))
        )
        click.echo()
        for deprecation in self._deprecations():
            click.echo(
                f"{deprecation['learning_id']}: removed after {deprecation['session_count']} sessions, with a value of "
                f"{deprecation['final_value']:+.3f} and a confidence of {deprecation['confidence']:.3f} then; {deprecation['reason']}"
            )
        click.echo(_covered(values, self.truth))

    def _deprecations(self) -> Iterator[dict[str, Any]]:
        """Read back from what was published."""
        where = TopicName.parse(self._settings.streams.attributed)
        for partition in range(self._event_log.partitions(where)):
            offset = 0
            while messages := self._event_log.read(where, partition, offset, 100):
                offset = messages[-1].offset + 1
                for message in messages:
                    yield from json.loads(message.payload)["deprecations"]


def _line(value: LearningValue, truth: float) -> list[str]:
    found = value.experiment
    needed = value.verdict.sessions_needed
    return [
        value.learning_id,
        f"{truth:+.2f}",
        f"{value.estimated_value:+.2f}",
        f"{found.interval_low:+.2f} … {found.interval_high:+.2f}" if found else "-",
        str(value.sessions_with),
        str(value.sessions_without),
        str(value.status),
        str(value.verdict.kind),
        "over 10000" if needed is None else str(needed),
    ]


def _covered(values: dict[str, LearningValue], truth: Truth) -> str:
    complete = [value for value in values.values() if value.experiment]
    covered = sum(
        value.experiment is not None
        and value.experiment.interval_low <= truth.effect(value.learning_id) <= value.experiment.interval_high
        for value in complete
    )
    return f"the truth lies in {covered} of {len(complete)} intervals"


if __name__ == "__main__":
    main()
