"""What one worker measured of its processor holds for all of them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fixtures.broker import Broker
from redis import Redis

from worker.task_queue.first_measurement import FirstMeasurement


def test_the_first_measurement_holds_for_everybody(broker_url: str) -> None:
    """A later worker that would measure otherwise does not measure; another kind of processor has its own figure."""
    with Redis.from_url(broker_url) as client:
        assert FirstMeasurement(client)("kind 1", lambda: 2.25) == 2.25
        assert FirstMeasurement(client)("kind 1", lambda: pytest.fail("measured again")) == 2.25
        assert FirstMeasurement(client)("kind 2", lambda: 0.65) == 0.65


def test_those_that_measure_at_once_agree(broker_url: str) -> None:
    """Whoever is first to say it decides, whatever the others found."""
    with Redis.from_url(broker_url) as client, ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda figure: FirstMeasurement(client)("kind", lambda: figure), map(float, range(8))))
    assert len(found) == 1


def test_without_the_broker_ones_own_figure_counts(own_broker: Broker) -> None:
    """A worker starts, and waits for the broker as it always does."""
    own_broker.kill()
    with Redis.from_url(own_broker.url) as client:
        assert FirstMeasurement(client)("kind", lambda: 2.25) == 2.25
