"""Iggy servers with the faults that each can be given; `hurt` picks one by chance."""

import random
import time
from typing import Protocol

from fixtures.iggy import IggyServer
from iggy_standin import wire
from iggy_standin.threaded import ThreadedStandIn

from worker.event_log.protocol import TopicName

TOPICS = [
    TopicName(stream="groove.assessment", topic="heavy"),
    TopicName(stream="groove.assessment", topic="lightweight"),
    TopicName(stream="groove.attribution", topic="sessions"),
]


class HurtableLog(Protocol):
    url: str

    def prepare(self, partitions: int) -> None:
        """Topics, where the bridge cannot make them."""

    def hurt(self, chance: random.Random) -> str:
        """-> what was done; the server answers again afterwards."""


class StandInLog:
    def __init__(self, server: ThreadedStandIn) -> None:
        self._server = server
        self.url = server.url
        self.lost = 0

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
        self._server.server.stall(wire.POLL, chance.uniform(0.5, 2.0))
        return "stall"

    def _restart(self, chance: random.Random) -> str:
        self._server.stop()
        time.sleep(chance.uniform(0.05, 1.0))
        self._server.start()
        return "server restarted"

    def _lose_tail(self, chance: random.Random) -> str:
        self._server.stop()
        self.lost += self._server.lose_tail(5, lambda most: chance.randint(0, most))
        self._server.start()
        return "tail lost"


class RealLog:
    """`is_safe`: topics that keep what they acknowledged; otherwise a kill loses the tail."""

    def __init__(self, server: IggyServer, *, is_safe: bool) -> None:
        self._server = server
        self._is_safe = is_safe
        self.url = server.url

    def prepare(self, partitions: int) -> None:
        for name in TOPICS:
            self._server.create_topic(name, partitions, is_safe=self._is_safe)

    def hurt(self, chance: random.Random) -> str:
        if chance.random() < 0.7:
            self._server.kill()
            time.sleep(chance.uniform(0.0, 0.5))
            self._server.start()
            return "server killed"
        self._server.stop()
        self._server.start()
        return "server stopped"
