"""What is read of the sessions in a folder, beside what a manifest expects, and how fast.

    python benchmarks/sessions.py FOLDER [--manifest FILE] [--total NAME=NUMBER …]
    python benchmarks/sessions.py --synthetic LINES

Every regular file below FOLDER is read, twice: once for the footprints by which copies are found, once for its own part. A manifest
has one JSON object per line, {"file": path below FOLDER, "expected": {NAME: NUMBER}}; NAMEs are the columns below, for the whole
file with its copies. `--total` expects a sum over all files, copies counted once. The status is 1 when anything differs.

    reply     messages of the assistant          side    messages of subagents
    call      calls of tools                     answer  answers to them, of which
    error     failed                             refused were refusals
    person    prompts that a person typed        queued  typed while the assistant worked
    correct   words of a refusal                 stopped interruptions
    rules     rules files in the transcript      lost    damaged lines
    families  of sessions that share lines       members sessions in them
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from worker.domain import BlockKind
from worker.errors import GrooveError
from worker.formats.transcripts.copies import Footprint, families, footprint, own_part, shared_lines
from worker.formats.transcripts.lines import DAMAGED
from worker.formats.transcripts.opening import read_sessions
from worker.formats.transcripts.session import ReadSession, Speaker

COLUMNS = tuple("reply side call answer error refused person queued correct stopped rules lost".split())  # noqa: SIM905


def counts(session: ReadSession) -> Counter[str]:
    blocks = Counter(block.kind for message in session.transcript.messages for block in message.blocks)
    speakers = Counter(session.speakers.values())
    messages = session.transcript.messages
    replies = [message for message in messages if message.role == "assistant"]
    return Counter(
        reply=sum(message.message_idx not in session.subagents for message in replies),
        side=len(session.subagents),
        call=blocks[BlockKind.TOOL_USE],
        answer=blocks[BlockKind.TOOL_RESULT] + blocks[BlockKind.TOOL_ERROR],
        error=blocks[BlockKind.TOOL_ERROR],
        refused=len(session.refusals),
        person=speakers[Speaker.PERSON],
        queued=speakers[Speaker.QUEUED],
        correct=speakers[Speaker.REJECTION],
        stopped=len(session.interruptions),
        rules=len(session.rules),
        lost=session.skipped.get(DAMAGED, 0),
    )


def read_all(folder: Path) -> Iterator[tuple[Path, str, ReadSession | None, str]]:
    """Each session with its file and a key of its own; or a file with why it is refused."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
        try:
            for number, session in enumerate(read_sessions(file)):
                yield file, f"{file}#{number}", session, ""
        except GrooveError as error:
            yield file, "", None, str(error)


def compare(found: Counter[str], expected: dict[str, int]) -> list[str]:
    return [f"{name} {found[name]} ≠ {number}" for name, number in expected.items() if found[name] != number]


def row(name: str, harness: str, found: Counter[str]) -> str:
    return f"{name[-44:]:44} {harness:12}" + "".join(f"{found[column]:8}" for column in COLUMNS)


def report(folder: Path, manifest: dict[str, dict[str, int]], totals: dict[str, int]) -> bool:
    """Print a line per session and what differs; whether nothing does."""
    print(f"{'':57}" + "".join(f"{column:>8}" for column in COLUMNS))
    by_file: dict[str, Counter[str]] = {}
    footprints: list[Footprint] = []
    differs: list[str] = []
    refused = 0
    began, bytes_read = time.process_time(), 0
    for file, key, session, reason in read_all(folder):
        name = str(file.relative_to(folder))
        if session is None:
            refused += 1
            print(f"{name[-44:]:44} refused: {reason}")
            continue
        footprints.append(footprint(session, key=key))
        by_file.setdefault(name, Counter()).update(counts(session))
        bytes_read += file.stat().st_size
        print(row(name, session.harness, by_file[name]))
    seconds = time.process_time() - began
    shared = shared_lines(footprints)
    whole: Counter[str] = Counter()
    copies = 0
    for _, key, session, _ in read_all(folder):
        part = own_part(session, shared.get(key)) if session else None
        copies += session is not None and part is None
        whole += counts(part) if part else Counter()
    found = families(shared)
    whole.update(families=len(found), members=sum(map(len, found)))
    speed = bytes_read / 1e6 / seconds
    print(row("copies counted once", "", whole))
    for name, expected in manifest.items():
        differs += [f"{name}: {line}" for line in compare(by_file.get(name, Counter()), expected)]
    differs += [f"all: {line}" for line in compare(whole, totals)]
    print(
        f"{len(footprints)} sessions in {len(by_file)} files, {refused} files refused, {copies} wholly copies;", end=" "
    )
    print(
        f"{len(found)} families of {whole['members']} sessions; {bytes_read / 1e6:.1f} MB, {speed:.0f} MB/s of one core"
    )
    for line in differs:
        print(f"  differs: {line}")
    if manifest or totals:
        print(
            f"{len(manifest)} files and {len(totals)} totals as expected" if not differs else f"{len(differs)} differ"
        )
    return not differs


def write_synthetic(folder: Path, lines: int) -> None:
    """Claude Code sessions of 10,000 lines each, of the kinds and sizes that real ones have."""
    for number in range(max(1, lines // 10_000)):
        session_id = f"s{number}"
        head = f'"isSidechain":false,"cwd":"/w/demo","sessionId":"{session_id}","version":"2.1.60","gitBranch":"main"'
        with (folder / f"{session_id}.jsonl").open("w", encoding="utf-8") as file:
            parent = "null"
            for line in range(10_000):
                uuid, moment = (
                    f'"{session_id}-{line}"',
                    f'"2026-10-01T{line // 3600:02}:{line // 60 % 60:02}:{line % 60:02}.000Z"',
                )
                match line % 5:
                    case 0 if line % 100 == 0:
                        body = f'"type":"user","message":{{"role":"user","content":"please change part {line}"}}'
                    case 0 | 1:
                        block = {
                            "type": "tool_use",
                            "id": f"t{line}",
                            "name": "Bash",
                            "input": {"command": f"make part-{line} " + "x " * 150},
                        }
                        message = {
                            "id": f"msg_{session_id}_{line}",
                            "role": "assistant",
                            "model": "m",
                            "content": [block],
                        }
                        body = f'"type":"assistant","message":{json.dumps(message)},"requestId":"r{line}"'
                    case 2:
                        answer = {
                            "type": "tool_result",
                            "tool_use_id": f"t{line - 1}",
                            "content": "a line of output\n" * 120,
                            "is_error": False,
                        }
                        body = f'"type":"user","message":{json.dumps({"role": "user", "content": [answer]})}'
                    case _:
                        body = f'"type":"progress","data":{{"type":"bash_progress","output":{json.dumps("some output " * 90)}}}'
                file.write(f'{{"parentUuid":{parent},{head},{body},"uuid":{uuid},"timestamp":{moment}}}\n')
                parent = uuid


def synthetic(lines: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_synthetic(folder, lines)
        size = sum(file.stat().st_size for file in folder.iterdir())
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.process_time()
        messages = sum(len(session.transcript.messages) for _, _, session, _ in read_all(folder) if session)
        seconds = time.process_time() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{lines:,} lines, {size / 1e6:.0f} MB, {messages:,} messages: {size / 1e6 / seconds:.0f} MB/s of one core;",
        end=" ",
    )
    print(f"resident memory {before / 1024:.0f} MB before, {peak / 1024:.0f} MB at most")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--manifest", type=Path)
    parser.add_argument("--total", action="append", default=[], metavar="NAME=NUMBER")
    parser.add_argument("--synthetic", type=int, metavar="LINES")
    given = parser.parse_args()
    if given.synthetic:
        synthetic(given.synthetic)
        return
    if given.folder is None:
        parser.error("a FOLDER, or --synthetic LINES")
    written = given.manifest.read_text(encoding="utf-8").splitlines() if given.manifest else []
    entries = [json.loads(line) for line in written if line.strip()]
    manifest = {entry["file"]: entry["expected"] for entry in entries if "expected" in entry}
    totals = {name: int(number) for name, number in (total.split("=") for total in given.total)}
    sys.exit(0 if report(given.folder, manifest, totals) else 1)


if __name__ == "__main__":
    main()
