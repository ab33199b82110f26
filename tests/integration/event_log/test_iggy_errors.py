"""What goes wrong between us and an Iggy server, and how it is said: within ten seconds, in one line, never as a hang."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Thread
from uuid import uuid4

import pytest
import structlog
from fixtures.broker import free_port
from iggy_standin import wire
from iggy_standin.threaded import ThreadedStandIn
from integration.event_log.refusals import log_at, refused, within

from worker.errors import EventLogRefused, EventLogUnavailable, MessageRefused
from worker.event_log.iggy import IggyEventLog
from worker.event_log.iggy_address import IggyAddress
from worker.event_log.protocol import TopicName


@contextmanager
def server_that_says(answer: bytes) -> Iterator[int]:
    """Something else on the port: takes connections, answers each with these bytes, and then nothing more."""
    kept: list[socket.socket] = []

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            kept.append(connection)
            connection.sendall(answer)

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=5)
    for connection in kept:
        connection.close()


def close_the_first(listener: socket.socket) -> None:
    listener.accept()[0].close()


def test_nobody_listens(name: TopicName) -> None:
    """A server that is not there is said to be not reachable, with its address, at once."""
    port = free_port()
    gone = pytest.raises(EventLogUnavailable, match=rf"127\.0\.0\.1:{port} cannot be reached")
    with log_at(f"iggy://user:secret@127.0.0.1:{port}") as log, within(3), gone as failed:
        log.partitions(name)
    assert not isinstance(failed.value, EventLogRefused)


def test_a_wrong_password(iggy_standin: ThreadedStandIn, name: TopicName) -> None:
    """It is refused by name, without the password."""
    with refused(f"iggy://iggy:not-this@127.0.0.1:{iggy_standin.port}", "refuses user 'iggy' or the password") as log:
        log.partitions(name)


def test_credentials_that_iggy_cannot_take(iggy_standin: ThreadedStandIn, name: TopicName) -> None:
    """A user's name of a length that Iggy does not know is refused as such."""
    with refused(f"iggy://i:secret@127.0.0.1:{iggy_standin.port}", "takes no user name of this length") as log:
        log.partitions(name)


def test_a_server_that_never_answers_a_login(iggy_standin: ThreadedStandIn, name: TopicName) -> None:
    """An incompatible server is silent: the version that is needed is named within the deadline and two seconds."""
    iggy_standin.server.is_silent = True
    with log_at(iggy_standin.url) as log, within(4), pytest.raises(EventLogRefused, match=r"apache/iggy:0\.9\.0"):
        log.partitions(name)


def test_something_else_at_the_port(name: TopicName) -> None:
    """Whatever closes the connection when we log in is said to do so, with the version that is needed; it may be a server that is going."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        thread = Thread(target=close_the_first, args=(listener,), daemon=True)
        thread.start()
        cut = pytest.raises(EventLogUnavailable, match=r"closes the connection .*apache/iggy:0\.9\.0")
        with log_at(f"iggy://iggy:iggy@127.0.0.1:{port}") as log, within(4), cut as failed:
            log.partitions(name)
        thread.join(timeout=5)
    assert not isinstance(failed.value, EventLogRefused)


def test_the_usual_deadline_leaves_a_silent_server_no_ten_seconds(
    iggy_standin: ThreadedStandIn, name: TopicName
) -> None:
    """With the default deadline too the error is there within ten seconds."""
    iggy_standin.server.is_silent = True
    log = IggyEventLog(IggyAddress.parse(iggy_standin.url))
    with closing(log), within(10), pytest.raises(EventLogRefused, match=r"apache/iggy:0\.9\.0"):
        log.partitions(name)


def test_a_server_from_before(name: TopicName) -> None:
    """One that answers the old protocol's ping is said to be older than 0.9."""
    with server_that_says(bytes(8)) as port:
        url = f"iggy://user:secret@127.0.0.1:{port}"
        with refused(url, r"older than 0\.9: .*apache/iggy:0\.9\.0") as log:
            log.partitions(name)


def test_a_server_with_another_protocol_version(iggy_standin: ThreadedStandIn, name: TopicName) -> None:
    """A newer server says which protocol it accepts; that and the version needed are passed on."""
    iggy_standin.server.accepts = (0 << 20) | (12 << 10)
    with log_at(iggy_standin.url) as log, pytest.raises(EventLogRefused, match=r"apache/iggy:0\.9\.0.*0\.12"):
        log.partitions(name)


def test_a_server_without_the_options_that_we_need(iggy_standin: ThreadedStandIn, name: TopicName) -> None:
    """A slightly older server refuses a topic's options: its version and the one needed are named."""
    iggy_standin.server.commands.unknown_options = {"consumer_offset_durability"}
    iggy_standin.server.commands.version = "0.9.0-edge.5"
    too_old = pytest.raises(EventLogRefused, match=r"0\.9\.0-edge\.5.*apache/iggy:0\.9\.0")
    with log_at(iggy_standin.url) as log, too_old:
        log.ensure_topic(name, 1)


def test_a_user_who_may_not(iggy_standin: ThreadedStandIn, name: TopicName) -> None:
    """What the user may not do is said, for topics and for messages."""
    iggy_standin.server.may_not_write = {"iggy"}
    with log_at(iggy_standin.url) as log:
        with pytest.raises(EventLogRefused, match=f"does not allow user 'iggy' to look at topic {name}"):
            log.ensure_topic(name, 1)
        with pytest.raises(MessageRefused, match=f"does not allow user 'iggy' to publish to {name}"):
            log.publish(name, key="k", message_id=uuid4(), payload=b"{}")


@pytest.mark.parametrize("payload", [b"", bytes(64_000_001)], ids=["empty", "too large"])
def test_a_message_that_iggy_does_not_take(iggy_standin: ThreadedStandIn, name: TopicName, payload: bytes) -> None:
    """The message is refused, not the log: the next one goes."""
    with log_at(iggy_standin.url, deadline=5) as log:
        log.ensure_topic(name, 1)
        with pytest.raises(MessageRefused, match=f"to publish to {name}: .*message payload"):
            log.publish(name, key="k", message_id=uuid4(), payload=payload)
        log.publish(name, key="k", message_id=uuid4(), payload=b"{}")


def test_a_message_that_the_server_does_not_take(iggy_standin: ThreadedStandIn, name: TopicName) -> None:
    """A server's own limit is an answer: the message is refused, and the connection is used on."""

    def refuse(_: wire.Cursor) -> bytes:
        raise wire.Refused(wire.ERROR_TOO_BIG)

    with log_at(iggy_standin.url) as log:
        log.ensure_topic(name, 1)
        log.publish(name, key="k", message_id=uuid4(), payload=b"{}")
        connections = set(iggy_standin.server.connections)
        iggy_standin.server.commands.handlers[wire.SEND] = refuse
        with pytest.raises(MessageRefused, match="Too big message payload"):
            log.publish(name, key="k", message_id=uuid4(), payload=b"{}")
        assert set(iggy_standin.server.connections) == connections


def test_a_connection_that_was_cut_is_made_again(iggy_standin: ThreadedStandIn, name: TopicName) -> None:
    """The next call finds the connection broken and goes through on a new one."""
    with log_at(iggy_standin.url) as log:
        log.ensure_topic(name, 1)
        for _ in range(3):
            iggy_standin.kill_connections()
            log.publish(name, key="k", message_id=uuid4(), payload=b"{}")
            iggy_standin.kill_connections()
            assert log.read(name, 0, 0, 9)
        assert len(log.read(name, 0, 0, 9)) == 3


def test_a_server_that_was_away(iggy_standin: ThreadedStandIn, name: TopicName) -> None:
    """While it is away every call fails soon; when it is back the same object goes on."""
    with log_at(iggy_standin.url) as log:
        log.ensure_topic(name, 1)
        iggy_standin.stop()
        for _ in range(3):
            with within(3), pytest.raises(EventLogUnavailable):
                log.read(name, 0, 0, 1)
            with within(3), pytest.raises(EventLogUnavailable):
                log.publish(name, key="k", message_id=uuid4(), payload=b"{}")
        iggy_standin.start()
        log.publish(name, key="k", message_id=uuid4(), payload=b"{}")
        assert len(log.read(name, 0, 0, 9)) == 1


def test_a_lost_answer_to_publishing(iggy_standin: ThreadedStandIn, name: TopicName) -> None:
    """Whether the error reaches the caller or the call was repeated: the message is there, and every copy carries its id."""
    with log_at(iggy_standin.url) as log:
        log.ensure_topic(name, 1)
        message_id = uuid4()
        iggy_standin.server.lose_reply(wire.SEND)
        with pytest.raises(EventLogUnavailable, match="Disconnected"):
            log.publish(name, key="k", message_id=message_id, payload=b"{}")
        log.publish(name, key="k", message_id=message_id, payload=b"{}")
        iggy_standin.server.lose_reply(wire.SEND)
        log.publish(name, key="k", message_id=message_id, payload=b"{}")
        assert [message.message_id for message in log.read(name, 0, 0, 9)] == [message_id] * 4


def test_a_lost_answer_to_reading(iggy_standin: ThreadedStandIn, name: TopicName) -> None:
    """Reading again gives the same messages."""
    with log_at(iggy_standin.url) as log:
        log.ensure_topic(name, 1)
        log.publish(name, key="k", message_id=uuid4(), payload=b"{}")
        iggy_standin.server.lose_reply(wire.POLL)
        assert len(log.read(name, 0, 0, 9)) == 1


def test_a_server_that_stalls(iggy_standin: ThreadedStandIn, name: TopicName) -> None:
    """A call that gets no answer ends with its deadline, and the next one works."""
    with log_at(iggy_standin.url) as log:
        log.ensure_topic(name, 1)
        log.publish(name, key="k", message_id=uuid4(), payload=b"{}")
        iggy_standin.server.stall(wire.POLL, 30)
        with within(3), pytest.raises(EventLogUnavailable, match="no answer within 1 s"):
            log.read(name, 0, 0, 9)
        assert len(log.read(name, 0, 0, 9)) == 1


def test_stalled_reading_does_not_hold_up_publishing(iggy_standin: ThreadedStandIn, name: TopicName) -> None:
    """The two have connections of their own."""
    with log_at(iggy_standin.url, deadline=5) as log:
        log.ensure_topic(name, 1)
        log.publish(name, key="k", message_id=uuid4(), payload=b"{}")
        iggy_standin.server.stall(wire.POLL, 2)
        reader = Thread(target=log.read, args=(name, 0, 0, 9))
        reader.start()
        with within(1):
            log.publish(name, key="k", message_id=uuid4(), payload=b"{}")
        reader.join()


def test_weak_options_are_told_once(iggy_standin: ThreadedStandIn, name: TopicName) -> None:
    """A topic that somebody made with the server's defaults is used, and the risk logged once with what to do."""
    with log_at(iggy_standin.url) as log, structlog.testing.capture_logs() as lines:
        log._create("stream", lambda client: client.create_stream(name.stream))
        log._create("topic", lambda client: client.create_topic(name.stream, name.topic, 2))
        assert [log.ensure_topic(name, 6), log.ensure_topic(name, 6)] == [2, 2]
    [line] = [line for line in lines if line["event"] == "topic_options_weak"]
    assert (line["topic"], "persisted" in line["todo"]) == (str(name), True)


def test_a_topic_of_ours_is_not_weak(iggy_standin: ThreadedStandIn, name: TopicName) -> None:
    """What the bridge creates is written through at once: every option that makes it safe is sent."""
    with log_at(iggy_standin.url) as log, structlog.testing.capture_logs() as lines:
        log.ensure_topic(name, 1)
        log.ensure_topic(name, 1)
    assert [line["event"] for line in lines] == ["topic_created"]
    keys = iggy_standin.server.topic(name.stream, name.topic).option_keys()
    assert {"durability", "consumer_offset_durability", "messages_required_to_save"} <= keys


def test_closing_gives_the_connections_back(iggy_standin: ThreadedStandIn, name: TopicName) -> None:
    """The SDK has no close: the sockets go when the clients do."""
    with log_at(iggy_standin.url) as log:
        log.ensure_topic(name, 1)
        log.publish(name, key="k", message_id=uuid4(), payload=b"{}")
        assert len(iggy_standin.server.connections) == 2
    until = time.monotonic() + 5
    while iggy_standin.server.connections and time.monotonic() < until:
        time.sleep(0.01)
    assert not iggy_standin.server.connections
