"""`groove transcripts`: transcripts that come by another way than with their event."""

from pathlib import Path

import click

from worker.cli.support.input_files import opened
from worker.cli.support.output import tell
from worker.errors import InvalidEvent, InvalidFile
from worker.formats.transcripts.opening import read_transcript
from worker.operations.connections import open_the_ledger
from worker.operations.reopening import enqueue_prepared
from worker.operations.wording import counted
from worker.settings import load_settings


@click.group("transcripts")
def transcripts_command() -> None:
    """Transcripts that do not come with their event."""


@transcripts_command.command("import")
@click.argument("session_id")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True)
def import_command(session_id: str, file: Path, *, as_json: bool) -> None:
    """Keep FILE (a session file of any assistant that is read, or a JSON object with `messages`) as the transcript of SESSION_ID."""
    try:
        with opened(file) as content:
            data = content.read()
        transcript = read_transcript(data)
    except InvalidEvent as error:
        raise InvalidFile(f"{file}: {error}") from error
    settings = load_settings()
    with open_the_ledger(settings) as ledger:
        moment = ledger.now()
        ref = ledger.work.save_transcript(session_id, data)
    enqueue_prepared(settings, [ref] if ref else [], sent_at=moment)
    line = f"{counted(len(transcript.messages), 'messages')} kept" + ("; the session goes on" if ref else "")
    tell(line, {"messages": len(transcript.messages), "goes_on": ref is not None}, as_json=as_json)
