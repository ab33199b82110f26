"""`groove sessions`: where sessions stand, and one session's whole story."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, TypedDict

import click

from worker.cli.support.ids import shown_session_ids
from worker.cli.support.output import escaped, moment, print_facts, print_json, with_times
from worker.cli.support.tables import print_rows
from worker.cli.support.types import Moment
from worker.ledger.states import SessionState
from worker.operations.assessment import assessment_of, kept_work
from worker.operations.connections import open_store, open_the_ledger
from worker.operations.ids import full_session_id
from worker.operations.session_list import sessions_that_ended
from worker.store.shapes.sessions import Ending


class _Chosen(TypedDict):
    state: SessionState | None
    since: int | None
    limit: int


@click.group("sessions")
def sessions_command() -> None:
    """Where sessions stand, and one session's whole story."""


@sessions_command.command("list")
@click.option("--state", type=click.Choice([str(state) for state in SessionState]), help="In this state only.")
@click.option("--since", type=Moment(), help="Those received at or after this moment (RFC 3339).")
@click.option(
    "--outcome", type=click.Choice([str(each) for each in Ending]), help="That ended so, as their records have it."
)
@click.option("--project", default="", help="In this project only, by its path.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(min=1), help="The newest so many only.")
@click.option("--json", "as_json", is_flag=True)
def list_command(
    state: str | None, since: int | None, outcome: str | None, project: str, limit: int, *, as_json: bool
) -> None:
    """Where sessions stand, newest first: `done`, `failed` and `open` count their learnings."""
    with open_the_ledger() as ledger:
        chosen: _Chosen = {"state": SessionState(state) if state else None, "since": since, "limit": limit}
        if outcome or project:
            with open_store() as store:
                found = sessions_that_ended(ledger, store, outcome=outcome, project=project, **chosen)
        else:
            found = ledger.listing.newest(**chosen)
        ids = shown_session_ids(ledger, [line.session_id for line in found])
    if as_json:
        print_json([with_times(line, "received_at") for line in found])
        return
    print_rows(
        [
            ("session", "left"),
            ("state", "left"),
            ("attempt", "right"),
            ("received", "left"),
            ("done", "right"),
            ("failed", "right"),
            ("open", "right"),
            ("reason", "wrap"),
        ],
        [
            [
                ids[line.session_id],
                str(line.state),
                line.attempt,
                moment(line.received_at),
                line.done,
                line.failed,
                line.pending,
                line.reason,
            ]
            for line in found
        ],
    )


@sessions_command.command("show")
@click.argument("session_id")
@click.option("--json", "as_json", is_flag=True)
def show_command(session_id: str, *, as_json: bool) -> None:
    """Every step of SESSION_ID (a unique prefix will do) with time and state."""
    with open_the_ledger() as ledger:
        detail = ledger.history.session_detail(full_session_id(ledger, session_id))
        assessment = assessment_of(kept_work(ledger, detail.session_id))
    if as_json:
        document = asdict(detail) | {"assessment": assessment}
        click.echo(escaped(json.dumps(document, ensure_ascii=False, indent=1, default=str)))
        return
    version = detail.version
    print_facts(
        [
            ("session", detail.session_id),
            ("state", f"{detail.state}{f' ({detail.reason})' if detail.reason else ''}"),
            ("version", f"event {version.event_id}, attempt {version.attempt}, {moment(version.timestamp)}"),
            ("payload", "kept" if detail.payload_kept else "no longer kept"),
            *_assessment(assessment),
        ]
    )
    click.echo()
    print_rows(
        [("when", "left"), ("attempt", "right"), ("step", "left"), ("detail", "wrap")],
        [[moment(step.at), step.attempt, step.step, step.detail] for step in detail.steps],
    )
    click.echo()
    print_rows(
        [("learning", "left"), ("state", "left"), ("tries", "right"), ("ended", "left"), ("reason", "wrap")],
        [
            [entry.learning_id, str(entry.state), entry.tries, moment(entry.ended_at), entry.reason]
            for entry in detail.entries
        ],
    )


def _assessment(assessment: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(name, text) each."""
    if not assessment:
        return
    outcome = assessment["outcome"]
    shown = f"{outcome:+.2f}" if isinstance(outcome, int | float) else "unknown"
    yield "outcome", f"{shown}, confidence {assessment.get('confidence', 0):.2f}, by {assessment.get('assessor')}"
    for part in assessment.get("parts", ()):
        yield (
            "",
            f"{part['kind']} {part['value']:+.2f}, weight {part['weight']:g}: {part.get('detail', '')}".rstrip(": "),
        )
    yield "rules known by", str(assessment["in_force"])
    for path, source in (assessment.get("in_force_files") or {}).items():
        yield "", f"{path}: {source}"
