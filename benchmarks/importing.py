"""How fast are sessions read from disk into the archive, and does memory stay flat? A synthetic folder, made here, or real ones.

    python benchmarks/importing.py [--lines 1000000] [FOLDER ...]

Prints per folder: files, MB, seconds, MB/s, MB per second of one core, files read, growth of the process's memory.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from assessor.archive import FileState, open_archive
from assessor.belonging import Scope
from assessor.places import named_sessions
from assessor.reading import read_files

_LINES_A_SESSION = 500
_WORDS = ("parser", "tests", "fails", "because", "the", "file", "was", "read", "twice", "before", "commit", "again")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folders", nargs="*", type=Path)
    options.add_argument("--lines", type=int, default=1_000_000)
    given = options.parse_args()
    if given.folders:
        for folder in given.folders:
            measure(folder)
        return
    with tempfile.TemporaryDirectory() as made:
        write(Path(made), given.lines)
        measure(Path(made))


def measure(folder: Path) -> None:
    found = list(named_sessions([folder]))
    size = sum(getattr(one, "size", 0) for one in found) / 1e6
    process = psutil.Process()
    before = process.memory_info().rss
    peak = before
    with tempfile.TemporaryDirectory() as kept, open_archive(Path(kept)) as archive:

        def seen(_: object) -> None:
            nonlocal peak
            peak = max(peak, process.memory_info().rss)

        start, start_of_core = time.perf_counter(), time.process_time()
        reading = read_files(found, archive, Scope(project="/w", named=frozenset([folder])), seen=seen)
        seconds, of_core = time.perf_counter() - start, time.process_time() - start_of_core
    read = sum(entry.state is FileState.READ for entry in reading.files.values())
    print(
        f"{folder}: {len(found)} files, {size:.0f} MB, {seconds:.1f} s, {size / seconds:.1f} MB/s, "
        f"{size / of_core:.1f} MB/s a core, {read} files read, memory +{(peak - before) / 1e6:.0f} MB"
    )


def write(folder: Path, lines: int) -> None:
    chance = random.Random(1)
    for number in range(-(-lines // _LINES_A_SESSION)):
        name = f"session-{number}"
        with (folder / f"{name}.jsonl").open("w") as file:
            file.writelines(json.dumps(line) + "\n" for line in session(name, chance))


def session(name: str, chance: random.Random) -> Iterator[dict[str, object]]:
    """Prompts, calls and answers in turn, with answers of a few hundred bytes as most real ones have."""
    parent = None
    for number in range(_LINES_A_SESSION):
        uuid = f"{name}-{number}"
        words = " ".join(chance.choices(_WORDS, k=80))
        role = "assistant" if number % 2 else "user"
        call = {"type": "tool_use", "id": f"t{number}", "name": "Bash", "input": {"command": f"rg {words[:40]}"}}
        answer = {"type": "tool_result", "tool_use_id": f"t{number - 1}", "content": words}
        content = [call] if role == "assistant" else [answer] if number else "begin"
        message = {"role": role, "id": f"m{uuid}", "content": content}
        moment = f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}.000Z"
        shared = {"cwd": "/w", "sessionId": name, "version": "2.1.281", "gitBranch": "main", "timestamp": moment}
        yield {"type": role, "uuid": uuid, "parentUuid": parent, "message": message, **shared}
        parent = uuid


if __name__ == "__main__":
    main()
