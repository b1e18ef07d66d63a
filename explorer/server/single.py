"""What is worked out once: two that ask for the same at once wait for one answer, and the last few are kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Single(Generic[Value]):
    """Values by key, the `keep` last asked for (None: all). Safe to share between threads."""

    def __init__(self, keep: int | None = None) -> None:
        self._keep = keep
        self._lock = Lock()
        self._slots: OrderedDict[Hashable, _Slot[Value]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the value of `key`, made by `make` where there is none. What `make` raises is not kept."""
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
            while self._keep is not None and len(self._slots) > self._keep:
                self._slots.popitem(last=False)
        with slot.lock:
            if not slot.values:
                slot.values.append(make())
        return slot.values[0]


class _Slot(Generic[Value]):
    """The place of a value, empty until it is made."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.values: list[Value] = []


def once(make: Callable[[], Value]) -> Callable[[], Value]:
    """Return what calls `make` the first time, and gives the same answer ever after."""
    kept: Single[Value] = Single()
    return lambda: kept.get(None, make)
