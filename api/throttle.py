"""Limits of one key: requests a minute and requests at the same time."""

import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from api.observe import Metrics
from api.problems import Problem
from api.settings import Limits

_BURST_SECONDS: Final = 10.0
_KEYS: Final = 10_000


@dataclass(slots=True)
class _Bucket:
    """What a key has left; fills up at its rate."""

    tokens: float
    filled_at: float
    under_way: int = 0


class Throttle:
    """Token buckets by key, in this process."""

    def __init__(self, limits: Limits, metrics: Metrics) -> None:
        self._rate = limits.requests_per_minute / 60.0
        self._most = max(1.0, self._rate * _BURST_SECONDS)
        self._concurrent = limits.concurrent_requests
        self._metrics = metrics
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    @asynccontextmanager
    async def admit(self, key: str) -> AsyncIterator[None]:
        """Let a request of a key in, or say when to come again.

        Raises:
            Problem: 429.
        """
        bucket = self._bucket(key)
        if bucket.under_way >= self._concurrent:
            self._metrics.limited.labels("concurrency").inc()
            raise _too_many(f"more than {self._concurrent} requests of this key at once", 1)
        if bucket.tokens < 1.0:
            self._metrics.limited.labels("rate").inc()
            wait = int((1.0 - bucket.tokens) / self._rate) + 1
            raise _too_many(f"more than {self._rate * 60:g} requests of this key a minute", wait)
        bucket.tokens -= 1.0
        bucket.under_way += 1
        try:
            yield
        finally:
            bucket.under_way -= 1

    def _bucket(self, key: str) -> _Bucket:
        now = time.monotonic()
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(self._most, now)
            if len(self._buckets) > _KEYS:
                self._buckets.popitem(last=False)
        bucket.tokens = min(self._most, bucket.tokens + (now - bucket.filled_at) * self._rate)
        bucket.filled_at = now
        self._buckets.move_to_end(key)
        return bucket


def _too_many(detail: str, wait: int) -> Problem:
    return Problem(429, "too-many-requests", detail, headers={"Retry-After": str(wait)})


class Remembered:
    """A few values for a few seconds: oldest out first."""

    def __init__(self, entries: int, seconds: float) -> None:
        self._entries, self._seconds = entries, seconds
        self._values: OrderedDict[Any, tuple[float, Any]] = OrderedDict()

    def get(self, key: Any) -> Any:
        """Return a value, or None where there is none any more."""
        found = self._values.get(key)
        if found is None or time.monotonic() - found[0] > self._seconds:
            return None
        self._values.move_to_end(key)
        return found[1]

    def put(self, key: Any, value: Any) -> None:
        """Keep a value."""
        self._values[key] = (time.monotonic(), value)
        self._values.move_to_end(key)
        while len(self._values) > self._entries:
            self._values.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()
