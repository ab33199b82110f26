"""What only a real Iggy server can show: its permissions, its disk, its own tools."""

from contextlib import closing
from uuid import uuid4

import pytest
from fixtures.iggy import IggyServer, ToleratingEventLog
from integration.event_log.refusals import log_at, refused

from worker.errors import EventLogUnavailable
from worker.event_log.protocol import TopicName

pytestmark = pytest.mark.iggy_server


def test_a_wrong_password(iggy_server: IggyServer, name: TopicName) -> None:
    """It is refused by name, without the password."""
    with refused(f"iggy://iggy:not-this@127.0.0.1:{iggy_server.port}", "refuses user 'iggy' or the password") as log:
        log.partitions(name)


def test_a_user_who_may_not_make_topics(iggy_server: IggyServer, name: TopicName) -> None:
    """Somebody without permissions sees no topic, and is told that it is the making of one that is not allowed."""
    iggy_server.add_user("stranger", "nothing1")
    url = f"iggy://stranger:nothing1@127.0.0.1:{iggy_server.port}"
    with log_at(url) as log:
        assert log.partitions(name) == 0
    with refused(url, f"does not allow user 'stranger' to create stream {name.stream}") as log:
        log.ensure_topic(name, 1)


def test_a_real_server_keeps_what_it_acknowledged(own_iggy_server: IggyServer, name: TopicName) -> None:
    """A hard stop takes nothing from a topic with our options; the same log object reads on after the restart."""
    server = own_iggy_server
    log = ToleratingEventLog(server)
    with closing(log):
        log.ensure_topic(name, 2)
        ids = {uuid4() for _ in range(200)}
        log.publish_many(name, [(f"key {number}", each, b"{}") for number, each in enumerate(ids)])
        server.kill()
        with pytest.raises(EventLogUnavailable):
            log.read(name, 0, 0, 1)
        server.start()
        found = {message.message_id for number in (0, 1) for message in log.read(name, number, 0, 500)}
    assert found == ids
