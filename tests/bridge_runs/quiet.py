"""What the values are when nobody disturbs anything: the same events through the same parts, one bridge, nothing hurt."""

import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from fixtures.broker import Broker
from iggy_standin.threaded import ThreadedStandIn

from bridge_runs.content import Content
from bridge_runs.publishing import Event, events_of, publish, wait_for
from bridge_runs.stack import Stack

SECONDS = 150.0


def quiet_values(events: int, received: Iterable[bytes]) -> list[dict[str, Any]]:
    """Of those of so many events whose payloads were `received`; what was asked before is remembered."""
    return _values(events, frozenset(received))


@cache
def _values(events: int, received: frozenset[bytes]) -> list[dict[str, Any]]:
    chosen = [event for event in events_of(events) if event[1] in received]
    assert len(chosen) == len(received), "something was received that was never published"
    server, broker = ThreadedStandIn(), Broker()
    server.start()
    broker.start()
    try:
        with tempfile.TemporaryDirectory(prefix="groove-quiet-") as folder:
            return _run(Path(folder), server.url, broker.url, chosen)
    finally:
        broker.close()
        server.close()


def _run(folder: Path, log_url: str, broker_url: str, events: list[Event]) -> list[dict[str, Any]]:
    ledger_url = f"sqlite:///{folder}/ledger.sqlite"
    stack = Stack(folder=folder, log_url=log_url, broker_url=broker_url, ledger_url=ledger_url)
    with Content(ledger_url) as content, stack.running(replicas=1):
        assert wait_for(content.partitions, 60), stack.bridges.output()
        publish(log_url, events, lambda: 0.0)
        count = len(events)
        is_there = wait_for(lambda: len(content.received()) + len(content.lightweight()) == count, SECONDS)
        assert is_there, stack.bridges.output()
        assert wait_for(content.is_finished, SECONDS), f"{content.counts()}; {stack.last_words()}"
        assert not content.failures()
        assert not stack.bridges.tracebacks()
        return stack.values()
