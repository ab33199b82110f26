"""Iggy servers with the faults that each can be given; `hurt` picks one by chance."""

import random
import time
from typing import Protocol

from fixtures.iggy import IggyServer
from iggy_standin import wire
from iggy_standin.threaded import ThreadedProxy, ThreadedStandIn

from worker.event_log.protocol import TopicName

HEAVY = TopicName(stream="groove.assessment", topic="heavy")
LIGHTWEIGHT = TopicName(stream="groove.assessment", topic="lightweight")
ATTRIBUTED = TopicName(stream="groove.attribution", topic="sessions")
TOPICS = [HEAVY, LIGHTWEIGHT, ATTRIBUTED]
#: a stall may be longer than a client waits
LONG_STALL_SECONDS = 9.0


class HurtableLog(Protocol):
    url: str

    @property
    def keeps(self) -> bool:
        """Whether nothing that it acknowledged was lost so far."""

    def prepare(self, partitions: int) -> None:
        """Topics, where the bridge cannot make them."""

    def hurt(self, chance: random.Random) -> str:
        """-> what was done; the server answers again afterwards."""


class StandInLog:
    def __init__(self, server: ThreadedStandIn) -> None:
        self._server = server
        self.url = server.url
        self._lost = 0

    @property
    def keeps(self) -> bool:
        return not self._lost

    def prepare(self, partitions: int) -> None:
        """The bridge makes them."""

    def hurt(self, chance: random.Random) -> str:
        faults = [
            self._cut,
            self._lose_poll,
            self._lose_send,
            self._refuse,
            self._stall,
            self._restart,
            self._lose_tail,
        ]
        return chance.choice(faults)(chance)

    def _cut(self, _: random.Random) -> str:
        self._server.kill_connections()
        return "connections cut"

    def _lose_poll(self, _: random.Random) -> str:
        self._server.server.lose_reply(wire.POLL, times=3)
        return "replies to poll lost"

    def _lose_send(self, _: random.Random) -> str:
        self._server.server.lose_reply(wire.SEND, times=3)
        return "replies to send lost"

    def _refuse(self, _: random.Random) -> str:
        self._server.server.fail_next(wire.POLL, 20, times=3)
        return "poll refused"

    def _stall(self, chance: random.Random) -> str:
        self._server.server.stall(wire.POLL, stall_seconds(chance))
        return "stall"

    def _restart(self, chance: random.Random) -> str:
        self._server.stop()
        time.sleep(chance.uniform(0.05, 1.0))
        self._server.start()
        return "server restarted"

    def _lose_tail(self, chance: random.Random) -> str:
        self._server.stop()
        self._lost += self._server.lose_tail(5, lambda most: chance.randint(0, most))
        self._server.start()
        return "tail lost"


class RealLog:
    """A real server behind a proxy. `is_safe`: topics that keep what they acknowledged; otherwise a kill loses the tail."""

    def __init__(self, server: IggyServer, proxy: ThreadedProxy, *, is_safe: bool) -> None:
        """Both are running."""
        self._server, self._proxy = server, proxy
        self.url = server.url_at(proxy.proxy.port)
        self.keeps = is_safe

    def prepare(self, partitions: int) -> None:
        for name in TOPICS:
            self._server.create_topic(name, partitions, is_safe=self.keeps)

    def hurt(self, chance: random.Random) -> str:
        faults = [self._cut, self._lose_poll, self._lose_send, self._stall, self._kill, self._kill, self._stop]
        return chance.choice(faults)(chance)

    def _cut(self, _: random.Random) -> str:
        self._proxy.cut()
        return "connections cut"

    def _lose_poll(self, _: random.Random) -> str:
        self._proxy.proxy.lose_reply(wire.POLL, times=3)
        return "replies to poll lost"

    def _lose_send(self, _: random.Random) -> str:
        self._proxy.proxy.lose_reply(wire.SEND, times=3)
        return "replies to send lost"

    def _stall(self, chance: random.Random) -> str:
        self._proxy.proxy.stall(chance.choice((wire.POLL, wire.SEND)), stall_seconds(chance))
        return "stall"

    def _kill(self, chance: random.Random) -> str:
        self._server.kill()
        time.sleep(chance.uniform(0.0, 0.5))
        self._server.start()
        return "server killed"

    def _stop(self, _: random.Random) -> str:
        self._server.stop()
        self._server.start()
        return "server stopped"


def stall_seconds(chance: random.Random) -> float:
    return chance.choice((chance.uniform(0.5, 2.0), LONG_STALL_SECONDS))
