"""What Iggy's client says, in our words. It raises plain `RuntimeError`s, `ValueError`s before it sends: only the text tells them apart."""

import socket
import struct

from worker.errors import EventLogRefused, EventLogUnavailable, MessageRefused
from worker.event_log.iggy_address import IggyAddress

NEEDED = "Iggy 0.9 is needed (image apache/iggy:0.9.0)"
#: beginnings of answers that a server in good health gives: the connection can be used on
ANSWERS = (
    "Stream with",
    "Topic with",
    "Partition with",
    "Resource with",
    "Unauthorized",
    "Unsupported option",
    "Invalid offset",
    "Invalid message",
    "Too big",
)
#: beginnings of what no waiting cures, and how we say it
REFUSALS = {
    "Invalid credentials": "refuses user {user!r} or the password",
    "Invalid username": "takes no user name of this length: {user!r}",
    "Invalid password": "takes no password of this length, for user {user!r}",
    "Unauthorized": "does not allow user {user!r} to {doing}",
    "Incompatible binary protocol": f"is of another version: {NEEDED}; it says: {{text}}",
}
#: a request of the servers before 0.9 (`ping`), and what they answer
OLD_PING = struct.pack("<II", 4, 1)
OLD_PONG = bytes(8)


def is_answer(error: RuntimeError) -> bool:
    """Whether the server understood us and said no, rather than the connection being broken."""
    return str(error).startswith(ANSWERS)


def is_cut(error: RuntimeError) -> bool:
    """Whether the other side closed the connection instead of answering."""
    return str(error).startswith("Disconnected")


def is_missing(error: RuntimeError) -> bool:
    return is_answer(error) and "not found" in str(error)


def already_exists(error: RuntimeError) -> bool:
    return is_answer(error) and "already exists" in str(error)


def translated(error: RuntimeError, address: IggyAddress, doing: str) -> EventLogUnavailable:
    text = str(error)
    place = f"event log: Iggy at {address}"
    for beginning, refusal in REFUSALS.items():
        if text.startswith(beginning):
            return EventLogRefused(f"{place} {refusal.format(user=address.user, doing=doing, text=text)}")
    if text.startswith("Cannot establish connection"):
        return EventLogUnavailable(f"{place} cannot be reached")
    if is_missing(error):
        return EventLogUnavailable(f"{place}, to {doing}: it is not there; the bridge creates topics when it starts")
    return EventLogUnavailable(f"{place}, to {doing}: {text}")


def unsent(error: RuntimeError | ValueError, address: IggyAddress, doing: str) -> EventLogUnavailable:
    """Translate an error about a message: what the client or the server has against this one, or against its topic, is no outage."""
    if isinstance(error, ValueError):
        return MessageRefused(f"event log: Iggy at {address}, to {doing}: {error}")
    failure = translated(error, address, doing)
    return MessageRefused(str(failure)) if is_answer(error) else failure


def cut_login(address: IggyAddress) -> EventLogUnavailable:
    """A first login that ended with its connection: a server that is just being stopped, or something else at this port."""
    return EventLogUnavailable(
        f"event log: Iggy at {address} closes the connection instead of answering a login: {NEEDED}"
    )


def silent_login(address: IggyAddress) -> EventLogUnavailable:
    """Why a login got no answer: an incompatible server says nothing, and the client then waits for ever."""
    place = f"event log: Iggy at {address}"
    try:
        with socket.create_connection((address.host, address.port), timeout=1) as connection:
            connection.sendall(OLD_PING)
            connection.settimeout(1)
            is_old = connection.recv(8) == OLD_PONG
    except TimeoutError:
        is_old = False
    except OSError:
        return EventLogUnavailable(f"{place} cannot be reached")
    kind = "is a server older than 0.9" if is_old else "accepts connections but does not answer a login"
    return EventLogRefused(f"{place} {kind}: {NEEDED}")
