"""Short clips as they were sent, so that going back in one does not decode it again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from threading import Lock

MAX_BYTES = 64 << 20
MAX_CLIP_BYTES = 16 << 20
"""90 s of stereo at 44.1 kHz; of longer ones a browser asks for parts."""


class Kept:
    """Bytes by key, those last asked for, up to `max_bytes` together. Safe to share between threads."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._found: OrderedDict[Hashable, bytes] = OrderedDict()

    def get(self, key: Hashable) -> bytes | None:
        """Return what is kept of `key`, None where nothing is."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def put(self, key: Hashable, content: bytes) -> None:
        """Keep `content`; let go what was asked for longest ago."""
        with self._lock:
            self._found[key] = content
            self._found.move_to_end(key)
            while sum(map(len, self._found.values())) > self._max_bytes:
                self._found.popitem(last=False)

    def keeping(self, key: Hashable, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Yield `pieces`, and keep them once all of them were taken."""
        taken = []
        for piece in pieces:
            taken.append(piece)
            yield piece
        self.put(key, b"".join(taken))
