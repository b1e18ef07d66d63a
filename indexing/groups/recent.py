"""What was read of clips last, up to a number of bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

from ...schemas.vector import Float32

Kept = TypeVar("Kept", bound=Float32 | None)


class Recent(Generic[Kept]):
    """The arrays used last, up to `size_bytes`, or None for what cannot be read. Safe to share between threads."""

    def __init__(self, size_bytes: int) -> None:
        self._size_bytes = size_bytes
        self._used_bytes = 0
        self._held: OrderedDict[int, Kept] = OrderedDict()
        self._lock = Lock()

    def get(self, row: int, read: Callable[[], Kept]) -> Kept:
        """Return what `read` gave for this row, calling it where that is not held."""
        return self.get_all([row], lambda _: [read()])[0]

    def get_all(self, rows: Sequence[int], read: Callable[[list[int]], list[Kept]]) -> list[Kept]:
        """Return what `read` gave for each of the rows, calling it once for all that are not held."""
        with self._lock:
            found = {row: self._held[row] for row in rows if row in self._held}
            for row in found:
                self._held.move_to_end(row)
        missing = [row for row in dict.fromkeys(rows) if row not in found]
        if missing:
            new = dict(zip(missing, read(missing), strict=True))
            found |= new
            self._keep(new)
        return [found[row] for row in rows]

    def _keep(self, new: dict[int, Kept]) -> None:
        with self._lock:
            for row, array in new.items():
                if row not in self._held:
                    self._held[row] = array
                    self._used_bytes += _bytes(array)
            while self._used_bytes > self._size_bytes and len(self._held) > 1:
                self._used_bytes -= _bytes(self._held.popitem(last=False)[1])


def _bytes(array: Float32 | None) -> int:
    return 0 if array is None else array.nbytes
