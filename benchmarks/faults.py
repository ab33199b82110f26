"""A whole stack of real processes under every fault, one row a fault and seed: `python benchmarks/faults.py --sessions 200 --seeds 1,2,3`.

--event-log iggy     a real iggy-server (on the PATH, or GROOVE_TEST_IGGY_SERVER), else the tests' stand-in, which the rows say
--ledger postgresql  a real PostgreSQL
--resume             rows are kept that the results have for this code already
--show               the results' rows of one fault and the same parts added up, in one line; nothing is measured

Every row must read: finished all, lost 0, published at least once an attempt with one id, values identical. Ends with status 1 otherwise.
"""

# ruff: noqa: E402 - the harness lies with the tests, which are not installed

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg

sys.path[:0] = [str(Path(__file__).parents[1] / "tests"), str(Path(__file__).parents[1])]

from chaos.faults import FAULTS
from chaos.parts import Parts, PostgreSQLLedger, SQLiteLedger, production_ledger, production_log
from chaos.row import HEADER, HEADING, Row
from chaos.run import Undisturbed, chaos_run
from measuring import RESULTS, ROOT, machine, save

from worker.errors import GrooveError


def seeds(text: str) -> list[int]:
    """`1,2,3` or `1-3`."""
    first, dash, last = text.partition("-")
    return list(range(int(first), int(last) + 1)) if dash else [int(each) for each in text.split(",")]


def code_version() -> str:
    """Of what is being tested: the product's files, wherever they lie."""
    digest = hashlib.sha256()
    for file in sorted(file for folder in ("worker", "bridge") for file in (ROOT / folder).rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


class Results:
    """benchmarks/results/chaos.json: each row measured last, with the code and the machine that it was measured on."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._code, self._machine = folder, code_version(), machine()
        file = folder / "chaos.json"
        self._rows: list[dict[str, Any]] = json.loads(file.read_text())["rows"] if file.exists() else []

    def known(self, fault: str, parts: str, seed: int, sessions: int) -> Row | None:
        """One of this code, for `--resume`."""
        for found in self._rows:
            if found["code"] == self._code and found["events"] == sessions and _key(found) == (fault, parts, seed):
                return Row(**{name: found[name] for name in Row.__dataclass_fields__})
        return None

    def show(self) -> Iterator[str]:
        keys = sorted(
            {(found["parts"], list(FAULTS).index(found["fault"])) for found in self._rows}, key=_embedded_first
        )
        for parts, place in keys:
            chosen = [found for found in self._rows if (found["parts"], found["fault"]) == (parts, list(FAULTS)[place])]
            yield _added_up(chosen)

    def add(self, row: Row, sessions: int) -> None:
        own = asdict(row) | {"events": sessions, "is_well": row.is_well, "code": self._code}
        self._rows = [found for found in self._rows if _key(found) != _key(own)] + [own]
        self._rows.sort(key=lambda found: (found["parts"], list(FAULTS).index(found["fault"]), found["seed"]))
        save("chaos", {"machine": self._machine, "heading": HEADING, "rows": self._rows}, self._folder)


def _key(row: dict[str, Any]) -> tuple[str, str, int]:
    return row["fault"], row["parts"], row["seed"]


def _embedded_first(key: tuple[str, int]) -> tuple[bool, str, int]:
    return not key[0].startswith("valkey"), *key


def _added_up(rows: list[dict[str, Any]]) -> str:
    def total(name: str) -> int:
        return sum(row[name] for row in rows)

    seconds = [row["seconds"] for row in rows if row["seconds"] is not None]
    published = "/".join(str(total(f"published_{often}")) for often in ("none", "once", "more"))
    cells = (
        *(rows[0]["fault"], rows[0]["parts"], ", ".join(str(row["seed"]) for row in rows), total("sessions")),
        *(total("finished"), total("sessions") - total("finished"), published, total("extra_runs")),
        "yes" if all(row["identical"] for row in rows) else "NO",
        f"{min(seconds):.0f}–{max(seconds):.0f}" if len(seconds) == len(rows) else "–",
        "; ".join(dict.fromkeys(row["note"] for row in rows if row["note"])),
    )
    return f"| {' | '.join(map(str, cells))} |"


@contextlib.contextmanager
def parts_of(event_log: str, ledger: SQLiteLedger | PostgreSQLLedger) -> Iterator[Parts]:
    with contextlib.ExitStack() as ends:
        log = ends.enter_context(production_log()) if event_log == "iggy" else None
        yield Parts(log=log, ledger=ledger)


def one(name: str, seed: int, parts: Parts, expected: Undisturbed, folder: Path) -> Row:
    """A run that does not end is a row too; its folder is kept."""
    place = folder / f"{name.replace(' ', '-').replace(chr(39), '')}-{seed}"
    try:
        row = chaos_run(place, name, seed, expected, parts=parts)
    except (AssertionError, OSError, subprocess.SubprocessError, psycopg.Error, GrooveError) as error:
        counted = dict.fromkeys(("finished", "published_once", "published_more", "wrong_ids", "extra_runs"), 0)
        note = f"{error}"[:300].replace("\n", " ")
        row = Row(
            fault=name,
            parts=parts.name,
            seed=seed,
            sessions=expected.count,
            published_none=expected.count,
            identical=False,
            wrong_failures=0,
            seconds=None,
            note=note,
            **counted,
        )
    if row.is_well:
        shutil.rmtree(place)
    else:
        print(f"  kept: {place}", flush=True)
    return row


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--seeds", type=seeds, default=seeds("1-3"), help="1,2,3 or 1-3")
    parser.add_argument("--fault", action="append", choices=list(FAULTS), help="only these")
    parser.add_argument("--event-log", choices=["embedded", "iggy"], default="embedded")
    parser.add_argument("--ledger", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    results = Results(options.results)
    if options.show:
        print(HEADING, "\n".join([HEADER, *results.show()]), sep="\n\n")
        return 0
    folder = Path(tempfile.mkdtemp(prefix="groove-chaos-"))
    expected = Undisturbed(folder=folder, count=options.sessions)
    bad = 0
    print(HEADING, HEADER, sep="\n\n", flush=True)
    with production_ledger() if options.ledger == "postgresql" else contextlib.nullcontext(SQLiteLedger()) as ledger:
        for seed in options.seeds:
            for name in options.fault or FAULTS:
                with parts_of(options.event_log, ledger) as parts:
                    if reason := FAULTS[name].missing(parts):
                        print(f"| {name} | {parts.name} | {seed} | skipped: {reason} |", flush=True)
                        continue
                    row = results.known(name, parts.name, seed, options.sessions) if options.resume else None
                    if row is None:
                        row = one(name, seed, parts, expected, folder)
                        results.add(row, options.sessions)
                print(row, flush=True)
                bad += not row.is_well
    if not bad:
        shutil.rmtree(folder)
    return 1 if bad else 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # the event log's SDK may abort the process while the interpreter ends
