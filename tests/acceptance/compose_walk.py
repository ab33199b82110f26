"""One walk through a compose stack: what was fed, what was done to it, and what came of it, line by line."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from acceptance.compose_stack import PROJECT_FOLDER, ComposeStack

EVENTS = PROJECT_FOLDER / "examples" / "events.jsonl"
LEARNINGS = PROJECT_FOLDER / "examples" / "learnings.jsonl"
#: sessions told anew for each thing that is done
PORTION = 4


@dataclass(frozen=True, kw_only=True)
class Line:
    action: str
    finished: int
    lost: int
    identical: bool
    seconds: float

    def __str__(self) -> str:
        same = "yes" if self.identical else "NO"
        return f"{self.action:<48} {self.finished:>8} {self.lost:>5}  {same:<9} {self.seconds:>7.1f}"


@dataclass(kw_only=True)
class Walk:
    stack: ComposeStack
    expected_values: Any
    #: ids of all events put into the log
    event_ids: set[str] = field(default_factory=set)
    sessions: int = 0
    files: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def feed(self, events: list[dict[str, Any]]) -> None:
        file = self.write(events)
        assert f"{len(events)} published" in self.stack.groove("publish", f"/files/{file}")

    def feed_anew(self) -> None:
        file = self.write_anew()
        assert f"{PORTION} published" in self.stack.groove("publish", f"/files/{file}")

    def write(self, events: list[dict[str, Any]]) -> str:
        """-> the name of a file that commands see."""
        file = self.stack.folder / f"events-{len(self.files)}.jsonl"
        file.write_text("".join(json.dumps(event) + "\n" for event in events))
        file.chmod(0o644)
        self.files.append(file.name)
        self.event_ids |= {carrier(event)["event_id"] for event in events}
        return file.name

    def write_anew(self) -> str:
        """The next sessions told again under a later event id: the whole way once more, to the same values."""
        number = len(self.lines)
        chosen = [examples()[(number * PORTION + i) % self.sessions] for i in range(PORTION)]
        for event in chosen:
            carrier(event)["event_id"] = f"walk-{number:03}-{carrier(event)['event_id']}"
        return self.write(chosen)

    def step(self, action: str, act: Callable[[], None]) -> None:
        """Do it while sessions are under way, then wait until all that was published is finished."""
        start = time.monotonic()
        act()
        done = time.monotonic()
        self.stack.wait_until(self._settled, f"all is finished after: {action}")
        seconds = time.monotonic() - done
        found = {message["event_id"] for message in self.stack.published()}
        line = Line(
            action=action,
            finished=len(self.event_ids & found),
            lost=len(self.event_ids - found),
            identical=self.stack.asked("values") == self.expected_values,
            seconds=seconds,
        )
        self.lines.append(line)
        print(line, f"(doing it: {done - start:.0f} s)", flush=True)

    def finished(self) -> int:
        status = self.stack.asked("status")
        return int(status["sessions"].get("finished", 0)) if status else 0

    def _settled(self) -> bool:
        """Every message read, every session finished, nothing left to send; a status that cannot be had is none."""
        status = self.stack.asked("status")
        if not status or status["event_log"].get("to_read") != 0:
            return False
        return (status["sessions"], status["messages_unsent"]) == ({"finished": self.sessions}, 0)


def examples() -> list[dict[str, Any]]:
    return [json.loads(line) for line in EVENTS.read_text().splitlines()]


def carrier(event: dict[str, Any]) -> dict[str, Any]:
    """The part of an event that holds its id: groove's own form keeps it under `context`."""
    found: dict[str, Any] = event.get("context", event)
    return found
