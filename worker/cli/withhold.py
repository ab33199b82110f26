"""`groove withhold`: which learnings a session gets, decided before it starts."""

from pathlib import Path

import click

from worker.cli.support.output import print_json
from worker.cli.support.tables import print_rows
from worker.formats.learning import read_learning
from worker.operations.connections import open_store
from worker.operations.ids import full_ids


@click.command("withhold")
@click.option("--session", "session_id", required=True, help="The session that is about to start.")
@click.option("--learnings", required=True, help="Ids, separated by commas, or a file with one per line.")
@click.option("--json", "as_json", is_flag=True)
def withhold_command(session_id: str, learnings: str, *, as_json: bool) -> None:
    """Decide which learnings a session gets: inject, withhold, or excluded; asking again gives the same answer."""
    with open_store() as store:
        found = store.assign(session_id, full_ids(store, _ids(learnings)))
    if as_json:
        print_json(found)
        return
    print_rows(
        [("learning", "left"), ("decision", "left"), ("withhold probability", "right"), ("reason", "wrap")],
        [[a.learning_id, a.decision, f"{a.withhold_probability:g}", a.reason] for a in found.assignments],
    )


def _ids(given: str) -> list[str]:
    """Ids from the option itself or from the file that it names: plain ids, or learnings as JSON."""
    path = Path(given)
    if not path.is_file():
        return [id_.strip() for id_ in given.split(",") if id_.strip()]
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    return [_id_of(line) for line in lines if line]


def _id_of(line: str) -> str:
    return read_learning(line.encode(), now=0).learning_id if line.startswith("{") else line
