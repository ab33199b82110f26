"""What the doctor says of an event log that answers and holds nothing: no bridge has been there."""

from contextlib import closing
from pathlib import Path

import pytest
from iggy_standin.threaded import ThreadedStandIn

from worker.event_log.opening import open_event_log
from worker.event_log.protocol import TopicName
from worker.operations.examining import examine
from worker.operations.findings import Finding
from worker.settings import Settings, load_settings


def told(settings: Settings) -> Finding:
    [found] = [each for each in examine(settings, is_thorough=False) if each.what == "event log"]
    return found


@pytest.mark.parametrize("kind", ["iggy", "redis"])
def test_topics_that_are_not_there_are_told(
    kind: str, iggy_standin: ThreadedStandIn, broker_url: str, tmp_path: Path
) -> None:
    """Each missing one by its name, until somebody has made it."""
    url = iggy_standin.url if kind == "iggy" else broker_url
    settings = load_settings({"GROOVE_DATA_DIR": str(tmp_path), "GROOVE_EVENT_LOG": url})
    heavy, lightweight = settings.streams.heavy, settings.streams.lightweight
    assert f"no topic {heavy}, {lightweight}:" in told(settings).detail
    with closing(open_event_log(url)) as log:
        log.ensure_topic(TopicName.parse(heavy), 2)
        assert f"no topic {lightweight}:" in told(settings).detail
        log.ensure_topic(TopicName.parse(lightweight), 1)
    assert (told(settings).is_well, told(settings).detail.partition(",")[0]) == (True, "3 partitions")
