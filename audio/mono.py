"""Running the blocks of a clip through what measures it and what makes one waveform of it, in one bounded pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..schemas.arrays import Float32
from ..schemas.condition import Reason
from .downmix import PhaseMeter, mix
from .limits import Limits
from .reader import Reader
from .resample import Resampler
from .unusable import Broken, Unusable


@dataclass(frozen=True)
class Span:
    """What of the file at `path` is wanted: from `offset_s` for `duration_s` (None: to the end)."""

    path: str
    offset_s: float
    duration_s: float | None

    def __post_init__(self) -> None:
        if not (self.offset_s >= 0 and (self.duration_s is None or self.duration_s > 0)):
            raise UsageError(
                f"an excerpt of {self.path} cannot start at {self.offset_s} s and last {self.duration_s} s; "
                "give an offset of at least 0 and a duration above 0"
            )

    @property
    def whole(self) -> bool:
        """Whether this is the whole file."""
        return self.offset_s == 0 and self.duration_s is None

    def of(self, length_s: float | None) -> float | None:
        """Seconds of a file of `length_s` that lie in this span; None where the length is not known."""
        if length_s is None:
            return None
        rest = max(length_s - self.offset_s, 0.0)
        return rest if self.duration_s is None else min(rest, self.duration_s)


MOST_UNPACKED = 500
"""Bytes of 16-bit samples that a byte of a file may become: speech at the lowest bit rate is 250, silence thousands."""
ALWAYS_UNPACKED = 128 << 20
"""Bytes of samples that any file may become."""

Tap = Callable[[Float32], None]
"""Takes each block float32[frames, channels] as it is decoded."""


def pull(reader: Reader, span: Span, limits: Limits, taps: Sequence[Tap]) -> str:
    """Decode `span`, give every block to each of `taps`, and return what broke decoding off ("" where nothing did).

    Raises Unusable as soon as more than `limits.max_decoded_s` is promised or decoded, or MOST_UNPACKED times the size
    of the file.
    """
    if (span.of(reader.length_s) or 0.0) > limits.max_decoded_s:
        raise _too_long(span, limits, f"{span.of(reader.length_s):.0f} s")
    frames, most = 0, limits.max_decoded_s * reader.sample_rate_hz
    most_unpacked = max(ALWAYS_UNPACKED, MOST_UNPACKED * Path(span.path).stat().st_size) / (2 * reader.channels)
    try:
        with np.errstate(invalid="ignore", over="ignore"):  # NaN and infinity are found by what measures, not here
            for block in reader.blocks(span.offset_s, span.duration_s):
                frames += len(block)
                if frames > most:
                    raise _too_long(span, limits, "more")
                if frames > most_unpacked:
                    detail = f"it unpacks to more than {MOST_UNPACKED} times its size"
                    raise Unusable(span.path, Reason.TOO_LARGE, detail)
                for tap in taps:
                    tap(block)
    except Broken as error:
        return str(error)
    return ""


def _too_long(span: Span, limits: Limits, found: str) -> Unusable:
    return Unusable(span.path, Reason.TOO_LONG, f"{found} of audio, the limit is {limits.max_decoded_s:.0f} s")


class Mono:
    """Makes one waveform at `to_hz` of the blocks of a reader."""

    def __init__(
        self, reader: Reader, to_hz: int, signs: NDArray[np.float32] | None = None, also: Sequence[Tap] = ()
    ) -> None:
        """signs: of the channels, where they are known; also: what a second pass gives its blocks to."""
        self._also = also
        self._phase = PhaseMeter(reader.channels)
        self._signs = signs
        self._resampler = Resampler(reader.sample_rate_hz, to_hz)
        self._pieces: list[Float32] = []

    def add(self, block: Float32) -> None:
        """Take in float32[frames, channels]."""
        if self._signs is None:
            self._phase.add(block)
        self._pieces.append(self._resampler.push(mix(block, self._signs)))

    def waveform(self, reader: Reader, span: Span, limits: Limits) -> Float32:
        """Return float32[n], after a second pass over `span` where channels turned out to be in anti-phase.

        Which they are shows only at the end, and keeping all channels until then costs more than the rare second pass.
        """
        signs = self._phase.signs()
        if self._signs is None and (signs < 0).any():
            again = Mono(reader, self._resampler.to_hz, signs)
            pull(reader, span, limits, [again.add, *self._also])
            return again.waveform(reader, span, limits)
        self._pieces.append(self._resampler.finish())
        filled = [piece for piece in self._pieces if len(piece)]
        return filled[0] if len(filled) == 1 else np.concatenate([*filled, np.empty(0, np.float32)])
