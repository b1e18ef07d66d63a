"""A query of any length as one sequence of segments: decoded and embedded a stretch at a time, in bounded memory.

The waveform is the one that the store would make of the whole file, to the sample: one decoder and one resampler run
from end to end, in a process of their own, and only what an encoder is given is cut. Each stretch begins on the
encoder's grid and repeats as many hops of the one before as a window is long, so that every segment is computed from a
whole window. This takes an encoder whose segment depends on its own window alone.
"""

from __future__ import annotations

import logging
import math
import os
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...audio.children.pool import Children
from ...audio.limits import Limits
from ...audio.unusable import Unusable
from ...encoders.base import Encoder
from ...errors import BadInput
from ...progress import Progress, silent
from ...schemas.clip import Reason
from ...schemas.vector import Float32
from ...store.remote.sources import at_hand
from ...store.vectors import normalised
from .match import Track

STRETCH_S = 60.0
"""Seconds of audio embedded at a time."""

LEAST_HOPS = 16
"""A stretch is at least this many hops, however long they are."""

SILENCE = 1e-7
"""Mean square of a window, of full scale 1: up to -70 dB it is silence, which is alike wherever it is."""

ANY_LENGTH = Limits(max_decoded_s=math.inf)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Heard:
    """A query, heard at P phases: segment i of track p starts at i + p / P hops.

    tracks: P of them, float32[L_p, d] each; window_s: seconds of audio that one segment covers, in whole hops (an
    encoder does not say it, but it shows in where the last segment of a stretch starts); seconds: of audio in all.
    """

    tracks: tuple[Track, ...]
    window_s: float
    seconds: float


def listen(
    path: str | Path,
    encoder: Encoder,
    hop_s: float,
    progress: Progress = silent,
    *,
    phases: int = 1,
    children: Children | None = None,
) -> Heard:
    """Return the segments of an audio file under an encoder whose segments start every `hop_s` seconds.

    phases: how many grids of segments the query is laid on, each a share of a hop after the one before; children: what
    decodes it, None for one of its own. A last segment off its grid is left out. Raises NotFound where there is no such
    file, Unusable where it cannot be decoded or gives no segment, and what the encoder raises.
    """
    with nullcontext(children) if children else Children() as decoding:
        heard, signs = _hear(decoding, path, _Ears(encoder, hop_s, phases, progress))
        if (signs < 0).any():  # channels in anti-phase show only at the end
            heard, _ = _hear(decoding, path, _Ears(encoder, hop_s, phases, progress), signs)
    if not len(heard.tracks[0].vectors):
        raise Unusable(str(path), Reason.SHORT, f"{heard.seconds:.3g} s give encoder {encoder.name!r} no segment")
    return heard


def hear(samples: Float32, encoder: Encoder, hop_s: float, *, phases: int = 1) -> Heard:
    """Return the segments of a waveform float32[n], mono, at the encoder's rate, as `listen` does of a file's."""
    ears = _Ears(encoder, hop_s, phases, silent)
    ears.add(samples)
    return ears.finish()


def _hear(children: Children, path: str | Path, ear: _Ears, signs: Float32 | None = None) -> tuple[Heard, Float32]:
    """Give the whole file to `ear`, its channels mixed with these signs (None: 1); return also those that they need."""
    needed, broken = children.stream(
        at_hand(os.fspath(path)), ear.sample_rate_hz, ear.add, limits=ANY_LENGTH, signs=signs
    )
    if broken:
        logger.warning("%s can be decoded only in part (%s); the rest is not looked for", path, broken)
    return ear.finish(), needed


class _Ears:
    """Takes a waveform in pieces and hears it at so many phases."""

    def __init__(self, encoder: Encoder, hop_s: float, phases: int, progress: Progress) -> None:
        self.sample_rate_hz: int = encoder.config.sample_rate_hz
        self._total = 0
        self._skipped = [round(hop_s * self.sample_rate_hz * phase / phases) for phase in range(phases)]
        self._ears = [_Ear(encoder, hop_s, silent if phase else progress) for phase in range(phases)]

    def add(self, samples: Float32) -> None:
        """Take in float32[n]."""
        for skipped, ear in zip(self._skipped, self._ears, strict=True):
            ear.add(samples[max(0, skipped - self._total) :])
        self._total += len(samples)

    def finish(self) -> Heard:
        """Embed the rest and return everything."""
        tracks = tuple(ear.finish() for ear in self._ears)
        return Heard(tracks, self._ears[0].window_s, self._total / self.sample_rate_hz)


class _Ear:
    """Takes a waveform in pieces and embeds it in stretches, on one grid."""

    def __init__(self, encoder: Encoder, hop_s: float, progress: Progress) -> None:
        self._rate_hz: int = encoder.config.sample_rate_hz
        self._encoder = encoder
        self._progress = progress
        self._hop = round(hop_s * self._rate_hz)
        self._stretch = max(round(STRETCH_S / hop_s), LEAST_HOPS) * self._hop
        self._window = 0  # samples, too high by less than a hop; 0: not known yet
        self._begin = 0  # the hop at which what is held begins
        self._done = 0  # hops that are embedded
        self._total = 0
        self._held: list[Float32] = []
        self._vectors: list[Float32] = []
        self._sounding: list[NDArray[np.bool_]] = []

    @property
    def window_s(self) -> float:
        """Seconds of a window, in whole hops."""
        return self._whole_hops() / self._rate_hz

    def add(self, samples: Float32) -> None:
        """Take in float32[n]; embed as soon as a stretch is there."""
        self._total += len(samples)
        self._held.append(samples)
        while self._total - self._begin * self._hop >= self._stretch + self._window:
            before = self._done
            self._embed(self._stretch + self._window)
            if self._done == before:
                raise BadInput(f"encoder {self._encoder.name!r} gives no segment for a whole stretch of the query")

    def finish(self) -> Track:
        """Embed the rest and return everything."""
        if self._total > self._begin * self._hop:
            self._embed(self._total - self._begin * self._hop)
        empty = np.empty((0, self._encoder.dim), dtype=np.float32)
        vectors = normalised(np.concatenate([empty, *self._vectors]))
        return Track(vectors, np.concatenate([np.empty(0, dtype=np.bool_), *self._sounding]))

    def _whole_hops(self) -> int:
        """Return the samples of a window in whole hops, where it holds one."""
        return self._window // self._hop * self._hop or self._window

    def _embed(self, count: int) -> None:
        """Embed the first `count` of the samples held, then let go of those that are not needed again."""
        held = np.concatenate(self._held)
        segments = self._encoder.encode([held[:count]])[0]
        samples = np.rint(segments.start_s.astype(np.float64) * self._rate_hz).astype(np.int64)
        hops = samples // self._hop
        new = (samples % self._hop == 0) & (hops + self._begin >= self._done)
        if len(samples):
            window = count - int(samples[-1])
            self._window = min(self._window, window) if self._window else window
        self._vectors.append(segments.vectors[new])
        self._sounding.append(_power(held[:count], samples[new], self._whole_hops()) > SILENCE)
        self._done += int(new.sum())
        begin = max(self._begin, self._done - -(-self._window // self._hop))
        self._held = [held[(begin - self._begin) * self._hop :].copy()]
        self._begin = begin
        self._progress("listen", round(self._total / self._rate_hz), None)


def _power(samples: Float32, starts: NDArray[np.int64], window: int) -> NDArray[np.float64]:
    """Return float64[n]: the mean square of the window of so many samples at each start, or of what is there of it."""
    total = np.append(0.0, np.cumsum(np.square(samples, dtype=np.float64)))
    ends = np.minimum(starts + window, len(samples))
    return np.asarray((total[ends] - total[starts]) / np.maximum(1, ends - starts))
