"""A bounded memory for what was worked out and may be asked for again."""

from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """The values used last: at least ``size`` of them, at most twice as many.

    Two generations instead of an order of use: a full young one becomes the old one, and what
    nobody asked for since then is gone. Every step is one operation of a dictionary, so threads
    need no lock; at worst two of them work the same value out.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: dict[Key, Value] = {}
        self._old: dict[Key, Value] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: Key) -> Value | None:
        """Return the value of a key, or None where it is not kept (any more)."""
        value = self._young.get(key)
        if value is None:
            value = self._old.get(key)
            if value is not None:
                self.put(key, value)
        return value

    def put(self, key: Key, value: Value) -> None:
        """Keep a value, which is not None."""
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}
        self._young[key] = value
