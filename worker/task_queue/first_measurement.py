"""What was measured of a processor, kept on the broker: every worker of a deployment that runs on one of its kind chooses alike."""

from collections.abc import Callable

from redis import Redis
from redis.exceptions import RedisError


class FirstMeasurement:
    """Calling it gives the first figure that anybody measured under a name; without the broker, and after it lost its data, one's own."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    def __call__(self, name: str, measure: Callable[[], float]) -> float:
        key = f"groove:measured:{name}"
        try:
            known = self._client.get(key)
            if known is not None:
                return float(known)
            own = measure()
            self._client.set(key, own, nx=True)
            # whoever was quicker has decided
            return float(self._client.get(key) or own)
        except RedisError:
            return measure()
