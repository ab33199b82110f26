"""`groove label`: a person judges pairs of session and learning that are in doubt, quotes first, for `groove calibrate`."""

from pathlib import Path

import click

from assessor.wire_transcript import transcript_to_wire
from worker.cli.support.output import print_hanging
from worker.domain import ActivationSignal
from worker.operations.connections import open_store, open_the_ledger
from worker.operations.labelling import Doubtful, Labels, doubtful_pairs, transcript_of_session
from worker.operations.wording import counted
from worker.settings import load_settings

_QUOTES = 5
_ANSWERS = click.Choice(["y", "n", "s", "u", "q"])


@click.command("label")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--count", default=25, show_default=True, type=click.IntRange(min=1), help="Pairs to ask about.")
def label_command(folder: Path, count: int) -> None:
    """Judge doubtful pairs, spread over the learnings, and keep the labels in FOLDER for `groove calibrate`.

    y used, n not used, s skip, u undo the latest, q quit. What FOLDER has a label of is not asked again.
    """
    labels, threshold = Labels(folder), load_settings().activation.similarity_threshold
    given: list[Doubtful] = []
    asked = 0
    with open_the_ledger() as ledger, open_store() as store:
        waiting = [pair for pair in doubtful_pairs(store, threshold=threshold) if pair.pair not in labels]
        while waiting and asked < count:
            doubtful = waiting.pop(0)
            transcript = transcript_of_session(ledger, doubtful.record.session_id)
            if transcript is None:
                continue
            answer = _ask(doubtful)
            if answer == "q":
                break
            if answer == "u":
                waiting.insert(0, doubtful)
                if given:
                    labels.take_back(given[-1].pair)
                    waiting.insert(0, given.pop())
                    asked -= 1
                continue
            asked += 1
            if answer in ("y", "n"):
                labels.add(doubtful, transcript_to_wire(transcript), used=answer == "y")
                given.append(doubtful)
    click.echo(f"{counted(len(given), 'labels')} given, {len(labels)} in {folder}; next:")
    files = f"--sessions {folder / 'sessions.jsonl'} --learnings {folder / 'learnings.jsonl'}"
    click.echo(f"groove calibrate {folder / 'labels.jsonl'} {files} --write {folder / 'calibration.json'}")


def _ask(doubtful: Doubtful) -> str:
    record = doubtful.record
    click.echo()
    print_hanging("learning ", doubtful.learning.insight)
    quotes = (*record.activation_signals, *record.activation_candidates)[:_QUOTES]
    for signal in quotes:
        print_hanging(f"  message {signal.message_idx}: ", _quoted(signal))
    if not quotes:
        click.echo("  nothing near it was found")
    answer: str = click.prompt(f"used in session {record.session_id}? (y, n, skip, undo, quit)", type=_ANSWERS)
    return answer


def _quoted(signal: ActivationSignal) -> str:
    return f"“{signal.span}”"
