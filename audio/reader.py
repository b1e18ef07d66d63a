"""What a decoder looks like to the rest of the room."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Protocol

from ..schemas.arrays import Float32
from ..schemas.condition import Reason

BLOCK_FRAMES = 65_536
"""Frames decoded at a time: what a check of a file of any length holds in memory."""


class Reader(Protocol):
    """An opened file. Close it, or use it in a `with`.

    sample_rate_hz, channels: of the decoded audio; codec: "container/codec"; stores_floats: whether samples beyond full
    scale are in the file itself (a lossy codec overshoots by nature).
    """

    sample_rate_hz: int
    channels: int
    codec: str
    stores_floats: bool

    @property
    def length_s(self) -> float | None:
        """Seconds that the decoder believes are there; None where it cannot know without decoding."""

    @property
    def expected_s(self) -> float | None:
        """Seconds that the header promises, present or not; None where it promises nothing."""

    def blocks(self, offset_s: float = 0.0, duration_s: float | None = None) -> Iterator[Float32]:
        """Yield float32[frames, channels] from `offset_s` on for `duration_s` (None: to the end).

        May be called again. Raises Broken after the last good block where decoding fails part of the way.
        """

    def flaw(self) -> tuple[Reason, str]:
        """Return what the container shows to be wrong, without decoding: a reason of WARN and a few words, or NONE."""

    def close(self) -> None:
        """Give the file back."""


def frame_span(offset_s: float, duration_s: float | None, rate_hz: int) -> tuple[int, int | None]:
    """Return (first frame, number of frames) of an excerpt; None for "to the end".

    The number is rounded up, so that an excerpt brought to another rate is never a sample short.
    """
    start = round(offset_s * rate_hz)
    count = None if duration_s is None else math.ceil(duration_s * rate_hz - 1e-6)
    return start, count
