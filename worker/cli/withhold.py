"""`groove withhold`: which learnings a session gets, decided before it starts."""

from pathlib import Path

import click


@click.command("withhold")
@click.option("--session", "session_id", required=True, help="The session that is about to start.")
@click.option("--learnings", required=True, help="Ids, separated by commas, or a file with one a line.")
@click.option("--json", "as_json", is_flag=True)
def withhold_command(session_id: str, learnings: str, *, as_json: bool) -> None:
    """Decide which learnings a session gets: inject, withhold, or excluded; asking again gives the same answer."""
    from worker.cli.support.connections import now, open_store
    from worker.cli.support.tables import print_rows

    with open_store() as store:
        answers = store.assign(session_id, _ids(learnings), now=now())
    print_rows(
        [("learning", "left"), ("decision", "left"), ("withhold_probability", "right"), ("reason", "wrap")],
        [[a.learning_id, a.decision, f"{a.withhold_probability:.6f}", a.reason] for a in answers],
        as_json=as_json,
    )


def _ids(given: str) -> list[str]:
    """Ids from the option itself or from the file that it names: plain ids, or learnings as JSON."""
    path = Path(given)
    if not path.is_file():
        return [id_.strip() for id_ in given.split(",") if id_.strip()]
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    return [_id_of(line) for line in lines if line]


def _id_of(line: str) -> str:
    from worker.formats.learning import read_learning

    return read_learning(line.encode(), now=0).learning_id if line.startswith("{") else line
